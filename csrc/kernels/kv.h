// How keys and values are kept in a block of 64 positions, per head.
//
// Keys are panels of 16 positions, (4, columns, 16): 16 scores are one vector and sum vertically over columns. Values
// are (64, columns), in whole vectors: they are summed over positions. In the types of 8 and 4 bits, 32 columns of a
// position share an f16 scale, as in GGUF; scales stand behind the codes of a panel, (groups, 16), and of all values,
// (groups, 64). Codes of 4 bits: columns j and j + 16 of a group are the low and the high half of a byte. The product
// of scale and code is exact in f32, so all kernels see the same numbers.
#pragma once

typedef _Float16 f16;

static const float *kv_padded(const float *x, uint32_t at, uint32_t columns, float padded[KV_GROUP]) {
  if (at + KV_GROUP <= columns) return x + at;
  memset(padded, 0, KV_GROUP * sizeof *padded);
  memcpy(padded, x + at, (columns - at) * sizeof *padded);
  return padded;
}

// Round to nearest, ties to even; what is no number stays so.
INLINE uint16_t bf16_from_f32(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  if (x != x) return (uint16_t)(bits >> 16 | 64);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// 32 values to integers of a range: codes for `scale`, which is their f16 scale.
INLINE void kv_codes(const float *x, f16 scale, float least, float most, int32_t codes[KV_GROUP]) {
  const f32x16 magic = f32x16_set(12582912.0f);  // 1.5 * 2^23: adding it rounds to the nearest integer.
  const f32x16 inverse = f32x16_set(scale != 0 ? 1.0f / (float)scale : 0.0f);
  for (int h = 0; h < KV_GROUP; h += 16) {
    const f32x16 v = f32x16_load(x + h) * inverse;
    const f32x16 clamped = -f32x16_max(-f32x16_max(v, f32x16_set(least)), f32x16_set(-most));
    i32x16_store(codes + h, (i32x16)(clamped + magic) - (i32x16)magic);
  }
}
// The scale that takes the value farthest from 0 to `code`; of a negative code, to the end with its sign.
INLINE f16 kv_scale(const float *x, float code) {
  const f32x16 a = f32x16_load(x), b = f32x16_load(x + 16);
  const float most = f32x16_max_lane(f32x16_max(a, b)), least = -f32x16_max_lane(f32x16_max(-a, -b));
  const float farthest = most >= -least ? most : least, length = most >= -least ? most : -least;
  const float scale = (code < 0 ? farthest : length) / code;
  return (f16)(scale > 65504 ? 65504 : scale < -65504 ? -65504 : scale);
}
INLINE f16 q8_0_quantize(const float *x, int32_t codes[KV_GROUP]) {
  const f16 scale = kv_scale(x, 127);
  kv_codes(x, scale, -127, 127, codes);
  return scale;
}
INLINE f16 q4_0_quantize(const float *x, int32_t codes[KV_GROUP]) {
  const f16 scale = kv_scale(x, -8);
  kv_codes(x, scale, -8, 7, codes);
  return scale;
}

// One position. `slot` is its place in the block.
#define DEFINE_KV_FLOAT(name, type, convert)                                                           \
  static void key_write_##name(const float *k, uint8_t *keys, uint32_t slot, uint32_t columns) {       \
    type *y = (type *)keys + slot / 16 * 16 * (size_t)columns + slot % 16;                             \
    for (uint32_t c = 0; c < columns; c++) y[16 * (size_t)c] = convert(k[c]);                          \
  }                                                                                                    \
  static void value_write_##name(const float *v, uint8_t *values, uint32_t slot, uint32_t columns) {   \
    type *y = (type *)values + slot * (size_t)value_stride(columns);                                   \
    for (uint32_t c = 0; c < columns; c++) y[c] = convert(v[c]);                                       \
  }
DEFINE_KV_FLOAT(f16, f16, (f16))
DEFINE_KV_FLOAT(f32, float, )
DEFINE_KV_FLOAT(bf16, uint16_t, bf16_from_f32)
#undef DEFINE_KV_FLOAT

static void key_write_q8_0(const float *k, uint8_t *keys, uint32_t slot, uint32_t columns) {
  const uint32_t groups = (columns + KV_GROUP - 1) / KV_GROUP;
  int8_t *y = (int8_t *)keys + slot / 16 * 16 * (size_t)(columns + 2 * groups) + slot % 16;
  f16 *scales = (f16 *)(y - slot % 16 + 16 * (size_t)columns) + slot % 16;
  float padded[KV_GROUP];
  int32_t codes[KV_GROUP];
  for (uint32_t g = 0, c = 0; g < groups; g++) {
    scales[16 * g] = q8_0_quantize(kv_padded(k, c, columns, padded), codes);
    for (uint32_t j = 0; j < KV_GROUP && c < columns; j++, c++) y[16 * (size_t)c] = (int8_t)codes[j];
  }
}
static void value_write_q8_0(const float *v, uint8_t *values, uint32_t slot, uint32_t columns) {
  const uint32_t groups = (columns + KV_GROUP - 1) / KV_GROUP;
  int8_t *y = (int8_t *)values + slot * (size_t)groups * KV_GROUP;
  f16 *scales = (f16 *)(values + 64 * (size_t)groups * KV_GROUP) + slot;
  float padded[KV_GROUP];
  int32_t codes[KV_GROUP];
  for (uint32_t g = 0; g < groups; g++) {
    scales[64 * g] = q8_0_quantize(kv_padded(v, g * KV_GROUP, columns, padded), codes);
    for (uint32_t j = 0; j < KV_GROUP; j++) y[g * KV_GROUP + j] = (int8_t)codes[j];
  }
}
static void key_write_q4_0(const float *k, uint8_t *keys, uint32_t slot, uint32_t columns) {
  const uint32_t groups = (columns + KV_GROUP - 1) / KV_GROUP;
  uint8_t *y = keys + slot / 16 * 16 * (size_t)(18 * groups) + slot % 16;
  f16 *scales = (f16 *)(y - slot % 16 + 256 * (size_t)groups) + slot % 16;
  float padded[KV_GROUP];
  int32_t codes[KV_GROUP];
  for (uint32_t g = 0; g < groups; g++) {
    scales[16 * g] = q4_0_quantize(kv_padded(k, g * KV_GROUP, columns, padded), codes);
    for (uint32_t j = 0; j < 16; j++)
      y[16 * (size_t)(16 * g + j)] = (uint8_t)((codes[j] + 8) | (codes[j + 16] + 8) << 4);
  }
}
static void value_write_q4_0(const float *v, uint8_t *values, uint32_t slot, uint32_t columns) {
  const uint32_t groups = (columns + KV_GROUP - 1) / KV_GROUP;
  uint8_t *y = values + slot * (size_t)groups * 16;
  f16 *scales = (f16 *)(values + 64 * (size_t)groups * 16) + slot;
  float padded[KV_GROUP];
  int32_t codes[KV_GROUP];
  for (uint32_t g = 0; g < groups; g++) {
    scales[64 * g] = q4_0_quantize(kv_padded(v, g * KV_GROUP, columns, padded), codes);
    for (uint32_t j = 0; j < 16; j++) y[16 * g + j] = (uint8_t)((codes[j] + 8) | (codes[j + 16] + 8) << 4);
  }
}

// 16 codes of 8 bits, 0 to 15 or -128 to 127, as numbers.
INLINE f32x16 f32x16_from_i8(i8x16 v) { return __builtin_convertvector(v, f32x16); }
INLINE f32x16 f32x16_from_u8(u8x16 v) { return __builtin_convertvector(v, f32x16); }

// Column `c` of a panel of keys as numbers; `scale` of its group of columns, for types that have scales.
INLINE f32x16 key_vector(enum kv_kind kind, const uint8_t *panel, uint32_t c, f32x16 scale) {
  switch (kind) {
    case KV_F32: return f32x16_load(panel + 64 * (size_t)c);
    case KV_F16: return f32x16_from_f16(f16x16_load(panel + 32 * (size_t)c));
    case KV_BF16: return bf16_widen((const uint16_t *)panel + 16 * (size_t)c);
    case KV_Q8_0: return f32x16_from_i8(i8x16_load(panel + 16 * (size_t)c)) * scale;
    default: {
      const u8x16 both = u8x16_load(panel + 16 * (size_t)(c / KV_GROUP * 16 + c % 16));
      const u8x16 codes = c & 16 ? both >> (u8x16)4 : both & (u8x16)15;
      return (f32x16_from_u8(codes) - f32x16_set(8)) * scale;
    }
  }
}
INLINE f32x16 key_scales(enum kv_kind kind, const uint8_t *panel, uint32_t group, uint32_t columns) {
  if (kind != KV_Q8_0 && kind != KV_Q4_0) return f32x16_set(0);
  const size_t codes = kind == KV_Q8_0 ? 16 * (size_t)columns : 256 * (size_t)((columns + KV_GROUP - 1) / KV_GROUP);
  return f32x16_from_f16(f16x16_load(panel + codes + 32 * group));
}
// The same for values: 16 columns, from `column` (a multiple of 16) on, in a slot; `scale` of a group of 32 columns.
INLINE f32x16 value_vector(enum kv_kind kind, const uint8_t *values, uint32_t slot, uint32_t column, uint32_t columns,
                           f32x16 scale) {
  const size_t at = slot * (size_t)value_stride(columns) + column, groups = (columns + KV_GROUP - 1) / KV_GROUP;
  switch (kind) {
    case KV_F32: return f32x16_load((const float *)values + at);
    case KV_F16: return f32x16_from_f16(f16x16_load(values + 2 * at));
    case KV_BF16: return bf16_widen((const uint16_t *)values + at);
    case KV_Q8_0: return f32x16_from_i8(i8x16_load(values + slot * groups * KV_GROUP + column)) * scale;
    default: {
      const u8x16 both = u8x16_load(values + (slot * groups + column / KV_GROUP) * 16);
      const u8x16 codes = column & 16 ? both >> (u8x16)4 : both & (u8x16)15;
      return (f32x16_from_u8(codes) - f32x16_set(8)) * scale;
    }
  }
}
// Of a group of columns in all slots, for types that have scales.
INLINE void value_scales(enum kv_kind kind, const uint8_t *values, uint32_t group, uint32_t columns, float scales[64]) {
  if (kind != KV_Q8_0 && kind != KV_Q4_0) return;
  const size_t groups = (columns + KV_GROUP - 1) / KV_GROUP;
  const uint8_t *halves = values + 64 * groups * (kind == KV_Q8_0 ? KV_GROUP : KV_GROUP / 2) + 128 * group;
  for (int i = 0; i < 64; i += 16) f32x16_store(scales + i, f32x16_from_f16(f16x16_load(halves + 2 * i)));
}

// What is below is compiled per type: `kind` is a constant there.
#define FOR_KIND(kind, call)             \
  switch (kind) {                        \
    case KV_F32: call(KV_F32); break;    \
    case KV_F16: call(KV_F16); break;    \
    case KV_BF16: call(KV_BF16); break;  \
    case KV_Q8_0: call(KV_Q8_0); break;  \
    default: call(KV_Q4_0);              \
  }

// A panel of keys as numbers (columns, 16).
INLINE void panel_widen(enum kv_kind kind, const uint8_t *panel, uint32_t columns, float *y) {
  for (uint32_t g = 0, c = 0; c < columns; g++) {
    const f32x16 scale = key_scales(kind, panel, g, columns);
    for (const uint32_t end = c + KV_GROUP < columns ? c + KV_GROUP : columns; c < end; c++)
      f32x16_store(y + 16 * c, key_vector(kind, panel, c, scale));
  }
}
static void keys_widen(enum kv_kind kind, const uint8_t *keys, uint32_t part, uint32_t columns, float *y) {
  const uint8_t *panel = keys + part * (kv_key_bytes(kind, columns) / 4);
#define CALL(kind) panel_widen(kind, panel, columns, y)
  FOR_KIND(kind, CALL)
#undef CALL
}

// 32 columns, from `column` (a multiple of 32) on, of `rows` positions from slot `row` on, as numbers (rows, 32). The
// second 16 are zero where there are no more columns.
INLINE void rows_widen(enum kv_kind kind, const uint8_t *values, uint32_t row, uint32_t rows, uint32_t column,
                       uint32_t columns, float *y) {
  const bool two = column + 16 < columns;
  float scales[64];
  value_scales(kind, values, column / KV_GROUP, columns, scales);
  for (uint32_t r = row; r < row + rows; r++, y += KV_GROUP) {
    const f32x16 scale = kind == KV_Q8_0 || kind == KV_Q4_0 ? f32x16_set(scales[r]) : f32x16_set(0);
    f32x16_store(y, value_vector(kind, values, r, column, columns, scale));
    f32x16_store(y + 16, two ? value_vector(kind, values, r, column + 16, columns, scale) : f32x16_set(0));
  }
}
static void values_widen(enum kv_kind kind, const uint8_t *values, uint32_t row, uint32_t rows, uint32_t column,
                         uint32_t columns, float *y) {
#define CALL(kind) rows_widen(kind, values, row, rows, column, columns, y)
  FOR_KIND(kind, CALL)
#undef CALL
}

static void (*const key_writers[KV_COUNT])(const float *, uint8_t *, uint32_t, uint32_t) = {
    [KV_F16] = key_write_f16, [KV_F32] = key_write_f32, [KV_BF16] = key_write_bf16,
    [KV_Q8_0] = key_write_q8_0, [KV_Q4_0] = key_write_q4_0};

static void keys_rotate(enum kv_kind kind, uint8_t *keys, uint32_t columns, const float *table, uint32_t rotated,
                        bool neox) {
  float panel[ARP_LIMIT_HEAD_COLUMNS * 16], row[ARP_LIMIT_HEAD_COLUMNS];  // (columns, 16)
  for (uint32_t part = 0; part < 4; part++) {
    keys_widen(kind, keys, part, columns, panel);
    for (uint32_t i = 0; i < rotated / 2; i++) {
      float *a = panel + 16 * (neox ? i : 2 * i), *b = panel + 16 * (neox ? i + rotated / 2 : 2 * i + 1);
      const f32x16 c = f32x16_set(table[2 * i]), s = f32x16_set(table[2 * i + 1]);
      const f32x16 p = f32x16_load(a), q = f32x16_load(b);
      f32x16_store(a, p * c - q * s);
      f32x16_store(b, p * s + q * c);
    }
    for (uint32_t slot = 0; slot < 16; slot++) {
      for (uint32_t c = 0; c < columns; c++) row[c] = panel[16 * c + slot];
      key_writers[kind](row, keys, 16 * part + slot, columns);
    }
  }
}
