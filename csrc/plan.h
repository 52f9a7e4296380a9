// A validated plan, the frame it is executing, and what ops may ask of both.
#pragma once
#include "cache.h"
#include "pool.h"
#include "weights.h"

// Consecutive tokens of one sequence that attend together.
struct token_tile {
  uint32_t first, tokens;
};

// What changes from step to step, checked and copied from the caller's array.
struct frame {
  uint32_t tokens, outputs, sequences, table_blocks, tiles;
  uint32_t *words;                    // The copy all pointers below point into.
  uint32_t words_capacity;
  const uint32_t *ids, *positions, *sequence, *output_rows;
  const uint32_t *tables;             // (groups, sequences, table_blocks)
  const uint32_t *prefixes;           // (sequences), or NULL.
  const uint32_t *masks;              // (tokens, mask_words), or NULL.
  uint32_t mask_words;
  uint32_t *sequence_last;            // Per sequence, the last position of the step.
  struct token_tile *tile;
  uint32_t tile_tokens_max;           // The most tokens in one of them.
};

// Tiles of attention that may be split into spans: fewer than 4 per thread.
enum { SPLIT_TILES = 4 * ARP_LIMIT_THREADS };

// Sums over spans of positions. Instructions that may run at the same time have regions of their own.
struct span_memory {
  uint8_t *memory;                    // (regions, region_bytes)
  size_t region_bytes;
  uint32_t regions;
  _Atomic uint32_t *done;             // Spans of a tile that are computed. (regions, SPLIT_TILES)
};

struct plan {
  struct object object;
  struct weights *weights;
  struct cache *cache;                // May be NULL.
  const struct kernels *kernels;
  struct arp_plan_shape shape;
  struct arp_instr *instructions;
  struct arp_buffer *buffers;
  uint8_t *arena;
  size_t arena_bytes;
  uint8_t *scratch;                   // (threads, scratch_bytes)
  size_t scratch_bytes;
  struct span_memory spans;
  uint32_t threads;
  uint32_t vocabulary;                // Token ids are below this.
  struct frame frame;
  struct task task;
};

// An op: how it is checked once, into how many independent chunks a step divides it, and one chunk. Pure functions of
// (instruction, frame, buffers): a chunk writes only its own part of dst, so any thread may run it.
struct op {
  const char *name;
  int32_t (*check)(struct plan *plan, uint32_t index, struct arp_error *error);
  uint32_t (*chunks)(const struct plan *plan, const struct arp_instr *i);
  void (*run)(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread);
  // Where the memory begins that a chunk reads and no step before it has changed; NULL for ops without such memory.
  const uint8_t *(*reads)(const struct plan *plan, const struct arp_instr *i, uint32_t chunk);
};
const struct op *plan_op(uint32_t op);

struct plan *plan_create(struct weights *weights, struct cache *cache, const struct arp_plan_shape *shape,
                         const struct arp_instr *instructions, const struct arp_buffer *buffers,
                         struct arp_error *error);

// Checks a frame and copies it into the plan.
int32_t frame_set(struct plan *plan, const uint32_t *words, uint32_t count, struct arp_error *error);

// What a token sees in a group: all positions it may see lie in the range. Empty (first > last) when a mask is.
struct position_range frame_sees(const struct frame *f, const struct cache_group *group, uint32_t token);

// Starts executing the frame; run.c.
int32_t plan_start(struct plan *plan, bool with_caller, struct arp_error *error);

// Of activations and of what threads need.
static inline size_t plan_memory(const struct plan *p) {
  return p->arena_bytes + p->scratch_bytes * p->threads + p->spans.regions * p->spans.region_bytes;
}

static inline uint32_t divide_up(uint32_t a, uint32_t b) { return a / b + (a % b != 0); }

// How many instructions of the same op are before this one among those that may run at the same time.
static inline uint32_t attention_region(const struct plan *p, uint32_t index) {
  uint32_t region = 0;
  for (uint32_t i = index; i > 0 && p->instructions[i - 1].flags & ARP_FLAG_NO_WAIT; i--)
    region += p->instructions[i - 1].op == ARP_OP_ATTENTION;
  return region;
}
// The block table of a sequence in a group.
static inline const uint32_t *frame_table(const struct frame *f, uint32_t group, uint32_t sequence) {
  return f->tables + (group * (size_t)f->sequences + sequence) * f->table_blocks;
}

// Bytes from one row of a buffer to the next.
static inline size_t row_bytes(const struct arp_buffer *b) {
  const size_t blocks = divide_up(b->columns, 64) * 2 * sizeof(struct q8_block);
  if (b->type == ARP_TYPE_Q8) return blocks;
  if (b->type == ARP_TYPE_Q16) return 2 * blocks;
  return divide_up(b->columns, 16) * (size_t)64;
}
static inline uint32_t rows_max(const struct plan *p, const struct arp_buffer *b) {
  return b->rows == ARP_ROWS_TOKENS ? p->shape.tokens_max : p->shape.outputs_max;
}
// Rows of a buffer in this step.
static inline uint32_t rows_now(const struct plan *p, uint32_t buffer) {
  return p->buffers[buffer].rows == ARP_ROWS_TOKENS ? p->frame.tokens : p->frame.outputs;
}
static inline void *row_at(const struct plan *p, uint32_t buffer, uint32_t row) {
  const struct arp_buffer *b = &p->buffers[buffer];
  return p->arena + b->offset + row * row_bytes(b);
}
// Block `block` (32 columns) of a row of a quantized buffer. Blocks stand (block, row), with no gap for rows that the
// step does not have: what a matmul reads for many tokens is consecutive. A row of Q16 is two, next to each other.
static inline uint32_t block_rows(const struct plan *p, uint32_t buffer) {
  return rows_now(p, buffer) * (p->buffers[buffer].type == ARP_TYPE_Q16 ? 2 : 1);
}
static inline struct q8_block *blocks_at(const struct plan *p, uint32_t buffer, uint32_t row, uint32_t block) {
  struct q8_block *blocks = (struct q8_block *)(p->arena + p->buffers[buffer].offset);
  return blocks + block * (size_t)block_rows(p, buffer) + row * (p->buffers[buffer].type == ARP_TYPE_Q16 ? 2 : 1);
}
static inline const struct weight *weight_at(const struct plan *p, uint32_t index) { return &p->weights->items[index]; }
static inline const float *weight_floats(const struct plan *p, uint32_t index) {
  return index == ARP_NONE ? NULL : (const float *)p->weights->items[index].source;
}
