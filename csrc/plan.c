// Validates a plan once, so that executing it needs no checks.
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "platform/memory.h"

enum { COLUMNS_MAX = 1 << 24 };

#define OP(name) extern const struct op op_##name;
#include "ops/list.h"
#undef OP
#define OP(name) &op_##name,
static const struct op *const ops[] = {
#include "ops/list.h"
};
#undef OP
_Static_assert(sizeof ops / sizeof *ops == ARP_OP_COUNT, "ops/list.h and enum arp_op agree");

const struct op *plan_op(uint32_t op) { return op < ARP_OP_COUNT ? ops[op] : NULL; }

static void plan_destroy(struct object *object) {
  struct plan *plan = (struct plan *)object;
  pages_free(plan->arena, plan->arena_bytes);
  pages_free(plan->scratch, plan->scratch_bytes * plan->threads);
  pages_free(plan->spans.memory, plan->spans.regions * plan->spans.region_bytes);
  free(plan->spans.done);
  free(plan->instructions);
  free(plan->buffers);
  free(plan->frame.words);
  free(plan->frame.tile);
  free(plan->frame.sequence_last);
  task_free(&plan->task);
  object_release(&plan->weights->object);
  if (plan->cache) object_release(&plan->cache->object);
  free(plan);
}

static int32_t check_shape(const struct arp_plan_shape *s, struct arp_error *error) {
  if (!s->instructions || s->instructions > ARP_LIMIT_INSTRUCTIONS)
    return fail(error, ARP_STATUS_INVALID, -1, "%u instructions, expected 1 to %d", s->instructions,
                ARP_LIMIT_INSTRUCTIONS);
  if (!s->buffers || s->buffers > ARP_LIMIT_BUFFERS)
    return fail(error, ARP_STATUS_INVALID, -1, "%u buffers, expected 1 to %d", s->buffers, ARP_LIMIT_BUFFERS);
  if (!s->tokens_max || s->tokens_max > ARP_LIMIT_TOKENS || !s->outputs_max || s->outputs_max > s->tokens_max)
    return fail(error, ARP_STATUS_INVALID, -1,
                "%u tokens and %u outputs, expected 1 to %d, outputs no more than tokens", s->tokens_max,
                s->outputs_max, ARP_LIMIT_TOKENS);
  // Angles are reduced exactly below 2^20 * pi / 2, and inverse frequencies are at most 1.
  if (!s->context_length || s->context_length > 1u << 20)
    return fail(error, ARP_STATUS_INVALID, -1, "A context of %u positions, expected 1 to %u", s->context_length,
                1u << 20);
  if (s->threads > ARP_LIMIT_THREADS)
    return fail(error, ARP_STATUS_INVALID, -1, "%u threads, expected at most %d", s->threads, ARP_LIMIT_THREADS);
  if (!(s->arena_bytes >= 64 && s->arena_bytes < 140737488355328.0))
    return fail(error, ARP_STATUS_INVALID, -1, "An arena of %.0f bytes is impossible", s->arena_bytes);
  return ARP_STATUS_OK;
}

static int32_t check_buffers(struct plan *plan, struct arp_error *error) {
  for (uint32_t i = 0; i < plan->shape.buffers; i++) {
    const struct arp_buffer *b = &plan->buffers[i];
    const bool type = b->type == ARP_TYPE_F32 || b->type == ARP_TYPE_Q8 || b->type == ARP_TYPE_Q16;
    if (!type || b->rows > ARP_ROWS_OUTPUTS || !b->columns ||
        b->columns > COLUMNS_MAX)
      return fail(error, ARP_STATUS_INVALID, -1, "Buffer %u has type %u, rows of kind %u and %u columns", i, b->type,
                  b->rows, b->columns);
    const uint64_t bytes = rows_max(plan, b) * (uint64_t)row_bytes(b);
    if (b->offset % 64 || b->offset > plan->arena_bytes || bytes > plan->arena_bytes - b->offset)
      return fail(error, ARP_STATUS_INVALID, -1, "Buffer %u (%llu bytes at %llu) does not fit an arena of %zu bytes", i,
                  (unsigned long long)bytes, (unsigned long long)b->offset, plan->arena_bytes);
    const size_t floats = divide_up(b->columns, 16) * (size_t)64;
    if (floats > plan->scratch_bytes) plan->scratch_bytes = floats;
  }
  return ARP_STATUS_OK;
}

static int32_t check_instructions(struct plan *plan, struct arp_error *error) {
  uint32_t group = 0;
  for (uint32_t i = 0; i < plan->shape.instructions; i++) {
    const struct arp_instr *instr = &plan->instructions[i];
    const struct op *op = plan_op(instr->op);
    if (!op) return fail(error, ARP_STATUS_INVALID, (int32_t)i, "op %u does not exist", instr->op);
    const int32_t status = op->check(plan, i, error);
    if (status) return status;
    plan->task.stages[i].group = group;
    plan->task.stages[i].last_of_group = !(instr->flags & ARP_FLAG_NO_WAIT) || i + 1 == plan->shape.instructions;
    if (plan->task.stages[i].last_of_group) group++;
  }
  return ARP_STATUS_OK;
}

static int32_t allocate(struct plan *plan, const struct arp_instr *instructions, const struct arp_buffer *buffers,
                        struct arp_error *error) {
  const struct arp_plan_shape *s = &plan->shape;
  plan->instructions = malloc(s->instructions * sizeof *instructions);
  plan->buffers = malloc(s->buffers * sizeof *buffers);
  plan->frame.tile = malloc(s->tokens_max * sizeof *plan->frame.tile);
  plan->frame.sequence_last = malloc(s->tokens_max * sizeof *plan->frame.sequence_last);
  if (!plan->instructions || !plan->buffers || !plan->frame.tile || !plan->frame.sequence_last ||
      !task_allocate(&plan->task, s->instructions, s->instructions))
    return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "No memory for a plan of %u instructions", s->instructions);
  memcpy(plan->instructions, instructions, s->instructions * sizeof *instructions);
  memcpy(plan->buffers, buffers, s->buffers * sizeof *buffers);
  return ARP_STATUS_OK;
}

static int32_t fill(struct plan *plan, const struct arp_instr *instructions, const struct arp_buffer *buffers,
                    struct arp_error *error) {
  int32_t status = allocate(plan, instructions, buffers, error);
  if (!status) status = check_buffers(plan, error);
  if (!status) status = check_instructions(plan, error);
  if (status) return status;
  plan->arena = pages_allocate(plan->arena_bytes);
  plan->scratch = pages_allocate(plan->scratch_bytes * plan->threads);
  if (plan->spans.regions) {
    plan->spans.memory = pages_allocate(plan->spans.regions * plan->spans.region_bytes);
    plan->spans.done = calloc(plan->spans.regions, SPLIT_TILES * sizeof *plan->spans.done);
  }
  if (!plan->arena || !plan->scratch || (plan->spans.regions && (!plan->spans.memory || !plan->spans.done)))
    return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Cannot allocate %zu bytes for activations", plan->arena_bytes);
  return ARP_STATUS_OK;
}

struct plan *plan_create(struct weights *weights, struct cache *cache, const struct arp_plan_shape *shape,
                         const struct arp_instr *instructions, const struct arp_buffer *buffers,
                         struct arp_error *error) {
  if (check_shape(shape, error)) return NULL;
  struct plan *plan = calloc(1, sizeof *plan);
  if (!plan) {
    fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "No memory");
    return NULL;
  }
  plan->object.kind = OBJECT_PLAN;
  plan->object.references = 1;
  plan->object.destroy = plan_destroy;
  plan->shape = *shape;
  plan->threads = shape->threads ? shape->threads : cpu_cores();
  if (plan->threads > ARP_LIMIT_THREADS) plan->threads = ARP_LIMIT_THREADS;
  plan->arena_bytes = (size_t)shape->arena_bytes;
  plan->vocabulary = UINT32_MAX;
  plan->weights = weights;
  plan->kernels = weights->kernels;
  object_retain(&weights->object);
  if ((plan->cache = cache)) object_retain(&cache->object);
  if (!fill(plan, instructions, buffers, error)) return plan;
  object_release(&plan->object);
  return NULL;
}
