// The contract between TypeScript and C: op codes, records, status codes and exported prototypes, and nothing else.
// src/native/abi.ts is generated from this file by `zig build abi`; a test fails when it is stale.
//
// Only three kinds of argument cross the boundary: 32-bit integers, doubles (sizes and offsets, exact to 2^53) and
// pointers to caller-owned buffers that are read or written during the call and never kept. Objects are named by
// handles (positive 32-bit integers), so a stale or forged one is an error and not a wild pointer.
#pragma once
#include <stdint.h>

#define ARP_ABI_VERSION 5

#ifdef _WIN32
#define ARP_EXPORT __declspec(dllexport)
#else
#define ARP_EXPORT __attribute__((visibility("default")))
#endif

enum arp_status {
  ARP_STATUS_OK = 0,
  ARP_STATUS_PENDING = 1,         // The work goes on; wait again.
  ARP_STATUS_INVALID = -1,        // An argument, record or plan is malformed.
  ARP_STATUS_OUT_OF_MEMORY = -2,  // The operating system refused memory.
  ARP_STATUS_IO = -3,             // A file could not be opened, mapped or read.
  ARP_STATUS_STALE = -4,          // The handle names nothing, or something of another kind.
  ARP_STATUS_CANCELLED = -5,      // Stopped by arp_cancel.
  ARP_STATUS_BUSY = -6,           // The object still executes an earlier request.
  ARP_STATUS_UNSUPPORTED = -7,    // This build or machine cannot do it.
};

// What a failing call has to say. `instruction` is the index in the plan, or -1.
struct arp_error {
  int32_t status;
  int32_t instruction;
  char text[248];  // UTF-8, NUL-terminated.
};
_Static_assert(sizeof(struct arp_error) == 256, "generated offsets");

// Weight and buffer element types: the ids of GGUF, with values and bytes per block.
enum arp_type {
#define QUANT(name, NAME, id, values, bytes, ...) ARP_TYPE_##NAME = (id),
#include "quants/list.h"
#undef QUANT
  ARP_TYPE_F64 = 28,  // Constants only (inverse frequencies).
  // Activations: blocks of 32 int8 with one f32 scale and their sums (struct q8_block).
  ARP_TYPE_Q8 = 1000,
  // Two such rows: the activations, and what the first row left over. About 16 bits, for the few rows of the output
  // matrix.
  ARP_TYPE_Q16 = 1001,
};
enum arp_type_values {
#define QUANT(name, NAME, id, values, bytes, ...) ARP_TYPE_VALUES_##NAME = (values),
#include "quants/list.h"
#undef QUANT
};
enum arp_type_bytes {
#define QUANT(name, NAME, id, values, bytes, ...) ARP_TYPE_BYTES_##NAME = (bytes),
#include "quants/list.h"
#undef QUANT
};

// Bits of a value in the tiles of formats that are re-encoded: to int8 codes with f32 scales (more than in the file),
// or to twelve bits where the values of a weight allow it (fewer); 0: the tiles have the size of the file's blocks.
enum arp_type_tile_bits {
#define ARP_TILE_BITS_FLOAT 0
#define ARP_TILE_BITS_HALF 12
#define ARP_TILE_BITS_INTEGER 0
#define ARP_TILE_BITS_WIDE16 (8 + 32 / 16)
#define ARP_TILE_BITS_WIDE32 (8 + 32 / 32)
#define QUANT(name, NAME, id, values, bytes, kind) ARP_TYPE_TILE_BITS_##NAME = ARP_TILE_BITS_##kind,
#include "quants/list.h"
#undef QUANT
};

enum arp_source { ARP_SOURCE_MAP = 0, ARP_SOURCE_CONSTANTS = 1 };

// ROWS: as in the file, used in place. TILES: 16 rows interleaved, made when the weights are created.
enum arp_layout { ARP_LAYOUT_ROWS = 0, ARP_LAYOUT_TILES = 1 };

// A tensor of (rows, columns) values in the map or among the constants.
struct arp_weight {
  uint64_t offset;   // Bytes from the start of the source.
  uint32_t type;     // enum arp_type
  uint32_t layout;   // enum arp_layout
  uint32_t source;   // enum arp_source
  uint32_t rows;
  uint32_t columns;  // A multiple of the type's block.
  uint32_t reserved; // 0
};
_Static_assert(sizeof(struct arp_weight) == 32, "generated offsets");

// How many rows a buffer has in a step.
enum arp_rows { ARP_ROWS_TOKENS = 0, ARP_ROWS_OUTPUTS = 1 };

// An activation tensor of (rows, columns) at a fixed place in the plan's arena.
struct arp_buffer {
  uint64_t offset;   // Bytes, a multiple of 64.
  uint32_t columns;
  uint16_t type;     // ARP_TYPE_F32, ARP_TYPE_Q8 or ARP_TYPE_Q16
  uint16_t rows;     // enum arp_rows
};
_Static_assert(sizeof(struct arp_buffer) == 16, "generated offsets");

// Shapes: d columns of the residual stream, h heads, g key/value heads, k and v head sizes.
enum arp_op {
  // dst f32 (tokens, d) = row token_id of weight[0] (vocabulary, d; layout ROWS) * f[0]
  ARP_OP_EMBED = 0,
  // dst f32, Q8 or Q16 = src[0] * 1/sqrt(mean of squares + f[0]) * weight[0], over groups of n[0] columns
  ARP_OP_RMS_NORM,
  // dst Q8 or Q16 = src[0] f32
  ARP_OP_QUANTIZE,
  // dst f32 (rows, m) = src[0] (rows, n) * weight[0]^T (m, n; layout TILES) + weight[1] (1, m), + dst with ACCUMULATE
  ARP_OP_MATMUL,
  // dst f32 (tokens, r) = (cos, sin) pairs * f[0] of position * weight[0][i], weight[0] f64 (1, r/2)
  ARP_OP_ROPE_TABLE,
  // src[0] f32 (tokens, heads * n[0]) rotated in place by src[1] (tokens, n[1]); n[2] is enum arp_rope_pairs
  ARP_OP_ROPE,
  // keys src[0] (tokens, g * k) and values src[1] (tokens, g * v) into layer n[0] of group n[1] of the cache
  ARP_OP_KV_WRITE,
  // dst f32 (tokens, h * v) = softmax(scores) . values of layer n[0] of group n[2]; h is n[1]. scores (h, positions) =
  // src[0] (tokens, h * k) . keys * f[0]; then c * tanh(scores / c) with c = f[1] unless that is 0; then + slopes *
  // (position - own position). n[3] (enum arp_attention_weights) says which of these weights there are, in this order,
  // f32 (1, h): sinks, the score per head of one more position, whose values are 0; slopes (ALiBi). A token sees the
  // positions up to its own that the group's window holds; and see struct arp_frame.
  ARP_OP_ATTENTION,
  // dst f32, Q8 or Q16 = silu(src[0]) * src[1]
  ARP_OP_SWIGLU,
  // dst f32 = src[0] + src[1]
  ARP_OP_ADD,
  // dst f32 (outputs, d) = the rows of src[0] (tokens, d) that the frame lists
  ARP_OP_ROWS,
  ARP_OP_COUNT,
};

enum arp_rope_pairs { ARP_ROPE_PAIRS_INTERLEAVED = 0, ARP_ROPE_PAIRS_NEOX = 1 };

enum arp_attention_weights { ARP_ATTENTION_SINKS = 1, ARP_ATTENTION_SLOPES = 2 };

enum arp_flag {
  ARP_FLAG_NO_WAIT = 1,     // The next instruction does not depend on this one.
  ARP_FLAG_ACCUMULATE = 2,  // Add to dst instead of replacing it.
};

// What arp_measure measures.
enum arp_rate {
  ARP_RATE_READ = 0,  // Bytes read from memory per second.
  ARP_RATE_INT8,      // Operations of int8 dot products per second: a product and a sum are two.
};

#define ARP_NONE 0xffffffffu  // "No buffer" or "no weight".

struct arp_instr {
  uint16_t op;         // enum arp_op
  uint16_t flags;      // enum arp_flag
  uint32_t dst;        // Buffer indices.
  uint32_t src[3];
  uint32_t weight[3];  // Weight indices.
  uint32_t n[4];
  float f[4];
};
_Static_assert(sizeof(struct arp_instr) == 64, "one cache line");

// A group of a key/value cache: layers whose blocks have one number and share block tables in the frame.
struct arp_cache_shape {
  uint32_t layers;
  uint32_t heads;            // Key/value heads.
  uint32_t key_columns;      // Per head.
  uint32_t value_columns;
  uint32_t key_type;         // ARP_TYPE_F32, F16, BF16, Q8_0 or Q4_0
  uint32_t value_type;
  uint32_t blocks;
  uint32_t block_positions;  // ARP_LIMIT_BLOCK_POSITIONS
  uint32_t window;           // A token at position p sees p - window + 1 to p; 0: all up to p.
};
_Static_assert(sizeof(struct arp_cache_shape) == 36, "generated offsets");
enum arp_limit {
  ARP_LIMIT_BLOCK_POSITIONS = 64,
  ARP_LIMIT_THREADS = 64,
  ARP_LIMIT_INSTRUCTIONS = 65536,
  ARP_LIMIT_BUFFERS = 4096,
  ARP_LIMIT_WEIGHTS = 65536,
  ARP_LIMIT_TOKENS = 4096,   // Rows in one step.
  ARP_LIMIT_HEAD_COLUMNS = 256,
  ARP_LIMIT_HEADS = 1024,
  ARP_LIMIT_CACHE_GROUPS = 256,
  ARP_LIMIT_MAP_ALIGNMENT = 65536,  // The largest pages of arm64 Linux, and where Windows lets a view of a file begin.
};

struct arp_plan_shape {
  uint32_t instructions;
  uint32_t buffers;
  uint32_t tokens_max;      // Rows of TOKENS buffers.
  uint32_t outputs_max;     // Rows of OUTPUTS buffers.
  uint32_t context_length;  // Positions are below this.
  uint32_t threads;         // 0: one per physical core.
  double arena_bytes;
};
_Static_assert(sizeof(struct arp_plan_shape) == 32, "generated offsets");

// A step is one array of u32: this header, then token ids (tokens), positions (tokens), sequence indices (tokens),
// output rows (outputs), block tables (groups of the cache, sequences, table_blocks), prefix lengths (sequences, when
// `prefixes` is 1), masks (tokens, mask_words). Tokens of one sequence are in ascending positions.
//
// An entry of a block table may be ARP_NONE where no token of the step writes or sees a position. Tokens within the
// prefix of their sequence see all of it, and must be computed together with the rest of it. A mask has a bit per
// position, the lowest first, and says which positions are seen instead of "up to its own"; the window still holds.
struct arp_frame {
  uint32_t tokens;
  uint32_t outputs;
  uint32_t sequences;
  uint32_t table_blocks;
  uint32_t prefixes;    // 0 or 1
  uint32_t mask_words;  // 0: no masks.
};
_Static_assert(sizeof(struct arp_frame) == 24, "generated offsets");

// All functions return a status or, where said, a positive handle. `error` may be NULL.
ARP_EXPORT int32_t arp_abi_version(void);
// JSON about this library and machine into `text` (NUL-terminated); returns the bytes it needs.
ARP_EXPORT int32_t arp_describe(char *text, uint32_t capacity);
// -> handle of a read-only map of a part of a file: `bytes` (0: to its end) from `offset`, a multiple of
// ARP_LIMIT_MAP_ALIGNMENT. `path` is UTF-8, NUL-terminated.
ARP_EXPORT int32_t arp_map_file(const char *path, double offset, double bytes, struct arp_error *error);
// -> handle of zeroed memory of `bytes`, to be filled with arp_map_write.
ARP_EXPORT int32_t arp_map_memory(double bytes, struct arp_error *error);
ARP_EXPORT int32_t arp_map_write(uint32_t map, double offset, const void *data, uint32_t bytes);
// Copies `bytes` from `offset` on out of a map of any kind.
ARP_EXPORT int32_t arp_map_read(uint32_t map, double offset, void *data, uint32_t bytes);
ARP_EXPORT double arp_map_bytes(uint32_t map);
// -> handle of weights; tiles are made in the background by `threads` threads: arp_wait for it.
ARP_EXPORT int32_t arp_weights_create(uint32_t map, const struct arp_weight *weights, uint32_t count,
                                      const void *constants, uint32_t constants_bytes, uint32_t threads,
                                      struct arp_error *error);
// -> handle of a cache of one group or more.
ARP_EXPORT int32_t arp_cache_create(const struct arp_cache_shape *groups, uint32_t count, struct arp_error *error);
// Bytes of one block of a group, in all its layers; negative status on error.
ARP_EXPORT double arp_cache_block_bytes(uint32_t cache, uint32_t group);
// The contents of block `to` become those of `from`. No step may use them meanwhile, here and below.
ARP_EXPORT int32_t arp_cache_copy(uint32_t cache, uint32_t group, uint32_t from, uint32_t to);
// Copies a whole block to or from caller memory; `bytes` is arp_cache_block_bytes.
ARP_EXPORT int32_t arp_cache_read(uint32_t cache, uint32_t group, uint32_t block, void *data, uint32_t bytes);
ARP_EXPORT int32_t arp_cache_write(uint32_t cache, uint32_t group, uint32_t block, const void *data, uint32_t bytes);
// The positions of a block from `position` on become zeros: what they held is not for whoever reads the block next.
ARP_EXPORT int32_t arp_cache_clear(uint32_t cache, uint32_t group, uint32_t block, uint32_t position);
// Turns the keys of blocks by `delta` positions, as ROPE does: `pairs` f64 frequencies (of ROPE_TABLE), enum
// arp_rope_pairs. What is then written is rounded to the type of the keys again.
ARP_EXPORT int32_t arp_cache_rotate(uint32_t cache, uint32_t group, const uint32_t *blocks, uint32_t count,
                                    const double *frequencies, uint32_t pairs, uint32_t pairs_kind, int32_t delta,
                                    struct arp_error *error);
// -> handle of a validated plan. `cache` is 0 for a plan without attention.
ARP_EXPORT int32_t arp_plan_create(uint32_t weights, uint32_t cache, const struct arp_plan_shape *shape,
                                   const struct arp_instr *instructions, const struct arp_buffer *buffers,
                                   struct arp_error *error);
// Starts a step and returns at once.
ARP_EXPORT int32_t arp_submit(uint32_t plan, const uint32_t *frame, uint32_t words, struct arp_error *error);
// Executes a step with the caller as one of the threads, for at most about `microseconds`; then PENDING.
ARP_EXPORT int32_t arp_run(uint32_t plan, const uint32_t *frame, uint32_t words, uint32_t microseconds,
                           struct arp_error *error);
// Waits for what a plan or weights object is doing. PENDING after `milliseconds`.
ARP_EXPORT int32_t arp_wait(uint32_t handle, uint32_t milliseconds, struct arp_error *error);
// Stops what the object is doing within one instruction's time; arp_wait then says CANCELLED.
ARP_EXPORT int32_t arp_cancel(uint32_t handle);
// Share of the work done, 0 to 1 (tiling of weights, instructions of a step); negative status on error.
ARP_EXPORT double arp_progress(uint32_t handle);
// Copies between caller memory and rows of a buffer of an idle plan (f32 values, without padding).
ARP_EXPORT int32_t arp_read(uint32_t plan, uint32_t buffer, uint32_t row, uint32_t rows, void *data,
                            uint32_t bytes);
ARP_EXPORT int32_t arp_write(uint32_t plan, uint32_t buffer, uint32_t row, uint32_t rows, const void *data,
                             uint32_t bytes);
// Nanoseconds per instruction since the plan was created or last read, into `data` (one double per instruction).
ARP_EXPORT int32_t arp_profile(uint32_t plan, double *data, uint32_t count);
// f32 values of `count` values of a weight type, exactly as the format defines them.
ARP_EXPORT int32_t arp_dequantize(uint32_t type, const void *blocks, uint32_t blocks_bytes, float *values,
                                  uint32_t count);
// The most that `threads` threads (0: one per physical core) do together, into `rate`. Takes about 0.2 s, and for
// ARP_RATE_READ 512 MiB of memory and 64 more per thread.
ARP_EXPORT int32_t arp_measure(uint32_t kind, uint32_t threads, double *rate, struct arp_error *error);
// Memory an object holds, in bytes.
ARP_EXPORT double arp_memory(uint32_t handle);
// Gives an object up. What it still executes is cancelled first; objects it refers to live on while needed.
ARP_EXPORT int32_t arp_release(uint32_t handle);
