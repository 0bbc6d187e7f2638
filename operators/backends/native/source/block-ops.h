// Micro-ops over blocks: every instruction of a map is one loop over the elements of a block.

#pragma once

#include "functions.gen.h"
#include "map-job.h"

namespace assay {
namespace {

typedef int32_t LooseInt __attribute__((vector_size(4 * ASSAY_LANES), aligned(4), may_alias));

/// Elements that a function takes at once: blocks are padded to multiples.
constexpr uint32_t kStep = kWays * kWide;
static_assert(kStep % kLanes == 0 && kBlock % kStep == 0, "a block is whole steps");

/// What an instruction is given: blocks of `count` elements.
struct Operands {
  float* to;
  const float *a, *b, *c;
  uint32_t count;
};
/// Given by value, so that no store can change what the loop is over.
using RunCode = void (*)(Operands);

INLINE IntVec loadInts(const float* p) { return (IntVec) * reinterpret_cast<const LooseInt*>(p); }
INLINE void storeInts(float* p, IntVec v) { *reinterpret_cast<LooseInt*>(p) = (LooseInt)v; }

// How an instruction's operands and result lie in vectors: F floats, I integers.
template <Vec (*f)(Vec)>
void mapF_F(Operands x) {
#pragma GCC unroll 2
  for (uint32_t i = 0; i < x.count; i += kLanes) store(x.to + i, f(load(x.a + i)));
}
template <Vec (*f)(Vec, Vec)>
void mapFF_F(Operands x) {
#pragma GCC unroll 2
  for (uint32_t i = 0; i < x.count; i += kLanes) store(x.to + i, f(load(x.a + i), load(x.b + i)));
}
template <IntVec (*f)(Vec, Vec)>
void mapFF_I(Operands x) {
#pragma GCC unroll 2
  for (uint32_t i = 0; i < x.count; i += kLanes) {
    storeInts(x.to + i, f(load(x.a + i), load(x.b + i)) & 1);
  }
}
template <IntVec (*f)(IntVec, IntVec)>
void mapII_I(Operands x) {
#pragma GCC unroll 2
  for (uint32_t i = 0; i < x.count; i += kLanes) {
    storeInts(x.to + i, f(loadInts(x.a + i), loadInts(x.b + i)));
  }
}

using Singles = FloatOps<Vec, IntVec, float>;

INLINE Vec addF(Vec a, Vec b) { return a + b; }
INLINE Vec subF(Vec a, Vec b) { return a - b; }
INLINE Vec mulF(Vec a, Vec b) { return a * b; }
INLINE Vec divF(Vec a, Vec b) { return a / b; }
INLINE Vec sqrtF(Vec a) { return one::sqrt(a); }
INLINE IntVec eqF(Vec a, Vec b) { return a == b; }
INLINE IntVec ltF(Vec a, Vec b) { return a < b; }
INLINE IntVec leF(Vec a, Vec b) { return a <= b; }
INLINE IntVec addI(IntVec a, IntVec b) { return (IntVec)((WordVec)a + (WordVec)b); }
INLINE IntVec subI(IntVec a, IntVec b) { return (IntVec)((WordVec)a - (WordVec)b); }
INLINE IntVec mulI(IntVec a, IntVec b) { return (IntVec)((WordVec)a * (WordVec)b); }
INLINE IntVec andI(IntVec a, IntVec b) { return a & b; }
INLINE IntVec orI(IntVec a, IntVec b) { return a | b; }
INLINE IntVec xorI(IntVec a, IntVec b) { return a ^ b; }
INLINE IntVec eqI(IntVec a, IntVec b) { return (a == b) & 1; }
INLINE IntVec ltSI(IntVec a, IntVec b) { return (a < b) & 1; }
INLINE IntVec ltUI(IntVec a, IntVec b) { return (IntVec)((WordVec)a < (WordVec)b) & 1; }

/// Floats or integers alike: c != 0 ? first : second.
void selectAny(Operands x) {
#pragma GCC unroll 2
  for (uint32_t i = 0; i < x.count; i += kLanes) {
    const IntVec chosen = loadInts(x.a + i) != 0;
    storeInts(x.to + i, (loadInts(x.b + i) & chosen) | (loadInts(x.c + i) & ~chosen));
  }
}

void convertInts(Operands x) {
#pragma GCC unroll 2
  for (uint32_t i = 0; i < x.count; i += kLanes) {
    store(x.to + i, __builtin_convertvector(loadInts(x.a + i), Vec));
  }
}

void bitsOfFloats(Operands x) {
#pragma GCC unroll 2
  for (uint32_t i = 0; i < x.count; i += kLanes) store(x.to + i, canonical(load(x.a + i)));
}

void copyBits(Operands x) { std::memmove(x.to, x.a, 4 * x.count); }

INLINE Many<F32> loadMany(const float* p) {
  Many<F32> x;
  for (int i = 0; i < kWays; i++) x.v[i] = reinterpret_cast<const LooseF32*>(p)[i];
  return x;
}
INLINE void storeMany(float* p, Many<F32> x) {
  for (int i = 0; i < kWays; i++) reinterpret_cast<LooseF32*>(p)[i] = x.v[i];
}

template <Many<F32> (*f)(Many<F32>)>
void function1(Operands x) {
  for (uint32_t i = 0; i < x.count; i += kStep) storeMany(x.to + i, f(loadMany(x.a + i)));
}
template <Many<F32> (*f)(Many<F32>, Many<F32>)>
void function2(Operands x) {
  for (uint32_t i = 0; i < x.count; i += kStep) {
    storeMany(x.to + i, f(loadMany(x.a + i), loadMany(x.b + i)));
  }
}

/// The same with NaNs made canonical, for a result that goes straight to its tensor; null where there
/// is no such form.
template <Vec (*f)(Vec, Vec)>
void finalFF_F(Operands x) {
#pragma GCC unroll 2
  for (uint32_t i = 0; i < x.count; i += kLanes) {
    store(x.to + i, canonical(f(load(x.a + i), load(x.b + i))));
  }
}
RunCode finalCodeOf(uint32_t op) {
  switch (op) {
    case 0x10: return finalFF_F<addF>;
    case 0x11: return finalFF_F<subF>;
    case 0x12: return finalFF_F<mulF>;
    case 0x13: return finalFF_F<divF>;
    default: return nullptr;
  }
}

/// Null for what blocks do not know.
RunCode codeOf(uint32_t op) {
  switch (op) {
    case 0x10: return mapFF_F<addF>;
    case 0x11: return mapFF_F<subF>;
    case 0x12: return mapFF_F<mulF>;
    case 0x13: return mapFF_F<divF>;
    case 0x14: return mapFF_F<Singles::min>;
    case 0x15: return mapFF_F<Singles::max>;
    case 0x16: return mapF_F<sqrtF>;
    case 0x17: return mapF_F<Singles::abs>;
    case 0x18: return mapF_F<Singles::neg>;
    case 0x19: return mapF_F<Singles::floor>;
    case 0x1a: return mapF_F<Singles::ceil>;
    case 0x1b: return mapF_F<Singles::trunc>;
    case 0x1c: return mapF_F<Singles::nearest>;
    case 0x1d: return mapFF_I<eqF>;
    case 0x1e: return mapFF_I<ltF>;
    case 0x1f: return mapFF_I<leF>;
    case 0x20: case 0x60: return selectAny;
    case 0x50: return mapII_I<addI>;
    case 0x51: return mapII_I<subI>;
    case 0x52: return mapII_I<mulI>;
    case 0x57: return mapII_I<andI>;
    case 0x58: return mapII_I<orI>;
    case 0x59: return mapII_I<xorI>;
    case 0x5d: return mapII_I<eqI>;
    case 0x5e: return mapII_I<ltSI>;
    case 0x5f: return mapII_I<ltUI>;
    case 0x92: return convertInts;
    case 0xa1: return bitsOfFloats;
    case 0xa2: return copyBits;
#define ASSAY_CASE(code, parameters, name) case code: return function##parameters<name>;
    ASSAY_FUNCTIONS(ASSAY_CASE)
#undef ASSAY_CASE
    default: return nullptr;
  }
}

}  // namespace
}  // namespace assay
