// Every weight format: name, NAME, GGUF type id, values per block, bytes per block, kind.
// To add one: write quants/<name>.h and name it in both halves of this file.
//
// The kind is INTEGER (w = scale * (u - bias) - min, quants/integer.h), FLOAT or HALF (quants/float.h), or WIDE16 or
// WIDE32: int8 codes with a scale per 16 or 32 columns, which the format is re-encoded to at load (quants/wide.h).
#ifdef QUANT
QUANT(f32, F32, 0, 1, 4, FLOAT)
QUANT(f16, F16, 1, 1, 2, HALF)
QUANT(q4_0, Q4_0, 2, 32, 18, INTEGER)
QUANT(q4_1, Q4_1, 3, 32, 20, INTEGER)
QUANT(q5_0, Q5_0, 6, 32, 22, INTEGER)
QUANT(q5_1, Q5_1, 7, 32, 24, INTEGER)
QUANT(q8_0, Q8_0, 8, 32, 34, INTEGER)
QUANT(q2_k, Q2_K, 10, 256, 84, INTEGER)
QUANT(q3_k, Q3_K, 11, 256, 110, INTEGER)
QUANT(q4_k, Q4_K, 12, 256, 144, INTEGER)
QUANT(q5_k, Q5_K, 13, 256, 176, INTEGER)
QUANT(q6_k, Q6_K, 14, 256, 210, INTEGER)
QUANT(iq2_xxs, IQ2_XXS, 16, 256, 66, WIDE32)
QUANT(iq2_xs, IQ2_XS, 17, 256, 74, WIDE16)
QUANT(iq3_xxs, IQ3_XXS, 18, 256, 98, WIDE32)
QUANT(iq1_s, IQ1_S, 19, 256, 50, WIDE32)
QUANT(iq4_nl, IQ4_NL, 20, 32, 18, INTEGER)
QUANT(iq3_s, IQ3_S, 21, 256, 110, WIDE32)
QUANT(iq2_s, IQ2_S, 22, 256, 82, WIDE16)
QUANT(iq4_xs, IQ4_XS, 23, 256, 136, INTEGER)
QUANT(iq1_m, IQ1_M, 29, 256, 56, WIDE16)
QUANT(bf16, BF16, 30, 1, 2, HALF)
QUANT(tq1_0, TQ1_0, 34, 256, 54, WIDE32)
QUANT(tq2_0, TQ2_0, 35, 256, 66, WIDE32)
QUANT(mxfp4, MXFP4, 39, 32, 17, INTEGER)
QUANT(nvfp4, NVFP4, 40, 64, 36, WIDE16)
QUANT(q1_0, Q1_0, 41, 128, 18, WIDE32)
QUANT(q2_0, Q2_0, 42, 64, 18, WIDE32)
#else
#include "bf16.h"
#include "f16.h"
#include "f32.h"
#include "iq1_m.h"
#include "iq1_s.h"
#include "iq2_s.h"
#include "iq2_xs.h"
#include "iq2_xxs.h"
#include "iq3_s.h"
#include "iq3_xxs.h"
#include "iq4_nl.h"
#include "iq4_xs.h"
#include "mxfp4.h"
#include "nvfp4.h"
#include "q1_0.h"
#include "q2_0.h"
#include "q2_k.h"
#include "q3_k.h"
#include "q4_0.h"
#include "q4_1.h"
#include "q4_k.h"
#include "q5_0.h"
#include "q5_1.h"
#include "q5_k.h"
#include "q6_k.h"
#include "q8_0.h"
#include "tq1_0.h"
#include "tq2_0.h"
#endif
