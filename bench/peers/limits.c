// What this machine can do at most with some threads: bytes read from memory per second, and operations of int8 dot
// products per second. Prints one line of JSON. Built with ISA_HEADER, one of csrc/simd/*.h.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include ISA_HEADER

// The compiler must not know that these weights are the same every time, or it would multiply only once. They come from
// the first-level cache, which has two loads for every dot product.
#define OPAQUE(weights) __asm__ volatile("" : "+m"(weights))

enum { THREADS_MAX = 64, ROUNDS = 7, DOT_STEPS = 10 * 1000 * 1000, CHAINS = 12, DOT_OPERATIONS = CHAINS * 64 * 2 };
// Per thread. Server processors have caches of hundreds of megabytes.
static const size_t read_bytes = (size_t)512 << 20;

struct worker {
  pthread_t thread;
  pthread_barrier_t *start;
  uint64_t *memory;
  double read_seconds[ROUNDS];
  double dot_seconds[ROUNDS];
  uint64_t sum;  // What was computed, so that it is computed.
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// Eight independent 64-byte streams of sums; the compiler makes vectors of them.
static uint64_t read_all(const uint64_t *memory, size_t words) {
  typedef uint64_t lanes __attribute__((vector_size(64), aligned(64)));
  const lanes *vectors = (const lanes *)memory;
  lanes sums[8] = {0};
  for (size_t i = 0; i + 8 <= words / 8; i += 8) {
    for (int j = 0; j < 8; j++) sums[j] += vectors[i + j];
  }
  uint64_t total = 0;
  for (int j = 0; j < 8; j++) {
    for (int lane = 0; lane < 8; lane++) total += sums[j][lane];
  }
  return total;
}

// One step is CHAINS independent dot products of 64 bytes, enough to cover their latency.
static uint64_t dot_all(uint64_t seed) {
  const int8_t x[4] = {1, 2, 3, 4};
  i32x16 sums[CHAINS];
  u8x64 weights;
  for (int i = 0; i < 64; i++) weights[i] = (uint8_t)((seed >> (i % 56)) & 63);
  for (int i = 0; i < CHAINS; i++) sums[i] = (i32x16){0};
  for (int step = 0; step < DOT_STEPS; step++) {
    for (int i = 0; i < CHAINS; i++) {
      OPAQUE(weights);
      sums[i] = dot_u6(sums[i], weights, x);
    }
  }
  uint64_t total = 0;
  for (int i = 0; i < CHAINS; i++) {
    for (int lane = 0; lane < 16; lane++) total += (uint32_t)sums[i][lane];
  }
  return total;
}

static void *work(void *argument) {
  struct worker *worker = argument;
  memset(worker->memory, 1, read_bytes);  // By this thread: its pages are near it.
  for (int round = 0; round < ROUNDS; round++) {
    pthread_barrier_wait(worker->start);
    double begin = now();
    worker->sum += read_all(worker->memory, read_bytes / sizeof(uint64_t));
    worker->read_seconds[round] = now() - begin;
    pthread_barrier_wait(worker->start);
    begin = now();
    worker->sum += dot_all(worker->sum | 1);
    worker->dot_seconds[round] = now() - begin;
  }
  return NULL;
}

// The best round: whatever else the machine does only makes it slower.
static double best_rate(const struct worker *workers, int threads, int reads, double amount) {
  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double slowest = 0;
    for (int i = 0; i < threads; i++) {
      double seconds = reads ? workers[i].read_seconds[round] : workers[i].dot_seconds[round];
      if (seconds > slowest) slowest = seconds;
    }
    if (threads * amount / slowest > best) best = threads * amount / slowest;
  }
  return best;
}

int main(int count, char **arguments) {
  static struct worker workers[THREADS_MAX];
  int threads = count > 1 ? atoi(arguments[1]) : 0;
  if (threads < 1 || threads > THREADS_MAX) {
    fprintf(stderr, "Expected a number of threads in [1, %d]\n", THREADS_MAX);
    return 2;
  }
  pthread_barrier_t start;
  if (pthread_barrier_init(&start, NULL, (unsigned)threads) != 0) return 1;
  for (int i = 0; i < threads; i++) {
    workers[i].start = &start;
    workers[i].memory = aligned_alloc(4096, read_bytes);
    if (workers[i].memory == NULL || pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
      fprintf(stderr, "Not enough memory or threads\n");
      return 1;
    }
  }
  uint64_t sum = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    sum += workers[i].sum;
  }
  printf("{\"threads\":%d,\"readBytesPerSecond\":%.0f,\"int8OperationsPerSecond\":%.0f,\"sum\":%llu}\n",
         threads, best_rate(workers, threads, 1, (double)read_bytes),
         best_rate(workers, threads, 0, (double)DOT_STEPS * DOT_OPERATIONS), (unsigned long long)sum);
  return 0;
}
