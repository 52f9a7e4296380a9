// Which kernel table is in use.
#pragma once
#include "kernels.h"

// The best table this machine can run, or the one ARPEGGIO_ISA names; NULL when that one is unknown or unusable here.
const struct kernels *dispatch_kernels(void);
// The i-th table of this build, best first, and whether this machine can run it; NULL beyond the last.
const struct kernels *dispatch_table(int i, bool *usable);
// -1 for types that are no weight format.
int dispatch_quant(uint32_t type);
