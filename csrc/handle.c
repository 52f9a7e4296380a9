// The handle table.
#include "handle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/thread.h"

// 16 bits of index and 15 of generation keep a handle positive. A slot is retired when its generations are used up.
enum { INDEX_BITS = 16, GENERATIONS = 1 << 15 };

struct slot {
  struct object *object;
  uint32_t generation;
};

static mutex table_mutex = MUTEX_INIT;
static struct slot *slots;
static uint32_t slots_count;

int32_t fail(struct arp_error *error, int32_t status, int32_t instruction, const char *format, ...) {
  if (error) {
    error->status = status;
    error->instruction = instruction;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
  }
  return status;
}

void object_retain(struct object *object) { atomic_fetch_add(&object->references, 1); }
void object_release(struct object *object) {
  if (object && atomic_fetch_sub(&object->references, 1) == 1) object->destroy(object);
}

// The first free slot, growing the table; slots_count when that is impossible.
static uint32_t free_slot(void) {
  for (uint32_t i = 0; i < slots_count; i++)
    if (!slots[i].object && slots[i].generation < GENERATIONS) return i;
  const uint32_t more = slots_count ? slots_count * 2 : 64;
  if (more > 1u << INDEX_BITS) return slots_count;
  struct slot *grown = realloc(slots, more * sizeof *slots);
  if (!grown) return slots_count;
  memset(grown + slots_count, 0, (more - slots_count) * sizeof *slots);
  for (uint32_t i = slots_count; i < more; i++) grown[i].generation = 1;
  slots = grown;
  const uint32_t first = slots_count;
  slots_count = more;
  return first;
}

int32_t handle_create(struct object *object, struct arp_error *error) {
  mutex_lock(&table_mutex);
  const uint32_t i = free_slot();
  if (i < slots_count) slots[i].object = object;
  const int32_t handle = i < slots_count ? (int32_t)(slots[i].generation << INDEX_BITS | i) : 0;
  mutex_unlock(&table_mutex);
  if (handle > 0) return handle;
  object_release(object);
  return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "No more handles: %d objects are alive", 1 << INDEX_BITS);
}

static struct slot *find(uint32_t handle) {
  const uint32_t i = handle & ((1u << INDEX_BITS) - 1);
  return i < slots_count && slots[i].object && slots[i].generation == handle >> INDEX_BITS ? &slots[i] : NULL;
}

void *handle_acquire(uint32_t handle, enum object_kind kind, struct arp_error *error) {
  mutex_lock(&table_mutex);
  const struct slot *slot = find(handle);
  struct object *object = slot && (!kind || slot->object->kind == kind) ? slot->object : NULL;
  if (object) object_retain(object);
  mutex_unlock(&table_mutex);
  if (!object) fail(error, ARP_STATUS_STALE, -1, "Handle %u names nothing of the expected kind", handle);
  return object;
}

struct object *handle_remove(uint32_t handle) {
  mutex_lock(&table_mutex);
  struct slot *slot = find(handle);
  struct object *object = slot ? slot->object : NULL;
  if (slot) {
    slot->object = NULL;
    slot->generation++;
  }
  mutex_unlock(&table_mutex);
  return object;
}
