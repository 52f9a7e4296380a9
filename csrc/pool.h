// The threads of the process. A task is a list of stages, each a number of chunks that any thread may execute in any
// order.
//
// There is no barrier object: a stage hands out chunks through a counter and a group of stages counts what is done. A
// thread that was held up finds the others ahead and follows; it never makes them wait unless it holds a chunk. So
// cores of unequal speed, and threads the system took away, cost what they are worth. Idle threads spin briefly after a
// step that the caller took part in (the next one is near), else sleep at once.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct task_stage {
  _Alignas(64) _Atomic uint32_t next;  // The next chunk to hand out.
  uint32_t chunks;
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
