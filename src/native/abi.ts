// Generated from csrc/abi.h by `zig build abi`. Do not edit.

export const ABI_VERSION = 5;
export const NONE = 4294967295;

export const Status = {
  OK: 0,
  PENDING: 1,
  INVALID: -1,
  OUT_OF_MEMORY: -2,
  IO: -3,
  STALE: -4,
  CANCELLED: -5,
  BUSY: -6,
  UNSUPPORTED: -7,
} as const;

export const Type = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q2_K: 10,
  Q3_K: 11,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  IQ2_XXS: 16,
  IQ2_XS: 17,
  IQ3_XXS: 18,
  IQ1_S: 19,
  IQ4_NL: 20,
  IQ3_S: 21,
  IQ2_S: 22,
  IQ4_XS: 23,
  IQ1_M: 29,
  BF16: 30,
  TQ1_0: 34,
  TQ2_0: 35,
  MXFP4: 39,
  NVFP4: 40,
  Q1_0: 41,
  Q2_0: 42,
  F64: 28,
  Q8: 1000,
  Q16: 1001,
} as const;

export const TypeValues = {
  F32: 1,
  F16: 1,
  Q4_0: 32,
  Q4_1: 32,
  Q5_0: 32,
  Q5_1: 32,
  Q8_0: 32,
  Q2_K: 256,
  Q3_K: 256,
  Q4_K: 256,
  Q5_K: 256,
  Q6_K: 256,
  IQ2_XXS: 256,
  IQ2_XS: 256,
  IQ3_XXS: 256,
  IQ1_S: 256,
  IQ4_NL: 32,
  IQ3_S: 256,
  IQ2_S: 256,
  IQ4_XS: 256,
  IQ1_M: 256,
  BF16: 1,
  TQ1_0: 256,
  TQ2_0: 256,
  MXFP4: 32,
  NVFP4: 64,
  Q1_0: 128,
  Q2_0: 64,
} as const;

export const TypeBytes = {
  F32: 4,
  F16: 2,
  Q4_0: 18,
  Q4_1: 20,
  Q5_0: 22,
  Q5_1: 24,
  Q8_0: 34,
  Q2_K: 84,
  Q3_K: 110,
  Q4_K: 144,
  Q5_K: 176,
  Q6_K: 210,
  IQ2_XXS: 66,
  IQ2_XS: 74,
  IQ3_XXS: 98,
  IQ1_S: 50,
  IQ4_NL: 18,
  IQ3_S: 110,
  IQ2_S: 82,
  IQ4_XS: 136,
  IQ1_M: 56,
  BF16: 2,
  TQ1_0: 54,
  TQ2_0: 66,
  MXFP4: 17,
  NVFP4: 36,
  Q1_0: 18,
  Q2_0: 18,
} as const;

export const Source = {
  MAP: 0,
  CONSTANTS: 1,
} as const;

export const Layout = {
  ROWS: 0,
  TILES: 1,
} as const;

export const Rows = {
  TOKENS: 0,
  OUTPUTS: 1,
} as const;

export const Op = {
  EMBED: 0,
  RMS_NORM: 1,
  QUANTIZE: 2,
  MATMUL: 3,
  ROPE_TABLE: 4,
  ROPE: 5,
  KV_WRITE: 6,
  ATTENTION: 7,
  SWIGLU: 8,
  ADD: 9,
  ROWS: 10,
  COUNT: 11,
} as const;

export const RopePairs = {
  INTERLEAVED: 0,
  NEOX: 1,
} as const;

export const Flag = {
  NO_WAIT: 1,
  ACCUMULATE: 2,
} as const;

export const Limit = {
  BLOCK_POSITIONS: 64,
  THREADS: 64,
  INSTRUCTIONS: 65536,
  BUFFERS: 4096,
  WEIGHTS: 65536,
  TOKENS: 4096,
  HEAD_COLUMNS: 256,
  HEADS: 1024,
  CACHE_GROUPS: 256,
  MAP_ALIGNMENT: 65536,
} as const;

export const TypeTileBits = {
  F32: 0,
  F16: 12,
  Q4_0: 0,
  Q4_1: 0,
  Q5_0: 0,
  Q5_1: 0,
  Q8_0: 0,
  Q2_K: 0,
  Q3_K: 0,
  Q4_K: 0,
  Q5_K: 0,
  Q6_K: 0,
  IQ2_XXS: 9,
  IQ2_XS: 10,
  IQ3_XXS: 9,
  IQ1_S: 9,
  IQ4_NL: 0,
  IQ3_S: 9,
  IQ2_S: 10,
  IQ4_XS: 0,
  IQ1_M: 10,
  BF16: 12,
  TQ1_0: 9,
  TQ2_0: 9,
  MXFP4: 0,
  NVFP4: 10,
  Q1_0: 9,
  Q2_0: 9,
} as const;

export const AttentionWeights = {
  SINKS: 1,
  SLOPES: 2,
} as const;

export const Rate = {
  READ: 0,
  INT8: 1,
} as const;

export const ErrorRecord = {
  size: 256,
  status: 0,
  instruction: 4,
  text: 8,
} as const;

export const WeightRecord = {
  size: 32,
  offset: 0,
  type: 8,
  layout: 12,
  source: 16,
  rows: 20,
  columns: 24,
  reserved: 28,
} as const;

export const BufferRecord = {
  size: 16,
  offset: 0,
  columns: 8,
  type: 12,
  rows: 14,
} as const;

export const InstrRecord = {
  size: 64,
  op: 0,
  flags: 2,
  dst: 4,
  src: 8,
  weight: 20,
  n: 32,
  f: 48,
} as const;

export const CacheShape = {
  size: 36,
  layers: 0,
  heads: 4,
  keyColumns: 8,
  valueColumns: 12,
  keyType: 16,
  valueType: 20,
  blocks: 24,
  blockPositions: 28,
  window: 32,
} as const;

export const PlanShape = {
  size: 32,
  instructions: 0,
  buffers: 4,
  tokensMax: 8,
  outputsMax: 12,
  contextLength: 16,
  threads: 20,
  arenaBytes: 24,
} as const;

export const FrameHeader = {
  size: 24,
  tokens: 0,
  outputs: 4,
  sequences: 8,
  tableBlocks: 12,
  prefixes: 16,
  maskWords: 20,
} as const;

export const symbols = {
  arp_abi_version: { parameters: [], result: "i32" },
  arp_describe: { parameters: ["buffer", "u32"], result: "i32" },
  arp_map_file: { parameters: ["buffer", "f64", "f64", "buffer"], result: "i32" },
  arp_map_memory: { parameters: ["f64", "buffer"], result: "i32" },
  arp_map_write: { parameters: ["u32", "f64", "buffer", "u32"], result: "i32" },
  arp_map_read: { parameters: ["u32", "f64", "buffer", "u32"], result: "i32" },
  arp_map_bytes: { parameters: ["u32"], result: "f64" },
  arp_weights_create: { parameters: ["u32", "buffer", "u32", "buffer", "u32", "u32", "buffer"], result: "i32" },
  arp_cache_create: { parameters: ["buffer", "u32", "buffer"], result: "i32" },
  arp_cache_block_bytes: { parameters: ["u32", "u32"], result: "f64" },
  arp_cache_copy: { parameters: ["u32", "u32", "u32", "u32"], result: "i32" },
  arp_cache_read: { parameters: ["u32", "u32", "u32", "buffer", "u32"], result: "i32" },
  arp_cache_write: { parameters: ["u32", "u32", "u32", "buffer", "u32"], result: "i32" },
  arp_cache_clear: { parameters: ["u32", "u32", "u32", "u32"], result: "i32" },
  arp_cache_rotate: { parameters: ["u32", "u32", "buffer", "u32", "buffer", "u32", "u32", "i32", "buffer"], result: "i32" },
  arp_plan_create: { parameters: ["u32", "u32", "buffer", "buffer", "buffer", "buffer"], result: "i32" },
  arp_submit: { parameters: ["u32", "buffer", "u32", "buffer"], result: "i32" },
  arp_run: { parameters: ["u32", "buffer", "u32", "u32", "buffer"], result: "i32" },
  arp_wait: { parameters: ["u32", "u32", "buffer"], result: "i32" },
  arp_cancel: { parameters: ["u32"], result: "i32" },
  arp_progress: { parameters: ["u32"], result: "f64" },
  arp_read: { parameters: ["u32", "u32", "u32", "u32", "buffer", "u32"], result: "i32" },
  arp_write: { parameters: ["u32", "u32", "u32", "u32", "buffer", "u32"], result: "i32" },
  arp_profile: { parameters: ["u32", "buffer", "u32"], result: "i32" },
  arp_dequantize: { parameters: ["u32", "buffer", "u32", "buffer", "u32"], result: "i32" },
  arp_measure: { parameters: ["u32", "u32", "buffer", "buffer"], result: "i32" },
  arp_memory: { parameters: ["u32"], result: "f64" },
  arp_release: { parameters: ["u32"], result: "i32" },
} as const;
