// What csrc/kernels/pack.c defines for each format, by the name of the instruction set it is compiled for.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define PACKING__(what, name, isa) what##_##name##_##isa
#define PACKING_(what, name, isa) PACKING__(what, name, isa)
#define PACKING(what, name) PACKING_(what, name, PACK_ISA)

#define DECLARE_PACK(what, name) \
  void PACKING(what, name)(void *tiles, const uint8_t *rows_data, size_t row_bytes, uint32_t rows, uint32_t columns);
#define DECLARE_INTEGER(name) DECLARE_PACK(pack, name)
#define DECLARE_WIDE16(name) DECLARE_PACK(pack, name)
#define DECLARE_WIDE32(name) DECLARE_PACK(pack, name)
#define DECLARE_FLOAT(name) DECLARE_PACK(pack, name)
#define DECLARE_HALF(name)   \
  DECLARE_PACK(pack, name)   \
  DECLARE_PACK(pack_narrow, name) \
  uint32_t PACKING(narrow_misses, name)(const uint8_t *rows_data, size_t row_bytes, uint32_t columns);
#define QUANT(name, NAME, id, values, bytes, kind) \
  void PACKING(dequantize, name)(const void *data, float *out, size_t count); \
  DECLARE_##kind(name)
#include "../quants/list.h"
#undef QUANT
