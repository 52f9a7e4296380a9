// Checks what changes per call, and finds the tokens that attend together.
#include <stdlib.h>
#include <string.h>

#include "plan.h"

enum { TILE_TOKENS = ATTENTION_TILE_QUERIES, BLOCK = ARP_LIMIT_BLOCK_POSITIONS };

static int32_t check_tokens(const struct plan *plan, struct frame *f, struct arp_error *error) {
  memset(f->sequence_last, 0, f->sequences * sizeof *f->sequence_last);
  for (uint32_t t = 0; t < f->tokens; t++) {
    if (f->ids[t] >= plan->vocabulary)
      return fail(error, ARP_STATUS_INVALID, -1, "Token %u has id %u, expected one below %u", t, f->ids[t],
                  plan->vocabulary);
    if (f->positions[t] >= plan->shape.context_length)
      return fail(error, ARP_STATUS_INVALID, -1, "Token %u has position %u, expected one below %u", t, f->positions[t],
                  plan->shape.context_length);
    if (f->sequence[t] >= f->sequences)
      return fail(error, ARP_STATUS_INVALID, -1, "Token %u is of sequence %u of %u", t, f->sequence[t], f->sequences);
    uint32_t *last = &f->sequence_last[f->sequence[t]];
    if (f->positions[t] > *last) *last = f->positions[t];
  }
  for (uint32_t i = 0; i < f->outputs; i++)
    if (f->output_rows[i] >= f->tokens)
      return fail(error, ARP_STATUS_INVALID, -1, "Output row %u of %u tokens", f->output_rows[i], f->tokens);
  return ARP_STATUS_OK;
}

static struct position_range mask_range(const uint32_t *mask, uint32_t words) {
  struct position_range seen = {1, 0};
  for (uint32_t w = 0; w < words; w++) {
    if (!mask[w]) continue;
    if (seen.first > seen.last) seen.first = 32 * w + (uint32_t)__builtin_ctz(mask[w]);
    seen.last = 32 * w + 31 - (uint32_t)__builtin_clz(mask[w]);
  }
  return seen;
}

struct position_range frame_sees(const struct frame *f, const struct cache_group *group, uint32_t token) {
  const uint32_t position = f->positions[token], window = group->shape.window;
  const uint32_t from = window && position + 1 > window ? position + 1 - window : 0;
  if (f->masks) {
    struct position_range seen = mask_range(f->masks + token * (size_t)f->mask_words, f->mask_words);
    if (seen.first <= seen.last && seen.first < from) seen.first = from;
    return seen;
  }
  const uint32_t prefix = f->prefixes ? f->prefixes[f->sequence[token]] : 0;
  return (struct position_range){from, position < prefix ? prefix - 1 : position};
}

// Whether the positions that a token writes and sees have blocks, and will have been written.
static int32_t check_positions(const struct plan *plan, const struct frame *f, uint32_t t, struct arp_error *error) {
  const uint32_t position = f->positions[t], last = f->sequence_last[f->sequence[t]];
  for (uint32_t i = 0; i < plan->cache->groups_count; i++) {
    const struct cache_group *g = &plan->cache->groups[i];
    const struct position_range seen = frame_sees(f, g, t);
    if (seen.first <= seen.last && seen.last > last)
      return fail(error, ARP_STATUS_INVALID, -1,
                  "Token %u sees position %u but the last one of its sequence in this step is %u", t, seen.last, last);
    const uint32_t from = seen.first <= seen.last && seen.first < position ? seen.first : position;
    const uint32_t to = seen.first <= seen.last && seen.last > position ? seen.last : position;
    if (to / BLOCK >= f->table_blocks)
      return fail(error, ARP_STATUS_INVALID, -1, "Position %u is beyond a block table of %u blocks", to,
                  f->table_blocks);
    const uint32_t *table = frame_table(f, i, f->sequence[t]);
    for (uint32_t b = from / BLOCK; b <= to / BLOCK; b++)
      if (table[b] >= g->shape.blocks)
        return table[b] == ARP_NONE
                   ? fail(error, ARP_STATUS_INVALID, -1, "Token %u at position %u needs block %u of its table in group "
                          "%u, which is missing", t, position, b, i)
                   : fail(error, ARP_STATUS_INVALID, -1, "Block %u of %u", table[b], g->shape.blocks);
  }
  return ARP_STATUS_OK;
}

static int32_t check_blocks(const struct plan *plan, const struct frame *f, struct arp_error *error) {
  for (uint32_t t = 0; t < f->tokens; t++) {
    const int32_t status = check_positions(plan, f, t, error);
    if (status) return status;
  }
  // What nobody looks at is missing or exists.
  for (uint32_t i = 0; i < plan->cache->groups_count; i++) {
    const uint32_t *table = frame_table(f, i, 0), blocks = plan->cache->groups[i].shape.blocks;
    for (size_t b = 0; b < f->sequences * (size_t)f->table_blocks; b++)
      if (table[b] >= blocks && table[b] != ARP_NONE)
        return fail(error, ARP_STATUS_INVALID, -1, "Block %u of %u", table[b], blocks);
  }
  return ARP_STATUS_OK;
}

static void find_tiles(struct frame *f) {
  f->tiles = 0;
  f->tile_tokens_max = 1;
  for (uint32_t t = 0; t < f->tokens; t++) {
    struct token_tile *last = f->tiles ? &f->tile[f->tiles - 1] : NULL;
    const bool follows = last && last->tokens < TILE_TOKENS && f->sequence[t] == f->sequence[t - 1] &&
                         f->positions[t] == f->positions[t - 1] + 1;
    if (follows) last->tokens++;
    if (follows && last->tokens > f->tile_tokens_max) f->tile_tokens_max = last->tokens;
    if (!follows) f->tile[f->tiles++] = (struct token_tile){t, 1};
  }
}

static int32_t check_header(const struct plan *plan, const struct arp_frame *h, uint32_t count,
                            struct arp_error *error) {
  if (!h->tokens || h->tokens > plan->shape.tokens_max || h->outputs > plan->shape.outputs_max || !h->sequences ||
      h->sequences > h->tokens)
    return fail(error, ARP_STATUS_INVALID, -1,
                "A frame of %u tokens, %u outputs, %u sequences; the plan takes %u and %u", h->tokens, h->outputs,
                h->sequences, plan->shape.tokens_max, plan->shape.outputs_max);
  if (h->prefixes > 1 || h->mask_words > divide_up(plan->shape.context_length, 32))
    return fail(error, ARP_STATUS_INVALID, -1, "A frame with %u for prefixes and masks of %u words, expected at most "
                "1 and %u", h->prefixes, h->mask_words, divide_up(plan->shape.context_length, 32));
  const uint64_t tables = plan->cache ? plan->cache->groups_count * (uint64_t)h->sequences : 0;
  if (tables && h->table_blocks > UINT32_MAX / tables)
    return fail(error, ARP_STATUS_INVALID, -1, "A frame with %llu block tables of %u blocks",
                (unsigned long long)tables, h->table_blocks);
  const uint64_t wanted = sizeof *h / 4 + 3 * (uint64_t)h->tokens + h->outputs + tables * h->table_blocks +
                          h->prefixes * (uint64_t)h->sequences + h->tokens * (uint64_t)h->mask_words;
  if (wanted == count) return ARP_STATUS_OK;
  return fail(error, ARP_STATUS_INVALID, -1, "A frame of %u words, expected %llu", count, (unsigned long long)wanted);
}

static void set_pointers(const struct plan *plan, struct frame *f, const struct arp_frame *header) {
  const uint32_t groups = plan->cache ? plan->cache->groups_count : 0;
  f->tokens = header->tokens;
  f->outputs = header->outputs;
  f->sequences = header->sequences;
  f->table_blocks = header->table_blocks;
  f->mask_words = header->mask_words;
  f->ids = f->words + sizeof *header / 4;
  f->positions = f->ids + f->tokens;
  f->sequence = f->positions + f->tokens;
  f->output_rows = f->sequence + f->tokens;
  f->tables = f->output_rows + f->outputs;
  const uint32_t *rest = f->tables + groups * (size_t)f->sequences * f->table_blocks;
  f->prefixes = header->prefixes ? rest : NULL;
  f->masks = header->mask_words ? rest + header->prefixes * (size_t)f->sequences : NULL;
}

int32_t frame_set(struct plan *plan, const uint32_t *words, uint32_t count, struct arp_error *error) {
  struct frame *f = &plan->frame;
  struct arp_frame header;
  if (count < sizeof header / 4) return fail(error, ARP_STATUS_INVALID, -1, "A frame of %u words has no header", count);
  memcpy(&header, words, sizeof header);
  int32_t status = check_header(plan, &header, count, error);
  if (status) return status;
  if (count > f->words_capacity) {
    uint32_t *grown = realloc(f->words, 2 * (size_t)count * sizeof *grown);
    if (!grown) return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "No memory for a frame of %u words", count);
    f->words = grown;
    f->words_capacity = 2 * count;
  }
  memcpy(f->words, words, count * sizeof *words);
  set_pointers(plan, f, &header);
  status = check_tokens(plan, f, error);
  if (!status && plan->cache) status = check_blocks(plan, f, error);
  if (!status) find_tiles(f);
  return status;
}
