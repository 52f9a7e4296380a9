// The exported functions, but for those of caches: arguments are checked here, work is done inside.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "limits.h"
#include "plan.h"

int32_t arp_abi_version(void) { return ARP_ABI_VERSION; }

int32_t arp_describe(char *text, uint32_t capacity) {
  char isas[256] = "";
  bool usable;
  const struct kernels *table;
  for (int i = 0; (table = dispatch_table(i, &usable)); i++) {
    const size_t used = strlen(isas);
    if (usable) snprintf(isas + used, sizeof isas - used, "%s\"%s\"", used ? "," : "", table->name);
  }
  const struct kernels *chosen = dispatch_kernels();
  const char *quote = chosen ? "\"" : "";
  const char *format = "{\"abi\":%d,\"build\":\"%s\",\"isa\":%s%s%s,\"isas\":[%s],\"cores\":%u}";
  const int bytes = snprintf(text, capacity, format, ARP_ABI_VERSION, ARP_BUILD, quote, chosen ? chosen->name : "null",
                             quote, isas, cpu_cores());
  return bytes + 1;
}

// The handle of a new object, or the status its creation left in `error`.
static int32_t created(void *object, struct arp_error *error) {
  return object ? handle_create(object, error) : error->status;
}

int32_t arp_map_file(const char *path, double offset, double bytes, struct arp_error *error) {
  struct arp_error local;
  if (!error) error = &local;
  return created(map_open_file(path, offset, bytes, error), error);
}

int32_t arp_map_memory(double bytes, struct arp_error *error) {
  struct arp_error local;
  if (!error) error = &local;
  return created(map_create_memory(bytes, error), error);
}

static bool has_part(const struct map *map, double offset, uint32_t bytes) {
  return offset >= 0 && offset <= (double)map->bytes && bytes <= map->bytes - (size_t)offset;
}

int32_t arp_map_write(uint32_t handle, double offset, const void *data, uint32_t bytes) {
  struct map *map = handle_acquire(handle, OBJECT_MAP, NULL);
  if (!map) return ARP_STATUS_STALE;
  const bool fits = !map->file.data && has_part(map, offset, bytes);
  if (fits) memcpy((uint8_t *)map->data + (size_t)offset, data, bytes);
  object_release(&map->object);
  return fits ? ARP_STATUS_OK : ARP_STATUS_INVALID;
}

int32_t arp_map_read(uint32_t handle, double offset, void *data, uint32_t bytes) {
  struct map *map = handle_acquire(handle, OBJECT_MAP, NULL);
  if (!map) return ARP_STATUS_STALE;
  const bool fits = has_part(map, offset, bytes);
  if (fits) memcpy(data, map->data + (size_t)offset, bytes);
  object_release(&map->object);
  return fits ? ARP_STATUS_OK : ARP_STATUS_INVALID;
}

double arp_map_bytes(uint32_t handle) {
  struct map *map = handle_acquire(handle, OBJECT_MAP, NULL);
  if (!map) return ARP_STATUS_STALE;
  const double bytes = (double)map->bytes;
  object_release(&map->object);
  return bytes;
}

int32_t arp_weights_create(uint32_t map_handle, const struct arp_weight *weights, uint32_t count, const void *constants,
                           uint32_t constants_bytes, uint32_t threads, struct arp_error *error) {
  struct arp_error local;
  if (!error) error = &local;
  struct map *map = handle_acquire(map_handle, OBJECT_MAP, error);
  if (!map) return ARP_STATUS_STALE;
  struct weights *w = weights_create(map, weights, count, constants, constants_bytes, threads, error);
  object_release(&map->object);
  return created(w, error);
}

int32_t arp_plan_create(uint32_t weights_handle, uint32_t cache_handle, const struct arp_plan_shape *shape,
                        const struct arp_instr *instructions, const struct arp_buffer *buffers,
                        struct arp_error *error) {
  struct arp_error local;
  if (!error) error = &local;
  struct weights *weights = handle_acquire(weights_handle, OBJECT_WEIGHTS, error);
  struct cache *cache = weights && cache_handle ? handle_acquire(cache_handle, OBJECT_CACHE, error) : NULL;
  int32_t result = ARP_STATUS_STALE;
  if (weights && (cache || !cache_handle))
    result = created(plan_create(weights, cache, shape, instructions, buffers, error), error);
  if (weights) object_release(&weights->object);
  if (cache) object_release(&cache->object);
  return result;
}

// Checks the frame and starts the step; the plan stays acquired when it succeeds.
static int32_t start(uint32_t handle, const uint32_t *frame, uint32_t words, bool with_caller, struct plan **plan,
                     struct arp_error *error) {
  *plan = handle_acquire(handle, OBJECT_PLAN, error);
  if (!*plan) return ARP_STATUS_STALE;
  int32_t status;
  if (atomic_load(&(*plan)->task.state) == TASK_RUNNING)
    status = fail(error, ARP_STATUS_BUSY, -1, "The plan still executes an earlier step");
  else status = frame_set(*plan, frame, words, error);
  if (!status) status = plan_start(*plan, with_caller, error);
  if (status) object_release(&(*plan)->object);
  return status;
}

int32_t arp_submit(uint32_t handle, const uint32_t *frame, uint32_t words, struct arp_error *error) {
  struct plan *plan;
  const int32_t status = start(handle, frame, words, false, &plan, error);
  if (!status) object_release(&plan->object);
  return status;
}

// The status of a task that is over, or PENDING.
static int32_t task_status(const struct task *task, struct arp_error *error) {
  switch (atomic_load(&task->state)) {
    case TASK_RUNNING: return ARP_STATUS_PENDING;
    case TASK_CANCELLED:
      return fail(error, ARP_STATUS_CANCELLED, (int32_t)atomic_load(&task->stage_reached), "Cancelled");
    default: return ARP_STATUS_OK;
  }
}

int32_t arp_run(uint32_t handle, const uint32_t *frame, uint32_t words, uint32_t microseconds,
                struct arp_error *error) {
  struct plan *plan;
  int32_t status = start(handle, frame, words, true, &plan, error);
  if (status) return status;
  status = pool_help(&plan->task, microseconds) ? task_status(&plan->task, error) : ARP_STATUS_PENDING;
  object_release(&plan->object);
  return status;
}

static struct task *task_of(struct object *object) {
  if (object->kind == OBJECT_PLAN) return &((struct plan *)object)->task;
  if (object->kind == OBJECT_WEIGHTS) return &((struct weights *)object)->task;
  return NULL;
}

int32_t arp_wait(uint32_t handle, uint32_t milliseconds, struct arp_error *error) {
  struct object *object = handle_acquire(handle, 0, error);
  if (!object) return ARP_STATUS_STALE;
  struct task *task = task_of(object);
  int32_t status;
  if (!task) status = fail(error, ARP_STATUS_INVALID, -1, "Nothing to wait for: the object executes nothing");
  else {
    if (atomic_load(&task->state) == TASK_RUNNING) pool_wait(task, milliseconds);
    status = task_status(task, error);
  }
  object_release(object);
  return status;
}

int32_t arp_cancel(uint32_t handle) {
  struct object *object = handle_acquire(handle, 0, NULL);
  if (!object) return ARP_STATUS_STALE;
  struct task *task = task_of(object);
  if (task) pool_cancel(task);
  object_release(object);
  return task ? ARP_STATUS_OK : ARP_STATUS_INVALID;
}

double arp_progress(uint32_t handle) {
  struct object *object = handle_acquire(handle, 0, NULL);
  if (!object) return ARP_STATUS_STALE;
  const struct task *task = task_of(object);
  double done = 0, all = 0;
  for (uint32_t i = 0; task && i < task->groups_count; i++) {
    done += atomic_load(&task->groups[i].done);
    all += task->groups[i].chunks;
  }
  object_release(object);
  return all > 0 ? done / all : 1;
}

// Copies rows in or out of an idle plan's f32 buffer.
static int32_t copy_rows(uint32_t handle, uint32_t buffer, uint32_t row, uint32_t rows, uint8_t *data, uint32_t bytes,
                         bool out) {
  struct plan *plan = handle_acquire(handle, OBJECT_PLAN, NULL);
  if (!plan) return ARP_STATUS_STALE;
  int32_t status = ARP_STATUS_INVALID;
  if (atomic_load(&plan->task.state) == TASK_RUNNING) status = ARP_STATUS_BUSY;
  else if (buffer < plan->shape.buffers && plan->buffers[buffer].type == ARP_TYPE_F32) {
    const uint32_t all = rows_max(plan, &plan->buffers[buffer]);
    const size_t size = plan->buffers[buffer].columns * sizeof(float);
    if (row <= all && rows <= all - row && rows * (uint64_t)size == bytes) {
      for (uint32_t r = 0; r < rows; r++, data += size)
        out ? memcpy(data, row_at(plan, buffer, row + r), size) : memcpy(row_at(plan, buffer, row + r), data, size);
      status = ARP_STATUS_OK;
    }
  }
  object_release(&plan->object);
  return status;
}

int32_t arp_read(uint32_t plan, uint32_t buffer, uint32_t row, uint32_t rows, void *data, uint32_t bytes) {
  return copy_rows(plan, buffer, row, rows, data, bytes, true);
}
int32_t arp_write(uint32_t plan, uint32_t buffer, uint32_t row, uint32_t rows, const void *data, uint32_t bytes) {
  return copy_rows(plan, buffer, row, rows, (uint8_t *)(uintptr_t)data, bytes, false);
}

int32_t arp_profile(uint32_t handle, double *data, uint32_t count) {
  struct plan *plan = handle_acquire(handle, OBJECT_PLAN, NULL);
  if (!plan) return ARP_STATUS_STALE;
  const int32_t status = count == plan->shape.instructions ? ARP_STATUS_OK : ARP_STATUS_INVALID;
  if (!status) {
    plan->task.timed = true;
    for (uint32_t i = 0; i < count; i++) data[i] = (double)atomic_exchange(&plan->task.stages[i].busy_ns, 0);
  }
  object_release(&plan->object);
  return status;
}

int32_t arp_dequantize(uint32_t type, const void *blocks, uint32_t blocks_bytes, float *values, uint32_t count) {
  const struct kernels *kernels = dispatch_kernels();
  const int quant = dispatch_quant(type);
  if (!kernels || quant < 0) return ARP_STATUS_UNSUPPORTED;
  const struct quant_kernels *q = &kernels->quants[quant];
  if (count % q->block_values || count / q->block_values * (uint64_t)q->block_bytes != blocks_bytes)
    return ARP_STATUS_INVALID;
  q->dequantize(blocks, values, count);
  return ARP_STATUS_OK;
}

int32_t arp_measure(uint32_t kind, uint32_t threads, double *rate, struct arp_error *error) {
  if (kind > ARP_RATE_INT8 || threads > ARP_LIMIT_THREADS || !rate)
    return fail(error, ARP_STATUS_INVALID, -1, "Kind %u with %u threads cannot be measured", kind, threads);
  return limit_measure((enum arp_rate)kind, threads ? threads : cpu_cores(), rate, error);
}

double arp_memory(uint32_t handle) {
  struct object *object = handle_acquire(handle, 0, NULL);
  if (!object) return ARP_STATUS_STALE;
  double bytes = 0;
  switch (object->kind) {
    case OBJECT_MAP: bytes = (double)((struct map *)object)->bytes; break;
    case OBJECT_WEIGHTS: bytes = (double)((struct weights *)object)->tiles_bytes; break;
    case OBJECT_CACHE: bytes = (double)((struct cache *)object)->bytes; break;
    case OBJECT_PLAN: bytes = (double)plan_memory((struct plan *)object); break;
  }
  object_release(object);
  return bytes;
}

int32_t arp_release(uint32_t handle) {
  struct object *object = handle_remove(handle);
  if (!object) return ARP_STATUS_STALE;
  struct task *task = task_of(object);
  if (task) pool_cancel(task);
  object_release(object);
  return ARP_STATUS_OK;
}
