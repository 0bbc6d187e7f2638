// Vectors of the compiler's own kind (GCC, Clang): the source names lanes, not instructions, and
// becomes SSE2 or NEON, AVX2 or AVX-512 by the flags of the file that includes it. Each level lives
// in a namespace of its own: two levels must not share a function that the linker would merge.

#pragma once

#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifndef ASSAY_LANES
#error "a level states its lanes"
#endif

namespace assay {
namespace {

constexpr uint32_t kLanes = ASSAY_LANES;

typedef float Vec __attribute__((vector_size(4 * ASSAY_LANES)));
typedef float Loose __attribute__((vector_size(4 * ASSAY_LANES), aligned(4), may_alias));
typedef float Quad __attribute__((vector_size(16), aligned(4), may_alias));

inline __attribute__((always_inline)) Vec load(const float* p) {
  return *reinterpret_cast<const Loose*>(p);
}

inline __attribute__((always_inline)) void store(float* p, Vec v) {
  *reinterpret_cast<Loose*>(p) = v;
}

inline __attribute__((always_inline)) Quad loadQuad(const float* p) {
  return *reinterpret_cast<const Quad*>(p);
}

inline __attribute__((always_inline)) void storeQuad(float* p, Quad v) {
  *reinterpret_cast<Quad*>(p) = v;
}

/// x - 0 is x for every x but a signalling NaN, -0 among them; x + 0 would not be.
inline __attribute__((always_inline)) Vec splat(float x) { return x - Vec{}; }

typedef uint32_t Words __attribute__((vector_size(4 * ASSAY_LANES)));
typedef int32_t Integers __attribute__((vector_size(4 * ASSAY_LANES)));
typedef uint16_t Halves __attribute__((vector_size(2 * ASSAY_LANES)));
typedef int8_t Bytes __attribute__((vector_size(ASSAY_LANES)));

/// Narrow elements, widened exactly.
inline __attribute__((always_inline)) Vec ofBrains(Halves x) {
  return reinterpret_cast<Vec>(__builtin_convertvector(x, Words) << 16);
}

/// GCC 12 would take a vector of bytes apart to widen it (1 x 4096 x 4096: 5.6 ms against 0.8).
inline __attribute__((always_inline)) Vec ofBytes(Bytes x) {
#if ASSAY_LANES == 16 && defined(__AVX512F__)
  const Integers wide = reinterpret_cast<Integers>(
      _mm512_maskz_cvtepi8_epi32(0xffff, reinterpret_cast<__m128i>(x)));
#elif ASSAY_LANES == 8 && defined(__AVX2__)
  const __m128i low = {int64_t(reinterpret_cast<uint64_t>(x)), 0};
  const Integers wide = reinterpret_cast<Integers>(_mm256_cvtepi8_epi32(low));
#else
  const Integers wide = __builtin_convertvector(x, Integers);
#endif
  return __builtin_convertvector(wide, Vec);
}

/// Without an instruction for it: the exponent is put right by a product with 2^112, which loses
/// nothing of a subnormal, and that of infinities and NaNs after it.
inline __attribute__((always_inline)) Vec ofHalves(Halves x) {
#if ASSAY_LANES == 16 && defined(__AVX512F__)
  return reinterpret_cast<Vec>(_mm512_maskz_cvtph_ps(0xffff, reinterpret_cast<__m256i>(x)));
#elif ASSAY_LANES == 8 && defined(__F16C__)
  return reinterpret_cast<Vec>(_mm256_cvtph_ps(reinterpret_cast<__m128i>(x)));
#else
  const Words bits = __builtin_convertvector(x, Words);
  Words value = reinterpret_cast<Words>(reinterpret_cast<Vec>((bits & 0x7fff) << 13) * 0x1p112f);
  value |= reinterpret_cast<Words>((bits & 0x7c00) == 0x7c00) & 0x7f800000;
  return reinterpret_cast<Vec>(value | (bits & 0x8000) << 16);
#endif
}

/// Four rows of four to four columns: a[i][j] becomes b[j][i], `stride` floats apart.
inline __attribute__((always_inline)) void transposeQuads(Quad p, Quad q, Quad r, Quad s,
                                                          float* to, uint32_t stride) {
  const Quad pqLow = __builtin_shufflevector(p, q, 0, 4, 1, 5);
  const Quad pqHigh = __builtin_shufflevector(p, q, 2, 6, 3, 7);
  const Quad rsLow = __builtin_shufflevector(r, s, 0, 4, 1, 5);
  const Quad rsHigh = __builtin_shufflevector(r, s, 2, 6, 3, 7);
  storeQuad(to, __builtin_shufflevector(pqLow, rsLow, 0, 1, 4, 5));
  storeQuad(to + stride, __builtin_shufflevector(pqLow, rsLow, 2, 3, 6, 7));
  storeQuad(to + 2 * stride, __builtin_shufflevector(pqHigh, rsHigh, 0, 1, 4, 5));
  storeQuad(to + 3 * stride, __builtin_shufflevector(pqHigh, rsHigh, 2, 3, 6, 7));
}

}  // namespace
}  // namespace assay
