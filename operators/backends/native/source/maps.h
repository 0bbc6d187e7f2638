// Maps: a program of micro-ops over blocks of elements, each instruction a loop over one block. Lanes
// run across elements, so that every element's bits are those of its own straight-line code.

#pragma once

#include <algorithm>

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
INLINE IntVec wordsOf(uint32_t x) { return (IntVec)(x - WordVec{}); }

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

/// Elements of a dtype widened to 32 bits, or narrowed from there.
template <typename T>
void widen(float* to, const uint8_t* from, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    T x;
    std::memcpy(&x, from + i * sizeof x, sizeof x);
    const int32_t wide = x;
    std::memcpy(to + i, &wide, 4);
  }
}

template <typename T>
void narrow(uint8_t* to, const float* from, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t wide;
    std::memcpy(&wide, from + i, 4);
    const T x = T(wide);
    std::memcpy(to + i * sizeof x, &x, sizeof x);
  }
}

uint32_t sizeOf(uint32_t dtype) {
  if (dtype == kF32 || dtype == kI32) return 4;
  return dtype == kU16 || dtype == kI16 ? 2 : 1;
}

void loadAs(uint32_t dtype, float* to, const uint8_t* from, uint32_t count) {
  switch (dtype) {
    case kI8: return widen<int8_t>(to, from, count);
    case kU8: case kBool: return widen<uint8_t>(to, from, count);
    case kI16: return widen<int16_t>(to, from, count);
    case kU16: return widen<uint16_t>(to, from, count);
    default: std::memcpy(to, from, 4 * count);
  }
}

void storeAs(uint32_t dtype, uint8_t* to, const float* from, uint32_t count) {
  switch (dtype) {
    case kF32: {
      auto* floats = reinterpret_cast<float*>(to);
      const uint32_t whole = count / kLanes * kLanes;
      for (uint32_t i = 0; i < whole; i += kLanes) store(floats + i, canonical(load(from + i)));
      for (uint32_t i = whole; i < count; i++) floats[i] = from[i] == from[i] ? from[i] : __builtin_nanf("");
      return;
    }
    case kBool: return narrow<bool>(to, from, count);
    case kI8: case kU8: return narrow<uint8_t>(to, from, count);
    case kI16: case kU16: return narrow<uint16_t>(to, from, count);
    default: std::memcpy(to, from, 4 * count);
  }
}

/// Runs a map's code on one rectangle of at most kBlock elements after the other.
class MapRun {
 public:
  explicit MapRun(const MapJob& job) : job(job) {
    const uint32_t last = job.head.code - 1;
    for (uint32_t i = 0; i < job.head.code; i++) code[i] = codeOf(job.code[i].op);
    const bool isLast = job.head.code && job.code[last].to == job.head.result;
    final = isLast && job.head.dtype == kF32 ? finalCodeOf(job.code[last].op) : nullptr;
    for (uint32_t i = 0; i < kMaxSlots; i++) at[i] = own[i];
    for (uint32_t i = 0; i < job.head.constants; i++) {
      splatTo(own[job.constants[i].slot], job.constants[i].bits, kBlock);
    }
    for (; first < job.head.code && job.code[first].op == kLoadOnce; first++) {
      read(job.reads[job.code[first].a], own[job.code[first].to], 0, 1, 0, kBlock);
    }
  }

  /// Rows row..row+rows, columns from..from+width.
  void block(uint32_t row, uint32_t rows, uint32_t from, uint32_t width) {
    const uint32_t count = rows * width;
    const uint32_t padded = (count + kStep - 1) / kStep * kStep;
    const MapHeader& h = job.head;
    const uint32_t size = sizeOf(h.dtype);
    uint8_t* to = job.memory + h.out + (size_t{row} * h.columns + from) * size;
    const bool isWhole = width == h.columns || rows == 1;
    const bool direct = final && isWhole && count == padded;
    for (uint32_t i = first; i < h.code - direct; i++) {
      const MapCode& x = job.code[i];
      if (isLoad(x.op)) {
        at[x.to] = read(job.reads[x.a], own[x.to], row, rows, from, width);
      } else {
        code[i]({own[x.to], at[x.a], at[x.b], at[x.c], padded});
        at[x.to] = own[x.to];
      }
    }
    if (direct) {
      const MapCode& x = job.code[h.code - 1];
      return final({reinterpret_cast<float*>(to), at[x.a], at[x.b], at[x.c], padded});
    }
    const float* value = at[h.result];
    if (isWhole) return storeAs(h.dtype, to, value, count);
    for (uint32_t r = 0; r < rows; r++) {
      storeAs(h.dtype, to + size_t{r} * h.columns * size, value + r * width, width);
    }
  }

 private:
  static void splatTo(float* to, uint32_t bits, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) std::memcpy(to + i, &bits, 4);
  }

  /// Where the block of a read lies: in memory itself if it is whole vectors there, or in `to`.
  const float* read(const MapRead& read, float* to, uint32_t row, uint32_t rows, uint32_t from,
                    uint32_t width) const {
    const uint32_t size = sizeOf(read.dtype);
    const uint32_t skipped = from * read.column * size;
    const auto first = [&](uint32_t r) {
      return job.memory + uint32_t(read.address + job.rowOffset(read, row + r) + skipped);
    };
    const bool even = job.head.rank == 0 || (job.head.rank == 1 && read.outer[0] == read.column * width * size);
    if (rows > 1 && even) {
      width *= rows;
      rows = 1;
    }
    if (rows == 1 && read.column == 1 && size == 4 && width % kStep == 0) {
      return reinterpret_cast<const float*>(first(0));
    }
    for (uint32_t r = 0; r < rows; r++) {
      if (read.column == 1) {
        loadAs(read.dtype, to + r * width, first(r), width);
      } else {
        float one;
        uint32_t bits;
        loadAs(read.dtype, &one, first(r), 1);
        std::memcpy(&bits, &one, 4);
        splatTo(to + r * width, bits, width);
      }
    }
    return to;
  }

  const MapJob& job;
  RunCode code[kMaxCode];
  RunCode final;
  /// The first instruction that is not done once.
  uint32_t first = 0;
  const float* at[kMaxSlots];
  /// Not cleared: instructions take whole vectors, and what they make of the lanes behind a block's
  /// end goes nowhere.
  alignas(64) float own[kMaxSlots][kBlock];
};

/// Rows m0..m1, columns n0..n1.
void mapRectangle(const MapJob& job, uint32_t m0, uint32_t m1, uint32_t n0, uint32_t n1) {
  if (n0 >= n1) return;
  MapRun run(job);
  const uint32_t width = n1 - n0;
  if (width > kBlock / 2) {
    for (uint32_t m = m0; m < m1; m++) {
      for (uint32_t n = n0; n < n1; n += kBlock) run.block(m, 1, n, std::min(kBlock, n1 - n));
    }
    return;
  }
  const uint32_t rows = kBlock / width;
  for (uint32_t m = m0; m < m1; m += rows) run.block(m, std::min(rows, m1 - m), n0, width);
}

/// Elements begin..end in row-major order.
void mapRange(const MapJob& job, uint32_t begin, uint32_t end) {
  const uint32_t columns = job.head.columns;
  while (begin < end) {
    const uint32_t row = begin / columns, from = begin % columns;
    const uint32_t whole = from == 0 ? (end - begin) / columns : 0;
    if (whole) {
      mapRectangle(job, row, row + whole, 0, columns);
      begin += whole * columns;
    } else {
      const uint32_t to = std::min(columns, from + (end - begin));
      mapRectangle(job, row, row + 1, from, to);
      begin += to - from;
    }
  }
}

/// Whether every instruction is one that blocks know.
bool isKnown(const MapJob& job) {
  for (uint32_t i = 0; i < job.head.code; i++) {
    if (!isLoad(job.code[i].op) && !codeOf(job.code[i].op)) return false;
  }
  return job.head.columns > 0;
}

/// False where the record is none.
bool runMap(uint8_t* memory, size_t length, uint32_t record, uint32_t begin, uint32_t end) {
  MapJob job;
  if (!job.open(memory, length, record) || !isKnown(job)) return false;
  mapRange(job, begin, end);
  return true;
}

}  // namespace
}  // namespace assay
