// Maps of files and of memory.
#include "map.h"

#include <stdlib.h>

static void map_destroy(struct object *object) {
  struct map *map = (struct map *)object;
  if (map->file.data) file_map_close(&map->file);
  else pages_free((void *)map->data, map->bytes);
  free(map);
}

static struct map *map_create(struct arp_error *error) {
  struct map *map = calloc(1, sizeof *map);
  if (!map) {
    fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "No memory for a map");
    return NULL;
  }
  map->object.kind = OBJECT_MAP;
  map->object.references = 1;
  map->object.destroy = map_destroy;
  return map;
}

struct map *map_open_file(const char *path, double offset, double bytes, struct arp_error *error) {
  const double most = 9007199254740992.0;
  if (!(offset >= 0 && offset < most && bytes >= 0 && bytes < most) || (uint64_t)offset % ARP_LIMIT_MAP_ALIGNMENT) {
    fail(error, ARP_STATUS_INVALID, -1, "Expected an offset that is a multiple of %d but found %.0f (%.0f bytes)",
         ARP_LIMIT_MAP_ALIGNMENT, offset, bytes);
    return NULL;
  }
  struct map *map = map_create(error);
  if (!map) return NULL;
  const char *why = "";
  if (!file_map_open(&map->file, path, (uint64_t)offset, (uint64_t)bytes, &why)) {
    fail(error, ARP_STATUS_IO, -1, "Cannot map %.160s: %s", path, why);
    free(map);
    return NULL;
  }
  map->data = map->file.data;
  map->bytes = map->file.bytes;
  return map;
}

struct map *map_create_memory(double bytes, struct arp_error *error) {
  struct map *map = map_create(error);
  if (!map) return NULL;
  if (bytes >= 0 && bytes < 9007199254740992.0) map->data = pages_allocate(map->bytes = (size_t)bytes);
  if (!map->data) {
    fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Cannot allocate %.0f bytes", bytes);
    free(map);
    return NULL;
  }
  return map;
}

void map_fetch(const struct map *map, size_t offset, size_t bytes) {
  if (map->file.data) file_map_fetch(&map->file, offset, bytes);
}
void map_forget(const struct map *map, size_t offset, size_t bytes) {
  if (map->file.data) file_map_forget(&map->file, offset, bytes);
}
