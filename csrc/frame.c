// Checks what changes per call, and finds the tokens that attend together.
#include <stdlib.h>
#include <string.h>

#include "plan.h"

enum { TILE_TOKENS = 16 };

static int32_t check_tokens(const struct plan *plan, const struct frame *f, struct arp_error *error) {
  for (uint32_t t = 0; t < f->tokens; t++) {
    if (f->ids[t] >= plan->vocabulary)
      return fail(error, ARP_STATUS_INVALID, -1, "Token %u has id %u, expected one below %u", t, f->ids[t],
                  plan->vocabulary);
    if (f->positions[t] >= plan->shape.context_length)
      return fail(error, ARP_STATUS_INVALID, -1, "Token %u has position %u, expected one below %u", t, f->positions[t],
                  plan->shape.context_length);
    if (f->sequence[t] >= f->sequences)
      return fail(error, ARP_STATUS_INVALID, -1, "Token %u is of sequence %u of %u", t, f->sequence[t], f->sequences);
    if (plan->cache && f->positions[t] / ARP_LIMIT_BLOCK_POSITIONS >= f->table_blocks)
      return fail(error, ARP_STATUS_INVALID, -1, "Position %u is beyond a block table of %u blocks", f->positions[t],
                  f->table_blocks);
  }
  for (uint32_t i = 0; i < f->outputs; i++)
    if (f->output_rows[i] >= f->tokens)
      return fail(error, ARP_STATUS_INVALID, -1, "Output row %u of %u tokens", f->output_rows[i], f->tokens);
  if (plan->cache)
    for (uint32_t i = 0; i < f->sequences * f->table_blocks; i++)
      if (f->tables[i] >= plan->cache->shape.blocks)
        return fail(error, ARP_STATUS_INVALID, -1, "Block %u of %u", f->tables[i], plan->cache->shape.blocks);
  return ARP_STATUS_OK;
}

static void find_tiles(struct frame *f) {
  f->tiles = 0;
  for (uint32_t t = 0; t < f->tokens; t++) {
    struct token_tile *last = f->tiles ? &f->tile[f->tiles - 1] : NULL;
    const bool follows = last && last->tokens < TILE_TOKENS && f->sequence[t] == f->sequence[t - 1] &&
                         f->positions[t] == f->positions[t - 1] + 1;
    if (follows) last->tokens++;
    else f->tile[f->tiles++] = (struct token_tile){t, 1};
  }
}

int32_t frame_set(struct plan *plan, const uint32_t *words, uint32_t count, struct arp_error *error) {
  struct frame *f = &plan->frame;
  struct arp_frame header;
  if (count < sizeof header / 4) return fail(error, ARP_STATUS_INVALID, -1, "A frame of %u words has no header", count);
  memcpy(&header, words, sizeof header);
  if (!header.tokens || header.tokens > plan->shape.tokens_max || header.outputs > plan->shape.outputs_max ||
      !header.sequences || header.sequences > header.tokens)
    return fail(error, ARP_STATUS_INVALID, -1,
                "A frame of %u tokens, %u outputs, %u sequences; the plan takes %u and %u", header.tokens,
                header.outputs, header.sequences, plan->shape.tokens_max, plan->shape.outputs_max);
  const uint64_t wanted = sizeof header / 4 + 3 * (uint64_t)header.tokens + header.outputs +
                          header.sequences * (uint64_t)header.table_blocks;
  if (wanted != count) return fail(error, ARP_STATUS_INVALID, -1, "A frame of %u words, expected %llu", count,
                                   (unsigned long long)wanted);
  if (count > f->words_capacity) {
    uint32_t *grown = realloc(f->words, 2 * (size_t)count * sizeof *grown);
    if (!grown) return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "No memory for a frame of %u words", count);
    f->words = grown;
    f->words_capacity = 2 * count;
  }
  memcpy(f->words, words, count * sizeof *words);
  f->tokens = header.tokens;
  f->outputs = header.outputs;
  f->sequences = header.sequences;
  f->table_blocks = header.table_blocks;
  f->ids = f->words + sizeof header / 4;
  f->positions = f->ids + f->tokens;
  f->sequence = f->positions + f->tokens;
  f->output_rows = f->sequence + f->tokens;
  f->tables = f->output_rows + f->outputs;
  const int32_t status = check_tokens(plan, f, error);
  if (!status) find_tiles(f);
  return status;
}
