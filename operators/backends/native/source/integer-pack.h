// Integer operands in the order in which the tiles read them.

#pragma once

#include <algorithm>

#include "integer-tile.h"

namespace assay {
namespace {

/// What an operand's bytes become: A i8 and B u8, by turning the top bit where they are not.
inline uint32_t flipOf(bool isA, bool isSigned) { return isA == isSigned ? 0 : 0x80; }

inline uint32_t wordAt(const uint8_t* p) {
  uint32_t word;
  std::memcpy(&word, p, 4);
  return word;
}

typedef uint8_t Bytes __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint32_t Words __attribute__((vector_size(16), aligned(1), may_alias));

inline __attribute__((always_inline)) Bytes loadBytes(const uint8_t* p) {
  return *reinterpret_cast<const Bytes*>(p);
}
inline __attribute__((always_inline)) void storeBytes(void* p, Bytes v) {
  *reinterpret_cast<Bytes*>(p) = v;
}

/// Four rows of four groups: groups[i] of row j goes to `to` + i * stride + j.
inline __attribute__((always_inline)) void transposeGroups(const uint8_t* const* from, uint8_t flip,
                                                           uint32_t* to, size_t stride) {
  const Words p = (Words)(loadBytes(from[0]) ^ flip), q = (Words)(loadBytes(from[1]) ^ flip);
  const Words r = (Words)(loadBytes(from[2]) ^ flip), s = (Words)(loadBytes(from[3]) ^ flip);
  const Words pqLow = __builtin_shufflevector(p, q, 0, 4, 1, 5);
  const Words pqHigh = __builtin_shufflevector(p, q, 2, 6, 3, 7);
  const Words rsLow = __builtin_shufflevector(r, s, 0, 4, 1, 5);
  const Words rsHigh = __builtin_shufflevector(r, s, 2, 6, 3, 7);
  storeBytes(to, (Bytes)__builtin_shufflevector(pqLow, rsLow, 0, 1, 4, 5));
  storeBytes(to + stride, (Bytes)__builtin_shufflevector(pqLow, rsLow, 2, 3, 6, 7));
  storeBytes(to + 2 * stride, (Bytes)__builtin_shufflevector(pqHigh, rsHigh, 0, 1, 4, 5));
  storeBytes(to + 3 * stride, (Bytes)__builtin_shufflevector(pqHigh, rsHigh, 2, 3, 6, 7));
}

/// Four rows of B by 16 columns: bytes [column][row].
inline __attribute__((always_inline)) void interleaveRows(const uint8_t* const* from, uint8_t flip,
                                                          uint32_t* to) {
  const Bytes p = loadBytes(from[0]) ^ flip, q = loadBytes(from[1]) ^ flip;
  const Bytes r = loadBytes(from[2]) ^ flip, s = loadBytes(from[3]) ^ flip;
  typedef uint16_t Halves __attribute__((vector_size(16), aligned(1), may_alias));
#define ASSAY_LOW(T, x, y) (T)__builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ASSAY_HIGH(T, x, y) \
  (T)__builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
  const Halves pqLow = ASSAY_LOW(Halves, p, q), pqHigh = ASSAY_HIGH(Halves, p, q);
  const Halves rsLow = ASSAY_LOW(Halves, r, s), rsHigh = ASSAY_HIGH(Halves, r, s);
#undef ASSAY_LOW
#undef ASSAY_HIGH
  storeBytes(to, (Bytes)__builtin_shufflevector(pqLow, rsLow, 0, 8, 1, 9, 2, 10, 3, 11));
  storeBytes(to + 4, (Bytes)__builtin_shufflevector(pqLow, rsLow, 4, 12, 5, 13, 6, 14, 7, 15));
  storeBytes(to + 8, (Bytes)__builtin_shufflevector(pqHigh, rsHigh, 0, 8, 1, 9, 2, 10, 3, 11));
  storeBytes(to + 12, (Bytes)__builtin_shufflevector(pqHigh, rsHigh, 4, 12, 5, 13, 6, 14, 7, 15));
}

/// The sum of `count` neighbours as A's bytes.
inline uint32_t sumOfRun(const uint8_t* from, uint32_t count, uint8_t flip) {
  Sums sums{};
  const Sums turn = splat(flip * 0x1010101u);
  uint32_t x = 0;
  for (; x + 4 * kLanes <= count; x += 4 * kLanes) {
    Sums bytes;
    std::memcpy(&bytes, from + x, sizeof bytes);
    sums = addQuads(sums, bytes ^ turn, splat(0x01010101));
  }
  uint32_t sum = 0;
  for (uint32_t i = 0; i < kLanes; i++) sum += sums[i];
  for (; x < count; x++) sum += uint32_t(int8_t(from[x] ^ flip));
  return sum;
}

/// Rows m..m+rows of A at k..k+count as [k / 4][rows][4], and what the zero points leave to add.
void packRowQuads(const IntegerJob& job, uint32_t* to, uint32_t m, uint32_t rows, uint32_t k,
                  uint32_t count, uint32_t* rowZero, uint32_t* rowRest) {
  const uint32_t* ks = job.table(job.offAk) + k;
  const uint32_t* ms = job.table(job.offM) + m;
  const bool runs = count > 0 && stepsBy(1, ks, count);
  const uint32_t flip = flipOf(true, job.types & kSignedA);
  // Four rows at a time, turned; the last four may meet rows that were turned before.
  const uint32_t whole = runs && rows >= 4 ? count & ~15u : 0;
  for (uint32_t i = 0; i < rows && whole; i += 4) {
    const uint32_t row = std::min(i, rows - 4);
    const uint8_t* from[4];
    for (uint32_t r = 0; r < 4; r++) from[r] = job.at(job.a + ms[row + r] + ks[0]);
    for (uint32_t x = 0; x < whole; x += 16) {
      transposeGroups(from, uint8_t(flip), to + size_t{x} / 4 * rows + row, rows);
      for (auto& p : from) p += 16;
    }
  }
  for (uint32_t i = 0; i < rows; i++) {
    const uint32_t first = job.a + ms[i];
    uint32_t sum = 0, x = 0;
    if (runs) {
      const uint8_t* from = job.at(first + ks[0]);
      const uint32_t all = count & ~3u;
      for (x = whole; x < all; x += 4) {
        to[size_t{x} / 4 * rows + i] = wordAt(from + x) ^ flip * 0x1010101;
      }
      sum = sumOfRun(from, all, uint8_t(flip));
    }
    for (; x < count; x += 4) {
      uint32_t word = 0;
      for (uint32_t y = 0; y < std::min(4u, count - x); y++) {
        const uint32_t byte = *job.at(first + ks[x + y]) ^ flip;
        sum += uint32_t(int8_t(byte));
        word |= byte << 8 * y;
      }
      to[size_t{x} / 4 * rows + i] = word;
    }
    rowZero[i] = uint32_t(job.zeroOfRow(m + i) - int32_t(flip));
    rowRest[i] = count * rowZero[i] - sum;
  }
}

/// Columns whose elements are neighbours are taken this many at a time.
constexpr uint32_t kRun = 16;

/// An element less its zero point, as the low half of a lane.
template <typename T>
inline uint32_t centred(const uint8_t* p, int32_t zero) {
  T x;
  std::memcpy(&x, p, sizeof(T));
  return uint32_t(x - zero) & 0xffff;
}

/// Rows m..m+rows of A at k..k+count as [k / 2][rows][2].
template <typename T>
void packRowWords(const IntegerJob& job, uint32_t* to, uint32_t m, uint32_t rows, uint32_t k,
                  uint32_t count) {
  const uint32_t* ks = job.table(job.offAk) + k;
  const uint32_t* ms = job.table(job.offM) + m;
  const bool runs = stepsBy(sizeof(T), ks, count);
  for (uint32_t i = 0; i < rows; i++) {
    const uint32_t first = job.a + ms[i];
    const int32_t zero = job.zeroOfRow(m + i);
    uint32_t x = 0;
    if (runs && count) {
      const uint8_t* from = job.at(first + ks[0]);
      for (; x + 2 <= count; x += 2, from += 2 * sizeof(T)) {
        const uint32_t high = centred<T>(from + sizeof(T), zero);
        to[size_t{x} / 2 * rows + i] = centred<T>(from, zero) | high << 16;
      }
    }
    for (; x < count; x += 2) {
      const uint32_t low = centred<T>(job.at(first + ks[x]), zero);
      const uint32_t high = x + 1 < count ? centred<T>(job.at(first + ks[x + 1]), zero) : 0;
      to[size_t{x} / 2 * rows + i] = low | high << 16;
    }
  }
}

/// Columns of a panel as they are packed: where they begin and how they follow each other.
struct Columns {
  uint32_t width;
  const uint32_t* ns;
  /// Columns of each half are neighbours.
  bool half[2];

  Columns(const IntegerJob& job, uint32_t n, uint32_t size)
      : width(std::min(kPanel, job.n - n)), ns(job.table(job.offN) + n) {
    for (uint32_t h = 0; h < 2; h++) half[h] = width >= (h + 1) * kRun && stepsBy(size, ns + h * kRun, kRun);
  }
};

/// One panel of B at k..k+count as bytes [k / 4][32][4], before it minus the sums of its columns and
/// their zero points.
void packPanelQuads(const IntegerJob& job, uint32_t* to, uint32_t n, uint32_t k, uint32_t count) {
  const uint32_t* ks = job.table(job.offBk) + k;
  const Columns columns(job, n, 1);
  const uint8_t flip = uint8_t(flipOf(false, job.types & kSignedB));
  const bool runs = stepsBy(1, ks, count);
  uint32_t* const sums = to;
  uint32_t* const zeros = to + kPanel;
  to += 2 * kPanel;
  uint32_t* const first = to;
  for (uint32_t x = 0; x < count; x += 4, to += kPanel) {
    const uint32_t some = std::min(4u, count - x);
    for (uint32_t h = 0; h < 2; h++) {
      auto* bytes = reinterpret_cast<uint8_t*>(to + h * kRun);
      const uint32_t from = h * kRun;
      if (columns.half[h] && some == 4) {
        const uint8_t* p[4];
        for (uint32_t y = 0; y < 4; y++) p[y] = job.at(job.b + columns.ns[from] + ks[x + y]);
        interleaveRows(p, flip, to + from);
        continue;
      }
      for (uint32_t i = 0; i < kRun; i++, bytes += 4) {
        std::memset(bytes, 0, 4);
        if (from + i >= columns.width) continue;
        const uint32_t column = job.b + columns.ns[from + i];
        if (runs && some == 4) {
          const uint32_t word = wordAt(job.at(column + ks[x])) ^ flip * 0x1010101u;
          std::memcpy(bytes, &word, 4);
        } else {
          for (uint32_t y = 0; y < some; y++) bytes[y] = *job.at(column + ks[x + y]) ^ flip;
        }
      }
    }
  }
  for (uint32_t i = 0; i < kPanel; i += kLanes) {
    Sums sum{};
    for (const uint32_t* from = first; from < to; from += kPanel) {
      sum = addQuads(sum, splat(0x01010101), load(from + i));
    }
    store(sums + i, -sum);
  }
  for (uint32_t i = 0; i < kPanel; i++) {
    zeros[i] = i < columns.width ? uint32_t(job.zeroOfColumn(n + i) + flip) : 0;
  }
}

/// One panel of B at k..k+count as centred words [k / 2][32][2].
template <typename T>
void packPanelWords(const IntegerJob& job, uint32_t* to, uint32_t n, uint32_t k, uint32_t count) {
  const uint32_t* ks = job.table(job.offBk) + k;
  const Columns columns(job, n, sizeof(T));
  int32_t zero[kPanel] = {};
  for (uint32_t i = 0; i < columns.width; i++) zero[i] = job.zeroOfColumn(n + i);
  for (uint32_t x = 0; x < count; x += 2, to += kPanel) {
    const bool both = x + 1 < count;
    for (uint32_t h = 0; h < 2; h++) {
      uint32_t* lanes = to + h * kRun;
      const uint32_t from = h * kRun;
      if (columns.half[h] && both) {
        const uint8_t* p = job.at(job.b + columns.ns[from] + ks[x]);
        const uint8_t* q = job.at(job.b + columns.ns[from] + ks[x + 1]);
        uint32_t line[kRun];
        for (uint32_t i = 0; i < kRun; i++) {
          line[i] = centred<T>(p + i * sizeof(T), zero[from + i]) |
                    centred<T>(q + i * sizeof(T), zero[from + i]) << 16;
        }
        std::memcpy(lanes, line, sizeof line);
        continue;
      }
      for (uint32_t i = 0; i < kRun; i++) {
        lanes[i] = 0;
        if (from + i >= columns.width) continue;
        const uint32_t column = job.b + columns.ns[from + i];
        lanes[i] = centred<T>(job.at(column + ks[x]), zero[from + i]);
        if (both) lanes[i] |= centred<T>(job.at(column + ks[x + 1]), zero[from + i]) << 16;
      }
    }
  }
}

}  // namespace
}  // namespace assay
