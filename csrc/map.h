// Where weights come from: a mapped file, or memory that was filled by the caller.
#pragma once
#include "handle.h"
#include "platform/memory.h"

struct map {
  struct object object;
  const uint8_t *data;
  size_t bytes;
  struct file_map file;  // data is NULL for memory.
};

// `bytes` from `offset`; 0: to the end of the file.
struct map *map_open_file(const char *path, double offset, double bytes, struct arp_error *error);
struct map *map_create_memory(double bytes, struct arp_error *error);
// Maps a file's pages at once instead of one fault at a time.
void map_fetch(const struct map *map, size_t offset, size_t bytes);
// A file's pages can be given back once their contents have been copied.
void map_forget(const struct map *map, size_t offset, size_t bytes);
