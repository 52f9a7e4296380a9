// Threads, one mutex and one condition variable, as thin as the systems allow.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
typedef SRWLOCK mutex;
typedef CONDITION_VARIABLE condition;
#define MUTEX_INIT SRWLOCK_INIT
#define CONDITION_INIT CONDITION_VARIABLE_INIT
#else
#include <pthread.h>
typedef pthread_mutex_t mutex;
typedef pthread_cond_t condition;
#define MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#define CONDITION_INIT PTHREAD_COND_INITIALIZER
#endif

void mutex_lock(mutex *m);
void mutex_unlock(mutex *m);
void condition_wait(condition *c, mutex *m);
// False when `nanoseconds` passed first.
bool condition_wait_for(condition *c, mutex *m, uint64_t nanoseconds);
void condition_wake_one(condition *c);
void condition_wake_all(condition *c);
// Starts a detached thread with a stack of 1 MiB (musl's default of 128 KiB is too small for the kernels).
bool thread_start(void (*run)(void *), void *argument);
void thread_yield(void);
// Monotonic.
uint64_t time_ns(void);
// One turn of a spin loop.
static inline void spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
