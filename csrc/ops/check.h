// Words for the checks of ops. Each returns false once the instruction has been refused.
#pragma once
#include "../plan.h"

struct check {
  struct plan *plan;
  const struct arp_instr *i;
  int32_t index;
  struct arp_error *error;
};

#define CHECK_BEGIN(plan, index, error) \
  const struct check c = {plan, &(plan)->instructions[index], (int32_t)(index), error}
#define REFUSE(...) fail(c.error, ARP_STATUS_INVALID, c.index, __VA_ARGS__)

// Whether `index` names a buffer of the type (ARP_NONE: either).
static inline bool is_buffer(struct check c, const char *role, uint32_t index, uint32_t type) {
  if (index >= c.plan->shape.buffers) return REFUSE("%s %u is no buffer", role, index), false;
  const struct arp_buffer *b = &c.plan->buffers[index];
  if (type != ARP_NONE && b->type != type)
    return REFUSE("%s has type %u, expected %u", role, b->type, type), false;
  return true;
}
// Whether a buffer (already checked) has the rows and columns.
static inline bool has_shape(struct check c, const char *role, uint32_t index, uint32_t rows, uint64_t columns) {
  const struct arp_buffer *b = &c.plan->buffers[index];
  if (b->rows != rows) return REFUSE("%s has rows of kind %u, expected %u", role, b->rows, rows), false;
  if (b->columns != columns)
    return REFUSE("%s has %u columns, expected %llu", role, b->columns, (unsigned long long)columns), false;
  return true;
}
// Whether `index` names a weight of the layout, type (ARP_NONE: any) and shape (0: any).
static inline bool is_weight(struct check c, const char *role, uint32_t index, uint32_t layout, uint32_t type,
                             uint32_t rows, uint32_t columns) {
  if (index >= c.plan->weights->count) return REFUSE("%s %u is no weight", role, index), false;
  const struct weight *w = &c.plan->weights->items[index];
  if (w->layout != layout) return REFUSE("%s has layout %u, expected %u", role, w->layout, layout), false;
  if (type != ARP_NONE && w->type != type) return REFUSE("%s has type %u, expected %u", role, w->type, type), false;
  if (type == ARP_NONE && !w->quant) return REFUSE("%s has type %u, expected a weight format", role, w->type), false;
  if ((rows && w->rows != rows) || (columns && w->columns != columns))
    return REFUSE("%s is %u x %u, expected %u x %u", role, w->rows, w->columns, rows, columns), false;
  return true;
}
static inline bool has_flags(struct check c, uint32_t allowed) {
  if (c.i->flags & ~(allowed | ARP_FLAG_NO_WAIT)) return REFUSE("flags %#x are not for this op", c.i->flags), false;
  return true;
}
// Whether dst does not overlap a source: chunks of other threads still read it.
static inline bool is_apart(struct check c, uint32_t dst, uint32_t src) {
  const struct arp_buffer *a = &c.plan->buffers[dst], *b = &c.plan->buffers[src];
  const uint64_t a_end = a->offset + rows_max(c.plan, a) * (uint64_t)row_bytes(a);
  const uint64_t b_end = b->offset + rows_max(c.plan, b) * (uint64_t)row_bytes(b);
  if (a->offset < b_end && b->offset < a_end) return REFUSE("dst overlaps a source"), false;
  return true;
}
