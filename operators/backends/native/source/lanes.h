// Micro-ops on vectors: elements by lanes, every result what the interpreter gives for its lane
// (docs/element-programs.md). NaNs may be any inside; whoever looks at bits makes them canonical.

#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "vectors.h"

#define INLINE inline __attribute__((always_inline))

namespace assay {
namespace {

/// Vectors that a function works on side by side: it is one long chain, and the processor looks ahead
/// over two or three vectors only (ns per exp with 1, 2, 4, 8: AVX-512 1.20, 1.10, 0.93, 0.86; AVX2
/// 1.66, 1.54, 1.21, 1.15).
constexpr int kWays = 4;
/// Lanes of an f64 register, and so of all that works in f64.
constexpr uint32_t kWide = kLanes / 2;

typedef double F64 __attribute__((vector_size(4 * ASSAY_LANES)));
typedef float F32 __attribute__((vector_size(2 * ASSAY_LANES)));
// What comparisons yield, all ones where true: also the integers of that width.
typedef decltype(F64{} < F64{}) I64;
typedef decltype(F32{} < F32{}) I32;
typedef uint64_t U64 __attribute__((vector_size(4 * ASSAY_LANES)));
typedef uint32_t U32 __attribute__((vector_size(2 * ASSAY_LANES)));
typedef float LooseF32 __attribute__((vector_size(2 * ASSAY_LANES), aligned(4), may_alias));
// A whole register of f32, as Vec, and its integers.
typedef decltype(Vec{} < Vec{}) IntVec;
typedef uint32_t WordVec __attribute__((vector_size(4 * ASSAY_LANES)));

INLINE F64 f64(double x) { return x - F64{}; }
INLINE F32 f32(float x) { return x - F32{}; }
INLINE I64 i64(uint64_t x) { return (I64)(x - U64{}); }
INLINE I32 i32(uint32_t x) { return (I32)(x - U32{}); }
INLINE I32 always() { return i32(~0u); }
INLINE I32 never() { return I32{}; }

INLINE Vec canonical(Vec x) { return x == x ? x : splat(__builtin_nanf("")); }

/// Micro-ops of one float type, in vectors F of E with integers I of the same width.
template <typename F, typename I, typename E>
struct FloatOps {
  static constexpr bool kDouble = sizeof(E) == 8;
  static INLINE F splat(E x) { return x - F{}; }
  static INLINE I sign() { return (I)splat(E(-0.0)); }
  static INLINE F abs(F x) { return (F)((I)x & ~sign()); }
  static INLINE F neg(F x) { return (F)((I)x ^ sign()); }
  static INLINE F withSignOf(F x, F of) { return (F)(((I)x & ~sign()) | ((I)of & sign())); }
  /// Below 2^52 (2^23) adding and taking away that much rounds to an integer, ties to even; beyond,
  /// everything is one.
  static INLINE F nearest(F x) {
    const F large = splat(kDouble ? E(0x1p52) : E(0x1p23));
    const F magnitude = abs(x);
    const F rounded = withSignOf((magnitude + large) - large, x);
    return magnitude < large ? rounded : x;
  }
  static INLINE F floor(F x) {
    const F n = nearest(x);
    return withSignOf(n > x ? n - splat(1) : n, x);
  }
  static INLINE F ceil(F x) {
    const F n = nearest(x);
    return withSignOf(n < x ? n + splat(1) : n, x);
  }
  static INLINE F trunc(F x) { return withSignOf(floor(abs(x)), x); }
  // Of two orders of the operands, one yields each where they are equal or not ordered; the bits of
  // both decide: a NaN wins, and -0 where the smaller is asked for.
  static INLINE F min(F a, F b) { return (F)((I)(a < b ? a : b) | (I)(b < a ? b : a)); }
  static INLINE F max(F a, F b) {
    const F largest = (F)((I)(a > b ? a : b) & (I)(b > a ? b : a));
    return a == a && b == b ? largest : a + b;
  }
};

/// One vector's worth of a micro-op.
namespace one {

#if ASSAY_LANES == 16
// GCC 12 widens in two halves.
INLINE F64 promote_f32(F32 x) { return (F64)_mm512_maskz_cvtps_pd(0xff, (__m256)x); }
#else
INLINE F64 promote_f32(F32 x) { return __builtin_convertvector(x, F64); }
#endif
INLINE F32 demote_f64(F64 x) { return __builtin_convertvector(x, F32); }

INLINE F64 canonical(F64 x) { return x == x ? x : f64(__builtin_nan("")); }
INLINE F32 canonical(F32 x) { return x == x ? x : f32(__builtin_nanf("")); }

INLINE I64 reinterpret_f64(F64 x) { return (I64)canonical(x); }
INLINE F64 reinterpret_i64(I64 x) { return (F64)x; }
INLINE I32 reinterpret_f32(F32 x) { return (I32)canonical(x); }

INLINE F64 select(I64 mask, F64 a, F64 b) { return mask ? a : b; }
INLINE F32 select(I32 mask, F32 a, F32 b) { return mask ? a : b; }
INLINE I64 select(I64 mask, I64 a, I64 b) { return mask ? a : b; }
INLINE F64 select(I32 mask, F64 a, F64 b) { return select(__builtin_convertvector(mask, I64), a, b); }
INLINE F32 select(I64 mask, F32 a, F32 b) { return select(__builtin_convertvector(mask, I32), a, b); }
INLINE I64 select(I32 mask, I64 a, I64 b) { return select(__builtin_convertvector(mask, I64), a, b); }

template <typename T>
INLINE T bitAnd(T a, T b) { return a & b; }
template <typename T>
INLINE T bitOr(T a, T b) { return a | b; }
template <typename T>
INLINE T bitXor(T a, T b) { return a ^ b; }
// Masks of two widths meet in the narrower.
INLINE I32 bitAnd(I64 a, I32 b) { return __builtin_convertvector(a, I32) & b; }
INLINE I32 bitAnd(I32 a, I64 b) { return a & __builtin_convertvector(b, I32); }
INLINE I32 bitOr(I64 a, I32 b) { return __builtin_convertvector(a, I32) | b; }
INLINE I32 bitOr(I32 a, I64 b) { return a | __builtin_convertvector(b, I32); }
INLINE I32 bitXor(I64 a, I32 b) { return __builtin_convertvector(a, I32) ^ b; }
INLINE I32 bitXor(I32 a, I64 b) { return a ^ __builtin_convertvector(b, I32); }

INLINE I64 wrapAdd(I64 a, I64 b) { return (I64)((U64)a + (U64)b); }
INLINE I64 wrapSub(I64 a, I64 b) { return (I64)((U64)a - (U64)b); }
INLINE I64 wrapMul(I64 a, I64 b) { return (I64)((U64)a * (U64)b); }
INLINE I64 shl(I64 a, I64 by) { return (I64)((U64)a << (U64)by); }
INLINE I64 shr_u(I64 a, I64 by) { return (I64)((U64)a >> (U64)by); }

using Doubles = FloatOps<F64, I64, double>;
using Floats = FloatOps<F32, I32, float>;

INLINE F64 abs(F64 x) { return Doubles::abs(x); }
INLINE F64 neg(F64 x) { return Doubles::neg(x); }
INLINE F64 nearest(F64 x) { return Doubles::nearest(x); }
INLINE F64 trunc(F64 x) { return Doubles::trunc(x); }
INLINE F32 abs(F32 x) { return Floats::abs(x); }
INLINE F32 neg(F32 x) { return Floats::neg(x); }

// What the language of vectors has no sign for. `lesser` is a < b ? a : b, and `greater` a > b ? a : b,
// NaN and zeros included: exactly what x86's min and max do, which GCC does not see. (It warns of the
// plain AVX-512 forms.)
#if ASSAY_LANES == 16
INLINE F64 lesser(F64 a, F64 b) { return (F64)_mm512_maskz_min_pd(0xff, (__m512d)a, (__m512d)b); }
INLINE F64 greater(F64 a, F64 b) { return (F64)_mm512_maskz_max_pd(0xff, (__m512d)a, (__m512d)b); }
INLINE F64 sqrt(F64 x) { return (F64)_mm512_maskz_sqrt_pd(0xff, (__m512d)x); }
INLINE Vec sqrt(Vec x) { return (Vec)_mm512_maskz_sqrt_ps(0xffff, (__m512)x); }
#elif ASSAY_LANES == 8
INLINE F64 lesser(F64 a, F64 b) { return (F64)_mm256_min_pd((__m256d)a, (__m256d)b); }
INLINE F64 greater(F64 a, F64 b) { return (F64)_mm256_max_pd((__m256d)a, (__m256d)b); }
INLINE F64 sqrt(F64 x) { return (F64)_mm256_sqrt_pd((__m256d)x); }
INLINE Vec sqrt(Vec x) { return (Vec)_mm256_sqrt_ps((__m256)x); }
#elif defined(__x86_64__)
INLINE F64 lesser(F64 a, F64 b) { return (F64)_mm_min_pd((__m128d)a, (__m128d)b); }
INLINE F64 greater(F64 a, F64 b) { return (F64)_mm_max_pd((__m128d)a, (__m128d)b); }
INLINE F64 sqrt(F64 x) { return (F64)_mm_sqrt_pd((__m128d)x); }
INLINE Vec sqrt(Vec x) { return (Vec)_mm_sqrt_ps((__m128)x); }
#else
INLINE F64 lesser(F64 a, F64 b) { return a < b ? a : b; }
INLINE F64 greater(F64 a, F64 b) { return a > b ? a : b; }
INLINE F64 sqrt(F64 x) {
  for (uint32_t i = 0; i < kWide; i++) x[i] = __builtin_sqrt(x[i]);
  return x;
}
INLINE Vec sqrt(Vec x) {
  for (uint32_t i = 0; i < kLanes; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
}
#endif

}  // namespace one

/// What a function works on: kWays vectors side by side, and constants that are one for all of them.
template <typename V>
struct Many {
  V v[kWays];
};

template <typename V>
INLINE V partOf(const V& x, int) { return x; }
template <typename V>
INLINE V partOf(const Many<V>& x, int i) { return x.v[i]; }

template <typename Op, typename... A>
INLINE auto lift(Op op, const A&... a) {
  Many<decltype(op(partOf(a, 0)...))> y;
#pragma GCC unroll 8
  for (int i = 0; i < kWays; i++) y.v[i] = op(partOf(a, i)...);
  return y;
}

#define ASSAY_LIFT(name)                                                                    \
  template <typename... A>                                                                  \
  INLINE auto name(const A&... a) {                                                         \
    return lift([](auto... x) __attribute__((always_inline)) { return one::name(x...); }, a...); \
  }
ASSAY_LIFT(promote_f32)
ASSAY_LIFT(demote_f64)
ASSAY_LIFT(reinterpret_f64)
ASSAY_LIFT(reinterpret_i64)
ASSAY_LIFT(reinterpret_f32)
ASSAY_LIFT(select)
ASSAY_LIFT(bitAnd)
ASSAY_LIFT(bitOr)
ASSAY_LIFT(bitXor)
ASSAY_LIFT(wrapAdd)
ASSAY_LIFT(wrapSub)
ASSAY_LIFT(wrapMul)
ASSAY_LIFT(shl)
ASSAY_LIFT(shr_u)
ASSAY_LIFT(abs)
ASSAY_LIFT(neg)
ASSAY_LIFT(nearest)
ASSAY_LIFT(trunc)
ASSAY_LIFT(sqrt)
ASSAY_LIFT(lesser)
ASSAY_LIFT(greater)
#undef ASSAY_LIFT

#define ASSAY_LIFT(sign)                                                                       \
  template <typename V, typename B>                                                            \
  INLINE auto operator sign(const Many<V>& a, const B& b) {                                    \
    return lift([](auto x, auto y) __attribute__((always_inline)) { return x sign y; }, a, b); \
  }                                                                                            \
  template <typename V>                                                                        \
  INLINE auto operator sign(const V& a, const Many<V>& b) {                                    \
    return lift([](auto x, auto y) __attribute__((always_inline)) { return x sign y; }, a, b); \
  }
ASSAY_LIFT(+)
ASSAY_LIFT(-)
ASSAY_LIFT(*)
ASSAY_LIFT(/)
ASSAY_LIFT(==)
ASSAY_LIFT(<)
ASSAY_LIFT(<=)
#undef ASSAY_LIFT

}  // namespace
}  // namespace assay
