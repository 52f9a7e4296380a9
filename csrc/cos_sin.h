// cos and sin for rotary positions, in plain f64 arithmetic: libm differs between systems.
#pragma once

// |x| < 2^20 * pi / 2. x is reduced by multiples of pi / 2 in three parts (the first two have 33 significant bits, so
// their products with n < 2^20 are exact); the Taylor series to r^17 are then off by less than 1e-19 at |r| <= pi / 4.
// Absolute error below 1e-15.
static inline void cos_sin(double x, double *cosine, double *sine) {
  const double magic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer.
  const double n = (x * 0.63661977236758134308 + magic) - magic;
  double r = x - n * 1.57079632673412561417e+00;
  r -= n * 6.07710050630396597660e-11;
  r -= n * 2.02226624879595063154e-21;
  const double z = r * r;
  double s = 0, c = 0;
  for (int k = 17; k >= 3; k -= 2) s = (1 - s) * z / (double)(k * (k - 1));
  for (int k = 18; k >= 2; k -= 2) c = (1 - c) * z / (double)(k * (k - 1));
  s = r * (1 - s);
  c = 1 - c;
  const long long quadrant = (long long)n & 3;
  *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
  *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
}
