// How each system is told not to unload a library.
#define _GNU_SOURCE
#include "pin.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

void library_pin(void) {
  HMODULE self;
  const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
  GetModuleHandleExW(flags, (LPCWSTR)&library_pin, &self);
}
#else
#include <dlfcn.h>
#include <stddef.h>

// Weak, so that systems where these are in a library of their own (glibc before 2.34) need not load it for us: whoever
// loaded this library has them.
#pragma weak dladdr
#pragma weak dlopen

void library_pin(void) {
  Dl_info self;
  int (*const find)(const void *, Dl_info *) = dladdr;
  void *(*const open)(const char *, int) = dlopen;
  if (!find || !open || !find((const void *)&library_pin, &self) || !self.dli_fname) return;
  open(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
}
#endif
