// Register tiles: the only place where a product is added to a sum.
//
// Every lane runs acc = fl(acc + fl(a * b)) with k ascending (-ffp-contract=off keeps the two
// roundings apart); a tile that does not start at k = 0 reloads its sums from C, so a blocked fold
// has the bits of the plain loop.

#pragma once

#include <utility>

#include "job.h"
#include "vectors.h"

namespace assay {
namespace {

/// Bits of `stage` beside those of a record's epilogue: the tile's place in the fold.
constexpr uint32_t kFirst = 1;
constexpr uint32_t kLast = 2;

/// Bytes of B that a tile asks for ahead: it streams from the second cache or from memory.
constexpr size_t kAhead = 2048;

/// Where a tile finds B: in place, or packed as f32 or narrower. Widening is exact, so the bits are
/// those of a product with f32 copies.
enum class From { place, f32, bf16, f16, i8 };

constexpr size_t bytesOf(From from) {
  return from == From::i8 ? 1 : from == From::bf16 || from == From::f16 ? 2 : 4;
}

template <From kFrom>
inline __attribute__((always_inline)) Vec loadFrom(const uint8_t* p) {
  if (kFrom == From::i8) {
    Bytes x;
    std::memcpy(&x, p, sizeof x);
    return ofBytes(x);
  }
  if (kFrom == From::bf16 || kFrom == From::f16) {
    Halves x;
    std::memcpy(&x, p, sizeof x);
    return kFrom == From::bf16 ? ofBrains(x) : ofHalves(x);
  }
  return load(reinterpret_cast<const float*>(p));
}

/// Panels of narrow elements that one row meets at a time: eight sums hide what an addition takes.
constexpr uint32_t kPanelsTogether = kLanes / 4;

struct Tile {
  uint32_t depth;
  /// [k][rows of the tile].
  const float* a;
  /// Packed: the first column at the first k, rows of a panel apart.
  const uint8_t* b;
  /// Where B is read in place instead: the memory, and per k the address less that of column 0.
  const uint8_t* memory;
  const uint32_t* rowsOfB;
  uint32_t column;
  /// For a tile over several panels: bytes from one to the next.
  size_t stride;
  float* c;
  /// Floats from one row of C to the next.
  size_t ldc;
  uint32_t stage;
  /// The first row's bias or the first column's.
  const float* bias;
  /// What is added after the bias, laid out like C.
  const float* residual;
};

/// A sum is never -0: it starts at +0, and x + y is -0 only when both are. So adding +0 for "no
/// bias" or "no residual" changes nothing, and keeping x where it is not below +0 is the contract's
/// max(x, +0).
inline __attribute__((always_inline)) Vec finish(Vec sum, Vec bias, Vec residual, bool relu) {
  Vec x = sum + bias;
  x = x + residual;
  if (relu) x = x < Vec{} ? Vec{} : x;
  return x == x ? x : splat(__builtin_nanf(""));
}

/// Sums as they are before the tile's part of the fold.
template <int kRows, int kVectors>
inline __attribute__((always_inline)) void begin(const Tile& t, Vec (&acc)[kRows][kVectors]) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; v++) {
      acc[r][v] = t.stage & kFirst ? Vec{} : load(t.c + r * t.ldc + v * kLanes);
    }
  }
}

/// Stores the sums, finished where the fold ends.
template <int kRows, int kVectors>
inline __attribute__((always_inline)) void end(const Tile& t, Vec (&acc)[kRows][kVectors]) {
  const bool last = t.stage & kLast;
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; v++) {
      if (last) {
        Vec bias{};
        if (t.stage & kBiasRows) bias = splat(t.bias[r]);
        if (t.stage & kBiasColumns) bias = load(t.bias + v * kLanes);
        Vec residual{};
        if (t.stage & kResidual) residual = load(t.residual + r * t.ldc + v * kLanes);
        acc[r][v] = finish(acc[r][v], bias, residual, t.stage & kRelu);
      }
      store(t.c + r * t.ldc + v * kLanes, acc[r][v]);
    }
  }
}

template <int kRows, int kVectors, From kFrom>
void tile(const Tile& t) {
  constexpr size_t kBytes = bytesOf(kFrom);
  Vec acc[kRows][kVectors];
  begin(t, acc);
  const float* a = t.a;
  const uint8_t* b = t.b;
  // AVX-512 multiplies by a float in memory, spread on its way from there; loading it into a
  // register first takes a turn of the unit that multiplies (Zen 4, 14 x 32: 79 GFLOP/s against 118,
  // the most that mul and add reach there). The compiler would share that load between the columns,
  // so each has a pointer of which it cannot see that it is the same.
  const float* second = a;
  __asm__("" : "+r"(second));
  for (uint32_t k = 0; k < t.depth; k++) {
    if (kFrom == From::place) {
      b = t.memory + uint32_t(t.column + t.rowsOfB[k]);
    } else {
#pragma GCC unroll 4
      for (size_t line = 0; line * 64 < kVectors * kLanes * kBytes; line++) {
        __builtin_prefetch(b + kAhead + 64 * line);
      }
    }
    Vec row[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; v++) row[v] = loadFrom<kFrom>(b + v * kLanes * kBytes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; v++) {
        const Vec x = splat(kLanes == 16 && v % 2 ? second[r] : a[r]);
        acc[r][v] = acc[r][v] + x * row[v];
      }
    }
    a += kRows;
    second += kRows;
    if (kFrom != From::place) b += kPanel * kBytes;
  }
  end(t, acc);
}

using RunTile = void (*)(const Tile&);

/// One row against several panels of narrow elements, of which each gives a sum little to wait for.
template <From kFrom>
void wideTile(const Tile& t) {
  constexpr int kVectors = kPanel / kLanes;
  constexpr size_t kBytes = bytesOf(kFrom);
  Vec acc[1][kPanelsTogether * kVectors];
  begin(t, acc);
  const uint8_t* b = t.b;
  for (uint32_t k = 0; k < t.depth; k++, b += kPanel * kBytes) {
    const Vec x = splat(t.a[k]);
#pragma GCC unroll 4
    for (int p = 0; p < int(kPanelsTogether); p++) {
      const uint8_t* line = b + p * t.stride;
      __builtin_prefetch(line + kAhead);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; v++) {
        Vec& sum = acc[0][p * kVectors + v];
        sum = sum + x * loadFrom<kFrom>(line + v * kLanes * kBytes);
      }
    }
  }
  end(t, acc);
}

template <int kVectors, From kFrom, int... kRows>
constexpr RunTile pick(uint32_t rows, std::integer_sequence<int, kRows...>) {
  constexpr RunTile table[] = {tile<kRows + 1, kVectors, kFrom>...};
  return table[rows - 1];
}

/// Vectors side by side in a tile of that many rows: sums, a row of B, one of A and a product must
/// fit the registers. Few rows take all of a panel, so that its lines are read once, in order.
constexpr uint32_t vectorsOf(uint32_t rows) {
  constexpr uint32_t whole = kPanel / kLanes;
  if (whole > 2 && rows == 1) return whole;
  if (whole > 2 && rows <= ASSAY_TALL / 3) return 4;
  return 2;
}

/// The tile of `rows` (1 to ASSAY_TALL) by `vectors` (1, 2, and what `vectorsOf` says).
template <From kFrom>
RunTile tileOf(uint32_t rows, uint32_t vectors) {
  using All = std::make_integer_sequence<int, ASSAY_TALL>;
  if (vectors == 1) return pick<1, kFrom>(rows, All{});
  if (vectors == 2) return pick<2, kFrom>(rows, All{});
  if (vectors == 4) return pick<4, kFrom>(rows, std::make_integer_sequence<int, ASSAY_TALL / 3>{});
  return tile<1, kPanel / kLanes, kFrom>;
}

}  // namespace
}  // namespace assay
