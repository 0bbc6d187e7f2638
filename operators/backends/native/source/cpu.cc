#include "cpu.h"

#include <cstring>

#include "integer-job.h"

namespace assay {

#if defined(__x86_64__)

const Level* const* levelsHere() {
  static const Level* const all[] = {&kAvx512, &kAvx2, &kPortable, nullptr};
  // These ask the operating system too whether it keeps the wide registers.
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512) return all;
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
  return all + (avx2 ? 1 : 2);
}

const Integers* const* integersHere() {
  static const Integers* const all[] = {&kIntegersVnni, &kIntegersAvx512, &kIntegersAvx2,
                                        &kIntegersPortable, nullptr};
  const Level* best = *levelsHere();
  if (best == &kAvx512) return all + (__builtin_cpu_supports("avx512vnni") ? 0 : 1);
  return all + (best == &kAvx2 ? 2 : 3);
}

bool hasSha() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & (1u << 29))) return false;
  return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1");
}

#else

const Level* const* levelsHere() {
  static const Level* const all[] = {&kPortable, nullptr};
  return all;
}

const Integers* const* integersHere() {
  static const Integers* const all[] = {&kIntegersPortable, nullptr};
  return all;
}

bool hasSha() { return false; }

#endif

const Integers* integersNamed(const char* name) {
  for (auto own = integersHere(); *own; own++) {
    if (!std::strcmp((*own)->name, name)) return *own;
  }
  return nullptr;
}

const Level* levelNamed(const char* name) {
  for (auto level = levelsHere(); *level; level++) {
    if (!std::strcmp((*level)->name, name)) return *level;
  }
  return nullptr;
}

}  // namespace assay
