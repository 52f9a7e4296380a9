// Executes a plan over the pool: an instruction is a stage, its op says into how many chunks it divides.
#include <string.h>

#include "plan.h"

static struct plan *plan_of(struct task *task) {
  return (struct plan *)((char *)task - offsetof(struct plan, task));
}
static void run_chunk(struct task *task, uint32_t stage, uint32_t chunk, uint32_t thread) {
  const struct plan *plan = plan_of(task);
  const struct arp_instr *i = &plan->instructions[stage];
  plan_op(i->op)->run(plan, i, chunk, thread);
}

// A thread that waits reads ahead: its part of the next weights, up to a share of the L2 cache. So memory is busy while
// threads are not: decoding is bound by it.
enum { AHEAD_BYTES_PER_TURN = 512, AHEAD_BYTES_MAX = 128 << 10 };

static void read_ahead(struct task *task, uint32_t stage, uint32_t thread, uint32_t turn) {
  if (turn >= AHEAD_BYTES_MAX / AHEAD_BYTES_PER_TURN) return;
  const struct plan *plan = plan_of(task);
  for (uint32_t i = stage + 1; i < task->stages_count; i++) {
    const struct task_stage *s = &task->stages[i];
    const struct op *op = plan_op(plan->instructions[i].op);
    if (!op->reads) continue;
    if (!s->chunks) return;
    const uint8_t *from = op->reads(plan, &plan->instructions[i], lane_begin(s, thread % s->lanes));
    for (uint32_t at = 0; at < AHEAD_BYTES_PER_TURN; at += 64)
      __builtin_prefetch(from + turn * AHEAD_BYTES_PER_TURN + at, 0, 2);
    return;
  }
}
static void step_finished(struct task *task) { object_release(&plan_of(task)->object); }

// Multiplications that are worth a thread of their own: handing out work and the lines of memory that move to another
// core cost about half a microsecond, in which an AVX-512 core does 20 thousand.
enum { TAKE_MULTIPLICATIONS = 1 << 16 };

// Only products with tiled weights come in chunks that may be too small: their number follows the rows of the weight.
static uint32_t chunks_to_take(const struct plan *plan, const struct arp_instr *i, uint32_t chunks) {
  if (i->op != ARP_OP_MATMUL || !chunks) return 1;
  const struct weight *w = weight_at(plan, i->weight[0]);
  const uint64_t each = (uint64_t)w->rows * w->columns * rows_now(plan, i->dst) / chunks;
  return each < TAKE_MULTIPLICATIONS ? (uint32_t)(TAKE_MULTIPLICATIONS / (each + 1)) + 1 : 1;
}

int32_t plan_start(struct plan *plan, bool with_caller, struct arp_error *error) {
  struct task *task = &plan->task;
  if (atomic_load(&plan->weights->task.state) != TASK_DONE)
    return fail(error, ARP_STATUS_BUSY, -1, "The weights are not ready: wait for them first");
  for (uint32_t i = 0; i < task->groups_count; i++) task->groups[i].chunks = 0;
  for (uint32_t i = 0; i < task->stages_count; i++) {
    struct task_stage *stage = &task->stages[i];
    stage->chunks = plan_op(plan->instructions[i].op)->chunks(plan, &plan->instructions[i]);
    stage->take = chunks_to_take(plan, &plan->instructions[i], stage->chunks);
    task->groups[stage->group].chunks += stage->chunks;
  }
  // A step that was cancelled may have left counts behind.
  if (plan->spans.regions)
    memset((void *)plan->spans.done, 0, plan->spans.regions * SPLIT_TILES * sizeof *plan->spans.done);
  task->threads = plan->threads;
  task->run = run_chunk;
  task->meanwhile = read_ahead;
  task->finished = step_finished;
  object_retain(&plan->object);  // For the step.
  if (pool_start(task, with_caller)) return ARP_STATUS_OK;
  object_release(&plan->object);
  return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Cannot start a thread");
}
