// The threads of the process. A task is a list of stages, each a number of chunks that any thread may execute in any
// order.
//
// There is no barrier object: a stage hands out chunks through counters and a group of stages counts what is done. The
// chunks of a stage are divided into lanes, one for each thread or few: neighbouring chunks go to the same thread, so
// that it reads memory in one long stream; when its lane is empty it goes on with those of the others. A thread that
// was held up finds the others ahead and follows; it never makes them wait unless it holds a chunk. So cores of unequal
// speed, and threads the system took away, cost what they are worth. Idle threads spin briefly after a step that the
// caller took part in (the next one is near), else sleep at once.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LANES_MAX = 8 };  // They are in one cache line.

struct task_stage {
  _Alignas(64) _Atomic uint32_t next[LANES_MAX];  // How many chunks of each lane are handed out, or more.
  uint32_t chunks;
  uint32_t lanes;                      // Set by pool_start.
  uint32_t take;                       // Chunks that a thread takes at a time, at least 1: what is worth sharing.
  uint32_t group;                      // Stages of a group are independent of each other.
  bool last_of_group;                  // All chunks of the group must be done before the next stage.
  _Atomic uint64_t busy_ns;            // Summed over threads, when task.timed.
};
struct task_group {
  _Alignas(64) _Atomic uint32_t done;
  uint32_t chunks;
};

struct task {
  struct task_stage *stages;
  struct task_group *groups;
  uint32_t stages_count, groups_count;
  uint32_t threads;                    // At most this many work on it at once.
  bool timed;
  void (*run)(struct task *task, uint32_t stage, uint32_t chunk, uint32_t thread);
  // What a thread may do while it waits for the end of a group, again and again, each time for some nanoseconds; may be
  // NULL. `stage` is the last of the group, `turn` counts from 0.
  void (*meanwhile)(struct task *task, uint32_t stage, uint32_t thread, uint32_t turn);
  void (*finished)(struct task *task);  // Called when it is over, by the last thread to leave; may be NULL.
  _Atomic bool cancelled;
  _Atomic uint32_t stage_reached;      // For progress.
  // Owned by the pool:
  _Atomic int32_t state;               // enum task_state
  bool with_caller, complete;
  uint32_t working;                    // Threads inside.
  uint64_t slots;                      // Thread numbers in use.
  struct task *next_task;
};

enum task_state { TASK_IDLE, TASK_RUNNING, TASK_DONE, TASK_CANCELLED };

// The first chunk of a lane; of the lane behind the last one, the number of chunks.
static inline uint32_t lane_begin(const struct task_stage *stage, uint32_t lane) {
  return (uint32_t)((uint64_t)stage->chunks * lane / stage->lanes);
}

// Zeroed stages and groups; false when there is no memory.
bool task_allocate(struct task *task, uint32_t stages, uint32_t groups);
void task_free(struct task *task);

// Resets the counters of stages and groups and starts the task; false when no thread could be started.
bool pool_start(struct task *task, bool with_caller);
// Takes part for at most about `microseconds`. True when the task is over.
bool pool_help(struct task *task, uint32_t microseconds);
// Sleeps until the task is over or `milliseconds` have passed; true when it is over.
bool pool_wait(struct task *task, uint32_t milliseconds);
// Threads stop at their next chunk.
void pool_cancel(struct task *task);
