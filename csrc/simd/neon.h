// AArch64 with dot product. (Cortex-A76, Apple M1, Graviton 2 and later.)
#pragma once
#include "quad.h"

enum { FEW_TOKENS = 4, MATMUL_TOKENS = 3, MATMUL_TOKENS_HALVES = 2, FLOAT_TOKENS = 4 };
enum { ATTENTION_QUERIES = 4, ATTENTION_VECTORS = 1, ATTENTION_DIRECT = 1 };
