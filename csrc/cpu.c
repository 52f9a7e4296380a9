// CPU detection.
#define _GNU_SOURCE
#include "cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>

uint32_t cpu_features(void) {
  uint32_t a, b, c, d, lo, hi, found = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return 0;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  if ((lo & 6) != 6) return 0;  // The OS does not save the upper halves of YMM registers.
  if (c & bit_FMA) found |= CPU_FMA;
  if (c & bit_F16C) found |= CPU_F16C;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  if (b & bit_AVX2) found |= CPU_AVX2;
  uint32_t leaf_a, leaf_b, leaf_c, leaf_d;
  if (__get_cpuid_count(7, 1, &leaf_a, &leaf_b, &leaf_c, &leaf_d) && leaf_a & 1u << 4) found |= CPU_AVX_VNNI;
  if ((lo & 0xe6) != 0xe6) return found;  // Nor the opmask and ZMM registers.
  if ((b & bit_AVX512F) && (b & bit_AVX512BW) && (b & bit_AVX512VL) && (b & bit_AVX512DQ)) found |= CPU_AVX512;
  if (c & bit_AVX512VNNI) found |= CPU_AVX512_VNNI;
  return found;
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
uint32_t cpu_features(void) {
  uint32_t found = 0;
  if (getauxval(AT_HWCAP) & 1ul << 20) found |= CPU_NEON_DOT;    // HWCAP_ASIMDDP
  if (getauxval(AT_HWCAP2) & 1ul << 13) found |= CPU_NEON_I8MM;  // HWCAP2_I8MM
  return found;
}
#elif defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
uint32_t cpu_features(void) {
  uint32_t found = 0;
  if (IsProcessorFeaturePresent(43)) found |= CPU_NEON_DOT;   // PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE
  if (IsProcessorFeaturePresent(66)) found |= CPU_NEON_I8MM;  // PF_ARM_V82_I8MM_INSTRUCTIONS_AVAILABLE
  return found;
}
#else
#include <sys/sysctl.h>
// Every Apple silicon Mac has the dot product. What systems do not know of, they have no name for.
uint32_t cpu_features(void) {
  int i8mm = 0;
  size_t size = sizeof i8mm;
  if (sysctlbyname("hw.optional.arm.FEAT_I8MM", &i8mm, &size, 0, 0)) i8mm = 0;
  return CPU_NEON_DOT | (i8mm ? CPU_NEON_I8MM : 0);
}
#endif

#if defined(__linux__)
#include <sched.h>
#include <stdio.h>

// Whether no lower-numbered sibling shares this CPU's core.
static int first_of_core(int cpu) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
  FILE *f = fopen(path, "re");
  int first = cpu;
  if (f && fscanf(f, "%d", &first) != 1) first = cpu;
  if (f) fclose(f);
  return first == cpu;
}

// CPU time the container may use, in whole CPUs; 0 when unlimited.
static uint32_t quota_cpus(void) {
  FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
  long quota = 0, period = 0;
  const int read = f ? fscanf(f, "%ld %ld", &quota, &period) : 0;
  if (f) fclose(f);
  return read == 2 && quota > 0 && period > 0 ? (uint32_t)((quota + period - 1) / period) : 0;
}

uint32_t cpu_cores(void) {
  cpu_set_t set;
  uint32_t usable = 0, cores = 0;
  if (sched_getaffinity(0, sizeof set, &set)) return 1;
  for (int i = 0; i < CPU_SETSIZE; i++) {
    if (!CPU_ISSET(i, &set)) continue;
    usable++;
    cores += (uint32_t)first_of_core(i);
  }
  if (!cores) cores = usable;  // Only second siblings are left to this process.
  const uint32_t quota = quota_cpus();
  return quota && quota < cores ? quota : cores ? cores : 1;
}
#elif defined(__APPLE__)
#include <sys/sysctl.h>
uint32_t cpu_cores(void) {
  int cores = 0;
  size_t size = sizeof cores;
  // Performance cores where there are two kinds.
  if (sysctlbyname("hw.perflevel0.physicalcpu", &cores, &size, 0, 0) || cores < 1)
    if (sysctlbyname("hw.physicalcpu", &cores, &size, 0, 0)) cores = 1;
  return cores > 0 ? (uint32_t)cores : 1;
}
#else
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
uint32_t cpu_cores(void) {
  SYSTEM_LOGICAL_PROCESSOR_INFORMATION info[512];
  DWORD bytes = sizeof info;
  uint32_t cores = 0;
  if (GetLogicalProcessorInformation(info, &bytes))
    for (DWORD i = 0; i < bytes / sizeof *info; i++) cores += info[i].Relationship == RelationProcessorCore;
  return cores ? cores : 1;
}
#endif
