// What this machine can do at most: the limits that speeds are compared with.
#pragma once
#include "abi.h"

// The best of several rounds that take about a tenth of a second together.
int32_t limit_measure(enum arp_rate kind, uint32_t threads, double *rate, struct arp_error *error);
