// MATMUL: activations times a tiled weight, with optional bias and accumulation.
#include "check.h"

// Tokens that share one pass over the weights: their activations (2 bytes a column, 1 MB at 5632 columns) stay in the
// L2 cache while row groups go by.
enum { BLOCK_TOKENS = 96, CHUNKS_PER_THREAD = 8, GROUPS_MAX = 16 };

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  if (!has_flags(c, ARP_FLAG_ACCUMULATE) || !is_buffer(c, "dst", c.i->dst, ARP_TYPE_F32) ||
      !is_buffer(c, "src 0", c.i->src[0], ARP_NONE) ||
      !is_weight(c, "weight 0", c.i->weight[0], ARP_LAYOUT_TILES, ARP_NONE, 0, 0))
    return ARP_STATUS_INVALID;
  const struct weight *w = weight_at(plan, c.i->weight[0]);
  const struct arp_buffer *src = &plan->buffers[c.i->src[0]];
  if (!has_shape(c, "src 0", c.i->src[0], src->rows, w->columns) ||
      !has_shape(c, "dst", c.i->dst, src->rows, w->rows) || !is_apart(c, c.i->dst, c.i->src[0]))
    return ARP_STATUS_INVALID;
  if (src->type != ARP_TYPE_F32 && !w->quant->tiling.matmul_q8)
    return REFUSE("weights of type %u have no int8 path: src 0 must be f32", w->type);
  if (c.i->weight[1] != ARP_NONE &&
      !is_weight(c, "weight 1", c.i->weight[1], ARP_LAYOUT_ROWS, ARP_TYPE_F32, 1, w->rows))
    return ARP_STATUS_INVALID;
  return ARP_STATUS_OK;
}

struct division {
  uint32_t groups, blocks;  // Row groups of a chunk, token blocks.
  uint32_t group_chunks;
};
static struct division divide(const struct plan *plan, const struct arp_instr *i) {
  const uint32_t all = divide_up(weight_at(plan, i->weight[0])->rows, TILE_ROWS);
  const uint32_t blocks = divide_up(rows_now(plan, i->src[0]), BLOCK_TOKENS);
  uint32_t groups = all / (plan->threads * CHUNKS_PER_THREAD);
  groups = groups < 1 ? 1 : groups > GROUPS_MAX ? GROUPS_MAX : groups;
  return (struct division){groups, blocks, divide_up(all, groups)};
}
static uint32_t chunks(const struct plan *plan, const struct arp_instr *i) {
  const struct division d = divide(plan, i);
  return d.blocks * d.group_chunks;
}
static const uint8_t *reads(const struct plan *plan, const struct arp_instr *i, uint32_t chunk) {
  const struct division d = divide(plan, i);
  const struct weight *w = weight_at(plan, i->weight[0]);
  return w->tiles + chunk / d.blocks * d.groups * w->group_bytes;
}
static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const struct division d = divide(plan, i);
  const struct weight *w = weight_at(plan, i->weight[0]);
  const struct arp_buffer *src = &plan->buffers[i->src[0]];
  // All tokens visit one part of the weights before the next one is fetched from memory.
  const uint32_t token = chunk % d.blocks * BLOCK_TOKENS, tokens = rows_now(plan, i->src[0]) - token;
  const uint32_t group = chunk / d.blocks * d.groups, row = group * TILE_ROWS, rows = w->rows - row;
  const bool floats = src->type == ARP_TYPE_F32, twice = src->type == ARP_TYPE_Q16;
  const float *bias = weight_floats(plan, i->weight[1]);
  struct matmul m = {
      .tiles = w->tiles + group * w->group_bytes,
      .source = w->source + row * w->row_bytes,
      .source_stride = w->row_bytes,
      .dequantize = w->quant->dequantize,
      .group_bytes = w->group_bytes,
      .rows = rows < d.groups * TILE_ROWS ? rows : d.groups * TILE_ROWS,
      .columns = w->columns,
      .group_tiles = w->group_tiles,
      .x = floats ? row_at(plan, i->src[0], token) : (void *)blocks_at(plan, i->src[0], token, 0),
      .x_stride = floats ? row_bytes(src) : block_rows(plan, i->src[0]) * sizeof(struct q8_block),
      .tokens = (tokens < BLOCK_TOKENS ? tokens : BLOCK_TOKENS) * (twice ? 2 : 1),
      .twice = twice,
      .y = (float *)row_at(plan, i->dst, token) + row,
      .y_stride = row_bytes(&plan->buffers[i->dst]) / sizeof(float),
      .bias = bias ? bias + row : NULL,
      .accumulate = i->flags & ARP_FLAG_ACCUMULATE,
  };
  (floats ? w->tiling->matmul_f32 : w->tiling->matmul_q8)(&m);
}
const struct op op_matmul = {"matmul", check, chunks, run, reads};
