// Checks weight records against their source and makes tiles.
#include "weights.h"

#include <stdlib.h>
#include <string.h>

#include "cpu.h"

enum { CHUNK_BYTES = 1 << 20 };  // What a thread tiles at a time: mapping and forgetting pages costs by the call.

// The stages of the task: which form the tiles of each weight have, where they are, and then a stage per weight.
enum { STAGE_CHOOSE, STAGE_PLACE, STAGE_TILE };

// A tile that a narrow form cannot hold costs three times as much to read, the others three quarters: at one of 32 most
// of the gain is left. Weights are uniform enough for samples of a few row groups.
enum { SAMPLES = 4, TILES_PER_MISS = 32 };

static uint32_t row_groups(const struct weight *w) { return (w->rows + TILE_ROWS - 1) / TILE_ROWS; }
// Row groups of a chunk.
static uint32_t chunk_groups(const struct weight *w) {
  const size_t groups = CHUNK_BYTES / (TILE_ROWS * w->row_bytes);
  return groups < 1 ? 1 : (uint32_t)groups;
}

static void set_tiling(struct weight *w, const struct tiling *tiling) {
  w->tiling = tiling;
  w->group_tiles = (w->columns + tiling->columns - 1) / tiling->columns;
  w->group_bytes = (w->group_tiles * (size_t)tiling->bytes + 63) / 64 * 64;
}

static bool may_be_narrow(const struct weight *w) {
  return w->layout == ARP_LAYOUT_TILES && w->quant->narrow.pack && w->rows >= TILE_ROWS;
}

static void choose(struct weights *weights, struct weight *w) {
  if (!may_be_narrow(w)) return;
  const uint32_t whole = w->rows / TILE_ROWS, samples = whole < SAMPLES ? whole : SAMPLES;
  const size_t bytes = TILE_ROWS * w->row_bytes;
  uint32_t misses = 0;
  for (uint32_t i = 0; i < samples; i++) {
    const size_t from = whole * (2 * (uint64_t)i + 1) / (2 * samples) * bytes;
    map_fetch(weights->map, w->source_offset + from, bytes);
    misses += w->quant->narrow_misses(w->source + from, w->row_bytes, w->columns);
    if (misses * TILES_PER_MISS > samples * w->group_tiles) return;
  }
  set_tiling(w, &w->quant->narrow);
}

static void place(struct weights *weights) {
  size_t at = 0;
  for (uint32_t i = 0; i < weights->count; i++) {
    struct weight *w = &weights->items[i];
    if (w->layout != ARP_LAYOUT_TILES) continue;
    w->tiles = weights->tiles + at;
    at += row_groups(w) * w->group_bytes;
  }
  weights->tiles_bytes = at;
}

static void tile(struct weights *weights, struct weight *w, uint32_t chunk) {
  uint32_t group = chunk * chunk_groups(w), end = group + chunk_groups(w);
  if (end > row_groups(w)) end = row_groups(w);
  const size_t from = group * (size_t)TILE_ROWS * w->row_bytes;
  const size_t rows = end * (size_t)TILE_ROWS < w->rows ? end * (size_t)TILE_ROWS : w->rows;
  map_fetch(weights->map, w->source_offset + from, rows * w->row_bytes - from);
  for (; group < end; group++) {
    const uint32_t row = group * TILE_ROWS, left = w->rows - row;
    w->tiling->pack(w->tiles + group * w->group_bytes, w->source + row * w->row_bytes, w->row_bytes,
                    left < TILE_ROWS ? left : TILE_ROWS, w->columns);
  }
  map_forget(weights->map, w->source_offset + from, rows * w->row_bytes - from);
}

static void run_chunk(struct task *task, uint32_t stage, uint32_t chunk, uint32_t thread) {
  (void)thread;
  struct weights *weights = (struct weights *)((char *)task - offsetof(struct weights, task));
  if (stage == STAGE_CHOOSE) choose(weights, &weights->items[chunk]);
  else if (stage == STAGE_PLACE) place(weights);
  else tile(weights, &weights->items[stage - STAGE_TILE], chunk);
}

static void tiling_finished(struct task *task) {
  object_release((struct object *)((char *)task - offsetof(struct weights, task)));
}

static void weights_destroy(struct object *object) {
  struct weights *w = (struct weights *)object;
  pages_free(w->tiles, w->reserved_bytes);
  free(w->constants);
  free(w->items);
  task_free(&w->task);
  if (w->map) object_release(&w->map->object);
  free(w);
}

// One record to a weight; sizes cannot overflow: rows and columns are below 2^32, a value has at most 8 bytes.
static int32_t resolve(struct weights *weights, uint32_t index, const struct arp_weight *r, size_t constants_bytes,
                       struct arp_error *error) {
  struct weight *w = &weights->items[index];
  const bool constant = r->source == ARP_SOURCE_CONSTANTS;
  const size_t available = constant ? constants_bytes : weights->map->bytes;
  const int quant = dispatch_quant(r->type);
  if (quant < 0 && r->type != ARP_TYPE_F64)
    return fail(error, ARP_STATUS_INVALID, -1, "Weight %u has type %u, which this library does not know", index,
                r->type);
  if (r->source > ARP_SOURCE_CONSTANTS || r->layout > ARP_LAYOUT_TILES || r->reserved || (quant < 0 && r->layout))
    return fail(error, ARP_STATUS_INVALID, -1, "Weight %u has an impossible source or layout", index);
  const struct quant_kernels *q = quant < 0 ? NULL : &weights->kernels->quants[quant];
  const uint32_t values = q ? q->block_values : 1, bytes = q ? q->block_bytes : 8;
  if (!r->rows || !r->columns || r->columns % values || r->rows > INT32_MAX || r->columns > INT32_MAX / 8)
    return fail(error, ARP_STATUS_INVALID, -1,
                "Weight %u has an impossible shape: %u rows of %u columns in blocks of %u", index, r->rows,
                r->columns, values);
  *w = (struct weight){.type = r->type, .layout = r->layout, .rows = r->rows, .columns = r->columns, .quant = q};
  w->row_bytes = r->columns / values * (size_t)bytes;
  if (r->offset > available || w->row_bytes > (available - r->offset) / r->rows)
    return fail(error, ARP_STATUS_INVALID, -1, "Weight %u lies beyond its source: %u rows of %zu bytes at %llu of %zu",
                index, r->rows, w->row_bytes, (unsigned long long)r->offset, available);
  w->source_offset = (size_t)r->offset;
  w->source = (constant ? weights->constants : weights->map->data) + r->offset;
  if (r->layout == ARP_LAYOUT_TILES) {
    set_tiling(w, &q->tiling);
    weights->reserved_bytes += row_groups(w) * w->group_bytes;
  }
  return ARP_STATUS_OK;
}

// The stages of the task, and how many chunks they have.
static void divide(struct weights *weights) {
  struct task *task = &weights->task;
  bool choices = false;
  for (uint32_t i = 0; i < weights->count; i++) choices |= may_be_narrow(&weights->items[i]);
  for (uint32_t i = 0; i < task->stages_count; i++) {
    struct task_stage *stage = &task->stages[i];
    stage->group = i < STAGE_TILE ? i : STAGE_TILE;
    stage->last_of_group = i < STAGE_TILE || i + 1 == task->stages_count;
    stage->take = 1;
    if (i == STAGE_CHOOSE) stage->chunks = choices ? weights->count : 0;
    else if (i == STAGE_PLACE) stage->chunks = 1;
    else if (weights->items[i - STAGE_TILE].layout == ARP_LAYOUT_TILES) {
      const struct weight *w = &weights->items[i - STAGE_TILE];
      stage->chunks = (row_groups(w) + chunk_groups(w) - 1) / chunk_groups(w);
    }
    task->groups[stage->group].chunks += stage->chunks;
  }
}

static int32_t fill(struct weights *weights, const struct arp_weight *records, const void *constants,
                    uint32_t constants_bytes, uint32_t threads, struct arp_error *error) {
  const uint32_t count = weights->count;
  weights->items = calloc(count ? count : 1, sizeof *weights->items);
  weights->constants = malloc(constants_bytes ? constants_bytes : 1);
  if (!weights->items || !weights->constants || !task_allocate(&weights->task, STAGE_TILE + count, 3))
    return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "No memory for the records of %u weights", count);
  if (constants_bytes) memcpy(weights->constants, constants, constants_bytes);
  for (uint32_t i = 0; i < count; i++) {
    const int32_t status = resolve(weights, i, &records[i], constants_bytes, error);
    if (status) return status;
  }
  weights->tiles_bytes = weights->reserved_bytes;
  weights->tiles = pages_allocate(weights->reserved_bytes);
  if (!weights->tiles)
    return fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Cannot allocate %zu bytes for weights", weights->reserved_bytes);
  divide(weights);
  weights->task.threads = threads;
  weights->task.run = run_chunk;
  weights->task.finished = tiling_finished;
  return ARP_STATUS_OK;
}

struct weights *weights_create(struct map *map, const struct arp_weight *records, uint32_t count,
                               const void *constants, uint32_t constants_bytes, uint32_t threads,
                               struct arp_error *error) {
  if (count > ARP_LIMIT_WEIGHTS || threads > ARP_LIMIT_THREADS) {
    fail(error, ARP_STATUS_INVALID, -1, "%u weights or %u threads are more than the limits", count, threads);
    return NULL;
  }
  struct weights *weights = calloc(1, sizeof *weights);
  const struct kernels *kernels = dispatch_kernels();
  if (!weights || !kernels) {
    fail(error, weights ? ARP_STATUS_UNSUPPORTED : ARP_STATUS_OUT_OF_MEMORY, -1, "%s",
         weights ? "ARPEGGIO_ISA names no instruction set that this build and machine have" : "No memory");
    free(weights);
    return NULL;
  }
  weights->object.kind = OBJECT_WEIGHTS;
  weights->object.references = 1;
  weights->object.destroy = weights_destroy;
  weights->kernels = kernels;
  weights->count = count;
  weights->map = map;
  object_retain(&map->object);
  int32_t status = fill(weights, records, constants, constants_bytes, threads ? threads : cpu_cores(), error);
  if (!status) {
    object_retain(&weights->object);  // For the task.
    if (!pool_start(&weights->task, false)) {
      object_release(&weights->object);
      status = fail(error, ARP_STATUS_OUT_OF_MEMORY, -1, "Cannot start a thread");
    }
  }
  if (!status) return weights;
  object_release(&weights->object);
  return NULL;
}
