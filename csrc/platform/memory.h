// Pages from the operating system, and read-only maps of files.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Zeroed, aligned to a page at least, in huge pages where the system gives them; NULL when refused.
void *pages_allocate(size_t bytes);
void pages_free(void *p, size_t bytes);

struct file_map {
  const uint8_t *data;
  size_t bytes;
};
// The part of the file that begins at `offset`, a multiple of every system's pages (ARP_LIMIT_MAP_ALIGNMENT), and has
// `bytes`; 0: to the end of the file. False with a reason in `why` (a static string or strerror).
bool file_map_open(struct file_map *map, const char *path, uint64_t offset, uint64_t bytes, const char **why);
void file_map_close(struct file_map *map);
// Asks for a part that will be read now.
void file_map_fetch(const struct file_map *map, size_t offset, size_t bytes);
// Lets the system take back the memory of a part that will not be read soon; its contents stay in the file.
void file_map_forget(const struct file_map *map, size_t offset, size_t bytes);
