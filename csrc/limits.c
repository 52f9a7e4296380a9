// Measures what threads of the pool can do at most together: bytes read from memory, int8 operations. Work is divided
// as that of a plan is, so that a thread that was held up costs what it is worth.
#include "limits.h"

#include <stddef.h>

#include "cpu.h"
#include "dispatch.h"
#include "handle.h"
#include "platform/memory.h"
#include "platform/thread.h"
#include "pool.h"

enum {
  READ_CHUNK_BYTES = 1 << 20,
  // Much more than the largest cache that one thread (96 MiB) or many (a share of hundreds) can reach.
  READ_BYTES = 512 << 20, READ_BYTES_PER_THREAD = 64 << 20,
  DOT_CHUNK_STEPS = 1000, DOT_CHUNKS_PER_THREAD = 128,  // About 5 ms a round.
  ROUNDS_MIN = 3, ROUNDS_NS = 100000000,
};

struct measurement {
  struct task task;
  const struct kernels *kernels;
  uint8_t *memory;
  _Atomic uint64_t sum;  // What was computed, so that it is computed.
};
static struct measurement *measurement_of(struct task *task) {
  return (struct measurement *)((char *)task - offsetof(struct measurement, task));
}

static void fill_chunk(struct task *task, uint32_t stage, uint32_t chunk, uint32_t thread) {
  (void)stage, (void)thread;
  uint64_t *words = (uint64_t *)(measurement_of(task)->memory + chunk * (size_t)READ_CHUNK_BYTES);
  for (size_t i = 0; i < READ_CHUNK_BYTES / sizeof *words; i++) words[i] = i;
}
static void read_chunk(struct task *task, uint32_t stage, uint32_t chunk, uint32_t thread) {
  (void)stage, (void)thread;
  struct measurement *m = measurement_of(task);
  atomic_fetch_add(&m->sum, m->kernels->read_memory(m->memory + chunk * (size_t)READ_CHUNK_BYTES, READ_CHUNK_BYTES));
}
static void dot_chunk(struct task *task, uint32_t stage, uint32_t chunk, uint32_t thread) {
  (void)stage, (void)chunk, (void)thread;
  struct measurement *m = measurement_of(task);
  atomic_fetch_add(&m->sum, m->kernels->dot_products(DOT_CHUNK_STEPS));
}

// Seconds of one round, with this thread as one of several; negative when no thread could be started.
static double round_seconds(struct task *task, void (*run)(struct task *, uint32_t, uint32_t, uint32_t)) {
  task->run = run;
  const uint64_t begin = time_ns();
  if (!pool_start(task, true)) return -1;
  if (!pool_help(task, UINT32_MAX)) while (!pool_wait(task, 1000)) {}
  return 1e-9 * (double)(time_ns() - begin);
}

static int32_t measure(struct measurement *m, bool reads, double amount, double *rate, struct arp_error *error) {
  const uint64_t until = time_ns() + ROUNDS_NS;
  double best = 0;
  for (int round = 0; round < ROUNDS_MIN || time_ns() < until; round++) {
    const double seconds = round_seconds(&m->task, reads ? read_chunk : dot_chunk);
    if (seconds < 0) return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Cannot start a thread");
    if (amount / seconds > best) best = amount / seconds;
  }
  *rate = best;
  return ARP_STATUS_OK;
}

int32_t limit_measure(enum arp_rate kind, uint32_t threads, double *rate, struct arp_error *error) {
  const bool reads = kind == ARP_RATE_READ;
  const size_t bytes = reads ? READ_BYTES + threads * (size_t)READ_BYTES_PER_THREAD : 0;
  struct measurement m = {.kernels = dispatch_kernels(), .task = {.threads = threads}};
  if (!m.kernels) return fail(error, ARP_STATUS_UNSUPPORTED, -1, "No usable instruction set: see ARPEGGIO_ISA");
  if (!task_allocate(&m.task, 1, 1)) return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Not enough memory");
  const uint32_t chunks = reads ? (uint32_t)(bytes / READ_CHUNK_BYTES) : threads * DOT_CHUNKS_PER_THREAD;
  m.task.stages[0].chunks = m.task.groups[0].chunks = chunks;
  m.task.stages[0].take = 1;
  m.task.stages[0].last_of_group = true;
  int32_t status = ARP_STATUS_OK;
  if (reads) {
    m.memory = pages_allocate(bytes);
    if (!m.memory || round_seconds(&m.task, fill_chunk) < 0)
      status = fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Not enough memory: measuring takes %zu MiB", bytes >> 20);
  }
  const double operations = (double)chunks * DOT_CHUNK_STEPS * m.kernels->dot_step_operations;
  if (!status) status = measure(&m, reads, reads ? (double)bytes : operations, rate, error);
  if (m.memory) pages_free(m.memory, bytes);
  task_free(&m.task);
  return status;
}
