// What Debian's C++ library, made for glibc, asks for and musl does not have: enough for Bun to run its tests under
// musl without Alpine's C++ library. It takes the place of glibc's loader, which that library names too.
#include <stddef.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded = 0;
unsigned __cpu_model[8];
int __cpu_indicator_init(void) { return 0; }

// Destructors of C++ thread-local objects are not called: their memory is the process's.
int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *library) {
  (void)destructor, (void)object, (void)library;
  return 0;
}
size_t __strftime_l(char *text, size_t capacity, const char *format, const struct tm *time, void *locale) {
  (void)locale;
  return strftime(text, capacity, format, time);
}
// Found nothing: exceptions cannot be unwound.
int _dl_find_object(void *address, void *result) {
  (void)address, (void)result;
  return -1;
}
unsigned arc4random(void) {
  unsigned number = 0;
  return getrandom(&number, sizeof number, 0) == sizeof number ? number : 4;
}
