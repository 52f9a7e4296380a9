// Threads for POSIX systems and Windows.
#define _GNU_SOURCE
#include "thread.h"

#include <stdlib.h>

struct start {
  void (*run)(void *);
  void *argument;
};

#ifdef _WIN32

void mutex_lock(mutex *m) { AcquireSRWLockExclusive(m); }
void mutex_unlock(mutex *m) { ReleaseSRWLockExclusive(m); }
void condition_wait(condition *c, mutex *m) { SleepConditionVariableSRW(c, m, INFINITE, 0); }
bool condition_wait_for(condition *c, mutex *m, uint64_t nanoseconds) {
  return SleepConditionVariableSRW(c, m, (DWORD)((nanoseconds + 999999) / 1000000), 0);
}
void condition_wake_one(condition *c) { WakeConditionVariable(c); }
void condition_wake_all(condition *c) { WakeAllConditionVariable(c); }
void thread_yield(void) { SwitchToThread(); }
uint64_t time_ns(void) {
  LARGE_INTEGER frequency, now;
  QueryPerformanceFrequency(&frequency);
  QueryPerformanceCounter(&now);
  const uint64_t f = (uint64_t)frequency.QuadPart, n = (uint64_t)now.QuadPart;
  return n / f * 1000000000u + n % f * 1000000000u / f;
}
static DWORD WINAPI enter(LPVOID p) {
  const struct start s = *(struct start *)p;
  free(p);
  s.run(s.argument);
  return 0;
}
bool thread_start(void (*run)(void *), void *argument) {
  struct start *s = malloc(sizeof *s);
  if (!s) return false;
  *s = (struct start){run, argument};
  const HANDLE h = CreateThread(NULL, 1 << 20, enter, s, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
  if (!h) {
    free(s);
    return false;
  }
  CloseHandle(h);
  return true;
}

#else

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

void mutex_lock(mutex *m) { pthread_mutex_lock(m); }
void mutex_unlock(mutex *m) { pthread_mutex_unlock(m); }
void condition_wait(condition *c, mutex *m) { pthread_cond_wait(c, m); }
bool condition_wait_for(condition *c, mutex *m, uint64_t nanoseconds) {
  struct timespec t;  // The default clock of a statically initialized condition variable.
  clock_gettime(CLOCK_REALTIME, &t);
  nanoseconds += (uint64_t)t.tv_nsec;
  t.tv_sec += (time_t)(nanoseconds / 1000000000u);
  t.tv_nsec = (long)(nanoseconds % 1000000000u);
  return pthread_cond_timedwait(c, m, &t) != ETIMEDOUT;
}
void condition_wake_one(condition *c) { pthread_cond_signal(c); }
void condition_wake_all(condition *c) { pthread_cond_broadcast(c); }
void thread_yield(void) { sched_yield(); }
uint64_t time_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
static void *enter(void *p) {
  const struct start s = *(struct start *)p;
  free(p);
  s.run(s.argument);
  return NULL;
}
bool thread_start(void (*run)(void *), void *argument) {
  struct start *s = malloc(sizeof *s);
  if (!s) return false;
  *s = (struct start){run, argument};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 1 << 20);
  // Signals belong to the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int failed = pthread_create(&thread, &attributes, enter, s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (failed) free(s);
  return !failed;
}

#endif
