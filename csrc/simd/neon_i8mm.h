// AArch64 with dot product and the 8-bit matrix product smmla. (Apple M2, Graviton 3, Cortex-A510 and later.)
#pragma once
#include "quad.h"

// One pair of tokens (below): two would not leave registers for their results, which costs more loads and stores than
// codes that are loaded once for both save.
enum { FEW_TOKENS = 4, MATMUL_TOKENS = 2, MATMUL_TOKENS_HALVES = 2, FLOAT_TOKENS = 4 };
enum { ATTENTION_QUERIES = 4, ATTENTION_VECTORS = 1, ATTENTION_DIRECT = 1 };

// smmla multiplies 8 columns of two rows by those of two tokens: twice the products of a dot product. Where there are
// many tokens, they are multiplied in pairs, with words of their own:
//   pair_zip(codes)                  codes of 16 columns: each register gets 8 columns of two rows
//   pair_start(first, second)        where the sums of the two tokens start
//   pair_add(pair, codes, x, other)  adds 16 columns, zipped, with the activations of one and the other token
//   pair_end(pair, dot)              16 sums per token
#define TOKEN_PAIRS
typedef struct {
  int32x4_t i[8];  // Rows 2i and 2i + 1: row, token.
} token_pair;

// Vectors 2k and 2k + 1, columns 8k to 8k + 7, become rows 0 to 7 and rows 8 to 15.
INLINE void pair_zip(u8x64 codes[4]) {
  UNROLL for (int k = 0; k < 4; k += 2) {
    const quad low = {.u8 = codes[k]}, high = {.u8 = codes[k + 1]};
    quad zipped[2];
    for (int i = 0; i < 4; i++) {
      zipped[i / 2].i[2 * (i % 2)] = vzip1q_s32(low.i[i], high.i[i]);
      zipped[i / 2].i[2 * (i % 2) + 1] = vzip2q_s32(low.i[i], high.i[i]);
    }
    codes[k] = zipped[0].u8, codes[k + 1] = zipped[1].u8;
  }
}
INLINE token_pair pair_start(int32_t first, int32_t second) {
  const int32x2_t both = vset_lane_s32(second, vdup_n_s32(first), 1);
  token_pair p;
  UNROLL for (int i = 0; i < 8; i++) p.i[i] = vcombine_s32(both, both);
  return p;
}
INLINE token_pair pair_add(token_pair p, const u8x64 codes[4], const int8_t *x, const int8_t *other) {
  const int64x2_t a = vreinterpretq_s64_s8(vld1q_s8(x)), b = vreinterpretq_s64_s8(vld1q_s8(other));
  const int8x16_t columns[2] = {vreinterpretq_s8_s64(vzip1q_s64(a, b)), vreinterpretq_s8_s64(vzip2q_s64(a, b))};
  UNROLL for (int k = 0; k < 2; k++)
    UNROLL for (int i = 0; i < 8; i++) {
      const quad w = {.u8 = codes[2 * k + i / 4]};
      p.i[i] = vmmlaq_s32(p.i[i], w.b[i % 4], columns[k]);
    }
  return p;
}
INLINE void pair_end(token_pair p, i32x16 dot[2]) {
  quad first, second;
  UNROLL for (int i = 0; i < 4; i++) {
    first.i[i] = vuzp1q_s32(p.i[2 * i], p.i[2 * i + 1]);
    second.i[i] = vuzp2q_s32(p.i[2 * i], p.i[2 * i + 1]);
  }
  dot[0] = first.i32, dot[1] = second.i32;
}
