// Chooses the kernel table. build.zig passes ISA_LIST, best first.
#include "dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "cpu.h"

#define X(isa) extern const struct kernels kernels_##isa;
ISA_LIST
#undef X
#define X(isa) &kernels_##isa,
static const struct kernels *const tables[] = {ISA_LIST};
#undef X
enum { TABLES = sizeof tables / sizeof *tables };

const struct kernels *dispatch_table(int i, bool *usable) {
  if (i < 0 || i >= TABLES) return NULL;
  *usable = (cpu_features() & tables[i]->required) == tables[i]->required;
  return tables[i];
}

const struct kernels *dispatch_kernels(void) {
  const char *forced = getenv("ARPEGGIO_ISA");
  bool usable;
  for (int i = 0; i < TABLES; i++)
    if (dispatch_table(i, &usable) && usable && (!forced || !*forced || !strcmp(forced, tables[i]->name)))
      return tables[i];
  return NULL;
}

int dispatch_quant(uint32_t type) {
  switch (type) {
#define QUANT(name, NAME, id, ...) \
  case id: return QUANT_##name;
#include "quants/list.h"
#undef QUANT
    default: return -1;
  }
}
