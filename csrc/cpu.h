// What this machine can do, and what this translation unit was compiled for.
#pragma once
#include <stdint.h>

enum {
  CPU_AVX2 = 1, CPU_FMA = 2, CPU_F16C = 4, CPU_AVX512 = 8, CPU_AVX512_VNNI = 16, CPU_NEON_DOT = 32, CPU_AVX_VNNI = 64,
  CPU_NEON_I8MM = 128,
};

uint32_t cpu_features(void);
// Physical cores this process may use; at least 1.
uint32_t cpu_cores(void);

// Read back from the compiler itself, so the run-time check can never disagree with the build flags.
static const uint32_t cpu_required = 0
#ifdef __AVX2__
    | CPU_AVX2
#endif
#ifdef __FMA__
    | CPU_FMA
#endif
#ifdef __F16C__
    | CPU_F16C
#endif
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
    | CPU_AVX512
#endif
#ifdef __AVX512VNNI__
    | CPU_AVX512_VNNI
#endif
#ifdef __AVXVNNI__
    | CPU_AVX_VNNI
#endif
#ifdef __ARM_FEATURE_DOTPROD
    | CPU_NEON_DOT
#endif
#ifdef __ARM_FEATURE_MATMUL_INT8
    | CPU_NEON_I8MM
#endif
    ;
