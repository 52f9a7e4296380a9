// Threads, the queue of tasks, and how a thread works through a task.
#include "pool.h"

#include <stddef.h>

#include "abi.h"
#include "platform/memory.h"
#include "platform/pin.h"
#include "platform/thread.h"

enum {
  SPIN_IDLE_NS = 100000,  // After a step with the caller: sampling a token takes less.
  SPIN_GROUP_NS = 20000,  // Then the scheduler may have a better use for this core.
};

static mutex pool_mutex = MUTEX_INIT;
static condition work_condition = CONDITION_INIT, done_condition = CONDITION_INIT;
static struct task *queue;             // First in, first out.
static uint32_t threads_count;         // Never shrinks; sleeping threads cost nothing.
static uint32_t spinning;              // Threads that look at queue_version instead of sleeping.
static _Atomic uint32_t queue_version; // What spinning threads look at.

static size_t task_bytes(const struct task *task) {
  return task->stages_count * sizeof *task->stages + task->groups_count * sizeof *task->groups;
}

bool task_allocate(struct task *task, uint32_t stages, uint32_t groups) {
  task->stages_count = stages;
  task->groups_count = groups;
  task->stages = pages_allocate(task_bytes(task));  // Aligned to cache lines, unlike malloc's.
  if (task->stages) task->groups = (struct task_group *)(task->stages + stages);
  return task->stages != NULL;
}

void task_free(struct task *task) { pages_free(task->stages, task_bytes(task)); }

static bool over(const struct task *task) {
  const int32_t state = atomic_load_explicit(&task->state, memory_order_acquire);
  return state == TASK_DONE || state == TASK_CANCELLED;
}

// Waits until every chunk of the group that ends with the stage is done; false when the task was cancelled or the time
// is up (0: never).
static bool wait_for_group(struct task *task, uint32_t stage, uint32_t thread, uint64_t until) {
  const struct task_group *group = &task->groups[task->stages[stage].group];
  uint64_t yield_from = 0;
  for (uint32_t turn = 0; atomic_load_explicit(&group->done, memory_order_acquire) < group->chunks; turn++) {
    if (atomic_load_explicit(&task->cancelled, memory_order_relaxed)) return false;
    if (task->meanwhile) task->meanwhile(task, stage, thread, turn);
    spin_pause();
    if (turn % 64 != 63) continue;
    const uint64_t now = time_ns();
    if (until && now > until) return false;
    if (!yield_from) yield_from = now + SPIN_GROUP_NS;
    else if (now > yield_from) thread_yield();
  }
  return true;
}

// All chunks of one lane that are still to be had; false when there is no time left or the task was cancelled.
static bool work_on_lane(struct task *task, uint32_t index, uint32_t lane, uint32_t thread, uint64_t until) {
  struct task_stage *stage = &task->stages[index];
  const uint32_t begin = lane_begin(stage, lane), chunks = lane_begin(stage, lane + 1) - begin;
  uint32_t done = 0;
  bool in_time = true;
  // Reading first keeps threads that come late from writing to a shared cache line.
  while (atomic_load_explicit(&stage->next[lane], memory_order_relaxed) < chunks) {
    in_time = !atomic_load_explicit(&task->cancelled, memory_order_relaxed) && !(until && time_ns() > until);
    if (!in_time) break;
    const uint32_t first = atomic_fetch_add_explicit(&stage->next[lane], stage->take, memory_order_relaxed);
    if (first >= chunks) break;
    const uint32_t left = chunks - first, count = left < stage->take ? left : stage->take;
    for (uint32_t i = 0; i < count; i++) task->run(task, index, begin + first + i, thread);
    done += count;
  }
  if (done) atomic_fetch_add_explicit(&task->groups[stage->group].done, done, memory_order_release);
  return in_time;
}

static bool work_on_stage(struct task *task, uint32_t index, uint32_t thread, uint64_t until) {
  struct task_stage *stage = &task->stages[index];
  const uint64_t from = task->timed ? time_ns() : 0;
  bool in_time = true;
  for (uint32_t i = 0; i < stage->lanes && in_time; i++)
    in_time = work_on_lane(task, index, (thread + i) % stage->lanes, thread, until);
  if (task->timed) atomic_fetch_add_explicit(&stage->busy_ns, time_ns() - from, memory_order_relaxed);
  return in_time;
}

// Works until the task is complete (true), or no time is left or it was cancelled (false).
static bool work(struct task *task, uint32_t thread, uint64_t until) {
  for (uint32_t i = 0; i < task->stages_count; i++) {
    if (!work_on_stage(task, i, thread, until)) return false;
    if (!task->stages[i].last_of_group) continue;
    if (!wait_for_group(task, i, thread, until)) return false;
    atomic_store_explicit(&task->stage_reached, i + 1, memory_order_relaxed);
  }
  return true;
}

// Under the mutex: a free thread number of the task, or -1.
static int32_t enter(struct task *task) {
  if (over(task) || task->complete || atomic_load(&task->cancelled)) return -1;
  for (uint32_t i = 0; i < task->threads; i++) {
    if (task->slots >> i & 1) continue;
    task->slots |= 1ull << i;
    task->working++;
    return (int32_t)i;
  }
  return -1;
}

static void unlink_task(struct task *task) {
  for (struct task **p = &queue; *p; p = &(*p)->next_task) {
    if (*p != task) continue;
    *p = task->next_task;
    return;
  }
}

// Under the mutex, when nobody is inside and nobody may enter any more.
static void end(struct task *task) {
  const int32_t state = task->complete ? TASK_DONE : TASK_CANCELLED;
  atomic_store_explicit(&task->state, state, memory_order_release);
  condition_wake_all(&done_condition);
}

// Gives the thread number back. The last thread to leave a complete or cancelled task ends it.
static void leave(struct task *task, uint32_t thread, bool complete) {
  mutex_lock(&pool_mutex);
  void (*const finished)(struct task *) = task->finished;
  task->slots &= ~(1ull << thread);
  task->complete |= complete;
  const bool closed = task->complete || atomic_load(&task->cancelled);
  if (closed) unlink_task(task);
  const bool ends = --task->working == 0 && closed;
  if (ends) end(task);
  mutex_unlock(&pool_mutex);
  if (ends && finished) finished(task);  // The task may be gone after this.
}

// Under the mutex: enters the first task that has room.
static struct task *find_work(uint32_t *thread) {
  for (struct task *task = queue; task; task = task->next_task) {
    const int32_t number = enter(task);
    if (number < 0) continue;
    *thread = (uint32_t)number;
    return task;
  }
  return NULL;
}

// Outside the mutex: until the queue changes or the time is up.
static void spin_for_work(void) {
  const uint32_t version = atomic_load(&queue_version);
  const uint64_t until = time_ns() + SPIN_IDLE_NS;
  for (uint32_t turn = 0; atomic_load_explicit(&queue_version, memory_order_acquire) == version; turn++) {
    spin_pause();
    if (turn % 64 == 63 && time_ns() > until) break;
  }
}

static void run_thread(void *unused) {
  (void)unused;
  bool spin = false;
  for (;;) {
    uint32_t thread = 0;
    mutex_lock(&pool_mutex);
    struct task *task = find_work(&thread);
    if (!task && spin) {
      spinning++;
      mutex_unlock(&pool_mutex);
      spin_for_work();
      mutex_lock(&pool_mutex);
      spinning--;
      task = find_work(&thread);
    }
    while (!task) {
      condition_wait(&work_condition, &pool_mutex);
      task = find_work(&thread);
    }
    mutex_unlock(&pool_mutex);
    spin = task->with_caller;
    leave(task, thread, work(task, thread, 0));
  }
}

// Under the mutex: makes sure that `wanted` threads look at the queue, of at least `threads` that exist.
static bool call_threads(uint32_t wanted, uint32_t threads) {
  if (!threads_count) library_pin();
  while (threads_count < threads && thread_start(run_thread, NULL)) threads_count++;
  atomic_fetch_add(&queue_version, 1);
  for (uint32_t i = spinning; i < wanted; i++) condition_wake_one(&work_condition);
  return threads_count > 0;
}

// As many lanes as threads find something worth sharing in.
static void reset(struct task_stage *stage, uint32_t threads) {
  const uint32_t shares = stage->chunks ? (stage->chunks - 1) / stage->take + 1 : 1;
  uint32_t lanes = threads < LANES_MAX ? threads : LANES_MAX;
  if (lanes > shares) lanes = shares;
  stage->lanes = lanes;
  for (uint32_t i = 0; i < LANES_MAX; i++) atomic_store_explicit(&stage->next[i], 0, memory_order_relaxed);
}

bool pool_start(struct task *task, bool with_caller) {
  for (uint32_t i = 0; i < task->stages_count; i++) reset(&task->stages[i], task->threads);
  for (uint32_t i = 0; i < task->groups_count; i++) atomic_store(&task->groups[i].done, 0);
  atomic_store(&task->cancelled, false);
  atomic_store(&task->stage_reached, 0);
  mutex_lock(&pool_mutex);
  task->complete = false;
  task->with_caller = with_caller;
  task->working = with_caller ? 1 : 0;
  task->slots = with_caller ? 1 : 0;  // The caller is thread 0.
  task->next_task = NULL;
  atomic_store(&task->state, TASK_RUNNING);
  struct task **tail = &queue;
  while (*tail) tail = &(*tail)->next_task;
  *tail = task;
  const uint32_t wanted = task->threads - (with_caller ? 1 : 0);
  // One thread of the pool at least: the caller may leave before the end.
  const bool started = call_threads(wanted, wanted ? wanted : 1);
  if (!started) {
    unlink_task(task);
    atomic_store(&task->state, TASK_IDLE);
  }
  mutex_unlock(&pool_mutex);
  return started;
}

bool pool_help(struct task *task, uint32_t microseconds) {
  const uint64_t until = time_ns() + 1000ull * microseconds;
  const bool complete = work(task, 0, until);
  leave(task, 0, complete);
  if (complete) {
    while (!over(task) && time_ns() < until) spin_pause();
  } else if (!over(task)) {
    mutex_lock(&pool_mutex);
    call_threads(spinning + 1, 1);
    mutex_unlock(&pool_mutex);
  }
  return over(task);
}

bool pool_wait(struct task *task, uint32_t milliseconds) {
  const uint64_t until = time_ns() + 1000000ull * milliseconds;
  mutex_lock(&pool_mutex);
  while (!over(task)) {
    const uint64_t now = time_ns();
    if (now >= until) break;
    condition_wait_for(&done_condition, &pool_mutex, until - now);
  }
  mutex_unlock(&pool_mutex);
  return over(task);
}

void pool_cancel(struct task *task) {
  mutex_lock(&pool_mutex);
  const bool running = atomic_load(&task->state) == TASK_RUNNING;
  if (running) atomic_store(&task->cancelled, true);
  const bool ends = running && task->working == 0;
  if (ends) {
    unlink_task(task);
    end(task);
  }
  void (*const finished)(struct task *) = task->finished;
  mutex_unlock(&pool_mutex);
  if (ends && finished) finished(task);
}
