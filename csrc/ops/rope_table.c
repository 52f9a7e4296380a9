// ROPE_TABLE: cos and sin of position * inverse frequency, once per step for all layers (Su et al. 2021).
#include <string.h>

#include "check.h"

enum { CHUNK_TOKENS = 8 };

static int32_t check(struct plan *plan, uint32_t index, struct arp_error *error) {
  CHECK_BEGIN(plan, index, error);
  if (!has_flags(c, 0) || !is_buffer(c, "dst", c.i->dst, ARP_TYPE_F32) ||
      !is_weight(c, "weight 0", c.i->weight[0], ARP_LAYOUT_ROWS, ARP_TYPE_F64, 1, 0))
    return ARP_STATUS_INVALID;
  const uint64_t pairs = weight_at(plan, c.i->weight[0])->columns;
  return has_shape(c, "dst", c.i->dst, ARP_ROWS_TOKENS, 2 * pairs) ? ARP_STATUS_OK : ARP_STATUS_INVALID;
}
static uint32_t chunks(const struct plan *plan, const struct arp_instr *i) {
  (void)i;
  return divide_up(plan->frame.tokens, CHUNK_TOKENS);
}

// cos and sin of x, |x| < 2^20 * pi / 2, in plain f64 arithmetic: libm differs between systems. x is reduced by
// multiples of pi / 2 in three parts (the first two have 33 significant bits, so their products with n < 2^20 are
// exact); the Taylor series to r^17 are then off by less than 1e-19 at |r| <= pi / 4. Absolute error below 1e-15.
static void cos_sin(double x, double *cosine, double *sine) {
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

static void run(const struct plan *plan, const struct arp_instr *i, uint32_t chunk, uint32_t thread) {
  (void)thread;
  const struct weight *w = weight_at(plan, i->weight[0]);
  for (uint32_t t = chunk * CHUNK_TOKENS; t < plan->frame.tokens && t < (chunk + 1) * CHUNK_TOKENS; t++) {
    float *y = row_at(plan, i->dst, t);
    for (uint32_t k = 0; k < w->columns; k++) {
      double frequency, cosine, sine;
      memcpy(&frequency, w->source + 8 * (size_t)k, 8);
      cos_sin((double)plan->frame.positions[t] * frequency, &cosine, &sine);
      y[2 * k] = (float)(cosine * (double)i->f[0]);
      y[2 * k + 1] = (float)(sine * (double)i->f[0]);
    }
  }
}
const struct op op_rope_table = {"rope_table", check, chunks, run};
