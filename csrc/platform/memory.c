// Memory for POSIX systems and Windows.
#define _GNU_SOURCE
#include "memory.h"

// Whether a file of `size` has the part, which is not empty; `bytes` of 0 become what is behind `offset`.
static bool part_of(uint64_t *bytes, uint64_t offset, uint64_t size) {
  if (offset > size) return false;
  if (!*bytes) *bytes = size - offset;
  return *bytes > 0 && *bytes <= size - offset && *bytes <= SIZE_MAX;
}

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

void *pages_allocate(size_t bytes) {
  return VirtualAlloc(NULL, bytes ? bytes : 1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}
void pages_free(void *p, size_t bytes) {
  (void)bytes;
  if (p) VirtualFree(p, 0, MEM_RELEASE);
}
bool file_map_open(struct file_map *map, const char *path, uint64_t offset, uint64_t bytes, const char **why) {
  wchar_t wide[4096];
  *why = "the path is not valid UTF-8 or too long";
  if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, 4096)) return false;
  *why = "the file cannot be opened";
  const HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                                  FILE_ATTRIBUTE_NORMAL, NULL);
  if (file == INVALID_HANDLE_VALUE) return false;
  LARGE_INTEGER size;
  *why = "the file is empty, shorter than expected, or cannot be mapped";
  if (GetFileSizeEx(file, &size) && part_of(&bytes, offset, (uint64_t)size.QuadPart)) {
    const HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
    if (mapping) {
      map->data = MapViewOfFile(mapping, FILE_MAP_READ, (DWORD)(offset >> 32), (DWORD)offset, (size_t)bytes);
      map->bytes = (size_t)bytes;
      CloseHandle(mapping);
    }
  }
  CloseHandle(file);
  return map->data != NULL;
}
void file_map_close(struct file_map *map) {
  if (map->data) UnmapViewOfFile(map->data);
  map->data = NULL;
}
void file_map_fetch(const struct file_map *map, size_t offset, size_t bytes) {
  WIN32_MEMORY_RANGE_ENTRY range = {(void *)(map->data + offset), bytes};
  PrefetchVirtualMemory(GetCurrentProcess(), 1, &range, 0);
}
void file_map_forget(const struct file_map *map, size_t offset, size_t bytes) {
  // Clean pages of a view leave the working set on their own under pressure; VirtualUnlock drops them now.
  VirtualUnlock((void *)(map->data + offset), bytes);
}

#else
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// The first touch of a huge page zeroes 2 MB and may have the system move memory to make room for it: 2 to 6 ms in the
// thread that touches it, which may be the one with the event loop. That one computes small models only, and hardly
// anything of theirs is as large as this.
enum { HUGE_PAGES_FROM = 32 << 20 };

void *pages_allocate(size_t bytes) {
  void *p = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
  if (bytes >= HUGE_PAGES_FROM) madvise(p, bytes, MADV_HUGEPAGE);
#endif
  return p;
}
void pages_free(void *p, size_t bytes) {
  if (p) munmap(p, bytes ? bytes : 1);
}
bool file_map_open(struct file_map *map, const char *path, uint64_t offset, uint64_t bytes, const char **why) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    *why = strerror(errno);
    return false;
  }
  struct stat s;
  *why = "not a regular file, empty, or shorter than expected";
  if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && part_of(&bytes, offset, (uint64_t)s.st_size)) {
    void *p = mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE, fd, (off_t)offset);
    if (p == MAP_FAILED) *why = strerror(errno);
    else *map = (struct file_map){p, (size_t)bytes};
  }
  close(fd);
  return map->data != NULL;
}
void file_map_close(struct file_map *map) {
  if (map->data) munmap((void *)map->data, map->bytes);
  map->data = NULL;
}
void file_map_fetch(const struct file_map *map, size_t offset, size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), from = offset / page * page;
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14; elsewhere an error that changes nothing.
#endif
#ifdef __linux__
  madvise((void *)(map->data + from), offset + bytes - from, MADV_POPULATE_READ);
#else
  madvise((void *)(map->data + from), offset + bytes - from, MADV_WILLNEED);
#endif
}
void file_map_forget(const struct file_map *map, size_t offset, size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t from = (offset + page - 1) / page * page, to = (offset + bytes) / page * page;
  if (from < to) madvise((void *)(map->data + from), to - from, MADV_DONTNEED);
}
#endif
