// Dot products of codes with activations, in progress, where the machine adds four products to a 32-bit lane at once.
// The vocabulary of all instruction sets: dots_start(sum), dots_add for each four columns, dots_end after `count` of
// them. k counts them from 0; `bits` are those of the codes. k, bits and count are constants.
#pragma once

typedef i32x16 dots;

INLINE dots dots_start(i32x16 sum) { return sum; }
INLINE dots dots_add(dots d, u8x64 codes, const int8_t *x, int k, int bits) {
  (void)k;
  return bits == SIGNED_BITS ? dot_w8(d, codes, x) : dot_u6(d, codes, x);
}
INLINE i32x16 dots_end(dots d, int count, int bits) {
  (void)count, (void)bits;
  return d;
}
