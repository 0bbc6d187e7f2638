// What the processor can do, and the state its arithmetic must be in.

#pragma once

#include "level.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <xmmintrin.h>
#endif

namespace assay {

/// The levels that run here, the fastest first; ends with a null.
const Level* const* levelsHere();

/// The level of that name, where this processor has it.
const Level* levelNamed(const char* name);

/// True where SHA-256 has instructions of its own.
bool hasSha();

/// Rounds to nearest with subnormals kept while it lives: another addon may have set this thread's
/// flush-to-zero bits, which change results (numeric contract, rule 1).
class PlainArithmetic {
 public:
#if defined(__x86_64__)
  PlainArithmetic() : before(_mm_getcsr()) {
    if ((before & kControl) != kDefault) _mm_setcsr(kDefault);
  }
  ~PlainArithmetic() {
    if ((before & kControl) != kDefault) _mm_setcsr(before);
  }

 private:
  /// All but the sticky exception flags; the default masks every exception and nothing else.
  static constexpr unsigned kControl = 0xffc0;
  static constexpr unsigned kDefault = 0x1f80;
  unsigned before;
#elif defined(__aarch64__)
  PlainArithmetic() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    if (before) __asm__ volatile("msr fpcr, %0" : : "r"(uint64_t{0}));
  }
  ~PlainArithmetic() {
    if (before) __asm__ volatile("msr fpcr, %0" : : "r"(before));
  }

 private:
  uint64_t before;
#else
  PlainArithmetic() {}
#endif
};

}  // namespace assay
