// Register tiles over integers. All arithmetic is modulo 2^32, so sums may be taken in any order and
// the zero points may be multiplied out; every intermediate result must only be right modulo 2^32.
//
// Words: a lane takes two k, both operands i16 that already lack their zero points. |product| is at
// most 2^30, and of two of them only -2^15 * -2^15 twice leaves i32, by wrapping: exact.
// Quads: a lane takes four k, A i8 and B u8 as the instruction wants them; what that leaves out is
//
//   sum (a - za)(b - zb) = sum a b - za sum b - zb sum a + k za zb
//
// and is added when a block of k is done. vpdpbusd does not saturate between its four products and
// the sum (vpdpbusds would); vpmaddubsw saturates at 16 bits, so AVX2 has no quads.

#pragma once

#include <utility>

#include "integer-job.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace assay {
namespace {

constexpr uint32_t kLanes = ASSAY_LANES;
typedef uint32_t Sums __attribute__((vector_size(4 * ASSAY_LANES)));
typedef uint32_t LooseSums __attribute__((vector_size(4 * ASSAY_LANES), aligned(4), may_alias));
typedef int32_t Signed __attribute__((vector_size(4 * ASSAY_LANES)));

inline __attribute__((always_inline)) Sums load(const uint32_t* p) {
  return *reinterpret_cast<const LooseSums*>(p);
}
inline __attribute__((always_inline)) void store(uint32_t* p, Sums v) {
  *reinterpret_cast<LooseSums*>(p) = v;
}
inline __attribute__((always_inline)) Sums splat(uint32_t x) { return x - Sums{}; }

inline __attribute__((always_inline)) Sums addWords(Sums sum, Sums a, Sums b) {
#if defined(__AVX512VNNI__)
  return (Sums)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)b, (__m512i)a);
#elif ASSAY_LANES == 16
  return sum + (Sums)_mm512_madd_epi16((__m512i)b, (__m512i)a);
#elif ASSAY_LANES == 8
  return sum + (Sums)_mm256_madd_epi16((__m256i)b, (__m256i)a);
#elif defined(__SSE2__)
  return sum + (Sums)_mm_madd_epi16((__m128i)b, (__m128i)a);
#else
  const Sums low = (Sums)((Signed)(a << 16) >> 16) * (Sums)((Signed)(b << 16) >> 16);
  return sum + low + (Sums)((Signed)a >> 16) * (Sums)((Signed)b >> 16);
#endif
}

inline __attribute__((always_inline)) Sums addQuads(Sums sum, Sums a, Sums b) {
#if defined(__AVX512VNNI__)
  return (Sums)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)b, (__m512i)a);
#else
  (void)a, (void)b;
  return sum;
#endif
}

struct IntegerTile {
  /// Lanes' worth of k.
  uint32_t groups;
  /// [group][rows of the tile], and the panel's [group][32] at the tile's first column.
  const uint32_t* a;
  const uint32_t* b;
  uint32_t* c;
  size_t ldc;
  /// Whether C holds the sums of the blocks before.
  bool adds;
  /// Quads only, by row: za and k za - sum a; by column: - sum b and zb. Null for words.
  const uint32_t* rowZero;
  const uint32_t* rowRest;
  const uint32_t* columnSum;
  const uint32_t* columnZero;
};

constexpr size_t kAhead = 2048;

template <int kRows, int kVectors, bool kIsQuads>
void integerTile(const IntegerTile& t) {
  Sums acc[kRows][kVectors] = {};
  const uint32_t* a = t.a;
  const uint32_t* b = t.b;
  // One pointer per column, for the reason that tile.h gives.
  const uint32_t* second = a;
  __asm__("" : "+r"(second));
  for (uint32_t g = 0; g < t.groups; g++) {
#pragma GCC unroll 4
    for (int line = 0; line * 16 < kVectors * int(kLanes); line++) {
      __builtin_prefetch(reinterpret_cast<const char*>(b) + kAhead + 64 * line);
    }
    Sums row[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; v++) row[v] = load(b + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; v++) {
        const Sums x = splat(kLanes == 16 && v % 2 ? second[r] : a[r]);
        acc[r][v] = kIsQuads ? addQuads(acc[r][v], x, row[v]) : addWords(acc[r][v], x, row[v]);
      }
    }
    a += kRows;
    second += kRows;
    b += kPanel;
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; v++) {
      uint32_t* c = t.c + r * t.ldc + v * kLanes;
      if (kIsQuads) {
        acc[r][v] += t.rowZero[r] * load(t.columnSum + v * kLanes);
        acc[r][v] += t.rowRest[r] * load(t.columnZero + v * kLanes);
      }
      store(c, t.adds ? acc[r][v] + load(c) : acc[r][v]);
    }
  }
}

using RunIntegerTile = void (*)(const IntegerTile&);

template <int kVectors, bool kIsQuads, int... kRows>
constexpr RunIntegerTile pickIntegers(uint32_t rows, std::integer_sequence<int, kRows...>) {
  constexpr RunIntegerTile table[] = {integerTile<kRows + 1, kVectors, kIsQuads>...};
  return table[rows - 1];
}

/// The tile of `rows` (1 to ASSAY_TALL) by one or two vectors.
template <bool kIsQuads>
RunIntegerTile integerTileOf(uint32_t rows, uint32_t vectors) {
  using All = std::make_integer_sequence<int, ASSAY_TALL>;
  return vectors == 1 ? pickIntegers<1, kIsQuads>(rows, All{})
                      : pickIntegers<2, kIsQuads>(rows, All{});
}

}  // namespace
}  // namespace assay
