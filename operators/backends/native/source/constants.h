// Packing of constants: once per model, from wherever their bytes lie (the heap of JavaScript, a
// mapped file), into memory that no run writes again.

#pragma once

#include <algorithm>
#include <cstring>

#include "job.h"
#include "level.h"

namespace assay {

namespace {

/// Rows are cut into tiles that differ by one row at most.
struct Cut {
  uint32_t rows, tiles;
  explicit Cut(uint32_t rows) : rows(rows), tiles((rows + ASSAY_TALL - 1) / ASSAY_TALL) {}
  uint32_t at(uint32_t i) const { return uint32_t(uint64_t{rows} * i / tiles); }
  /// How many tiles begin before a row.
  uint32_t begunBefore(uint32_t row) const {
    return uint32_t((uint64_t{std::min(row, rows)} * tiles + rows - 1) / std::max(1u, rows));
  }
};

/// The exact f32 of a half by its bits: its exponent is put right by a product with 2^112, which no
/// subnormal loses anything by, and that of infinities and NaNs after it.
inline float ofHalf(uint16_t bits) {
  uint32_t x = uint32_t(bits & 0x7fff) << 13;
  float value;
  std::memcpy(&value, &x, 4);
  value *= 0x1p112f;
  std::memcpy(&x, &value, 4);
  if ((bits & 0x7c00) == 0x7c00) x |= 0x7f800000;
  x |= uint32_t(bits & 0x8000) << 16;
  std::memcpy(&value, &x, 4);
  return value;
}

inline float ofBrain(uint16_t bits) {
  const uint32_t x = uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &x, 4);
  return value;
}

/// k taken at a time, so that all panels read the same few rows of B in turn.
constexpr uint32_t kPackTogether = 64;

/// Element as it is: bits for what is narrower than f32.
template <typename Element>
void packColumnsOf(const Constant& c, uint32_t j0, uint32_t j1, uint8_t* to) {
  const auto at = [&](uint32_t n, uint32_t k) {
    return c.bytes + (c.base + c.outer[n] + c.depth[k]) * int64_t{sizeof(Element)};
  };
  for (uint32_t k0 = 0; k0 < c.k; k0 += kPackTogether) {
    const uint32_t k1 = std::min(c.k, k0 + kPackTogether);
    for (uint32_t j = j0; j < j1; j++) {
      const uint32_t n = j * kPanel, width = std::min(kPanel, c.count - n);
      auto out = reinterpret_cast<Element*>(to) + (size_t{j} * c.k + k0) * kPanel;
      bool neighbours = width == kPanel;
      for (uint32_t i = 1; i < width; i++) neighbours &= c.outer[n + i] == c.outer[n] + int32_t(i);
      for (uint32_t k = k0; k < k1 && neighbours; k++) {
        std::memcpy(out + (k - k0) * kPanel, at(n, k), kPanel * sizeof(Element));
      }
      for (uint32_t i = 0; i < kPanel && !neighbours; i++) {
        for (uint32_t k = k0; k < k1; k++) {
          Element x{};
          // What is missing becomes zeros: no NaN slows a tile.
          if (i < width) std::memcpy(&x, at(n + i, k), sizeof(Element));
          out[(k - k0) * kPanel + i] = x;
        }
      }
    }
  }
}

void packColumns(const Constant& c, uint32_t j0, uint32_t j1, uint8_t* to) {
  if (c.format == Format::f32) packColumnsOf<uint32_t>(c, j0, j1, to);
  else if (c.format == Format::i8) packColumnsOf<uint8_t>(c, j0, j1, to);
  else packColumnsOf<uint16_t>(c, j0, j1, to);
}

template <typename Element, typename Widen>
void packRowsOf(const Constant& c, uint32_t t0, uint32_t t1, float* to, Widen widen) {
  const Cut cut(c.count);
  for (uint32_t t = t0; t < t1; t++) {
    const uint32_t m = cut.at(t), rows = cut.at(t + 1) - m;
    float* tile = to + size_t{m} * c.k;
    for (uint32_t k0 = 0; k0 < c.k; k0 += kPackTogether) {
      for (uint32_t i = 0; i < rows; i++) {
        const int64_t row = c.base + c.outer[m + i];
        for (uint32_t k = k0; k < std::min(c.k, k0 + kPackTogether); k++) {
          Element x;
          std::memcpy(&x, c.bytes + (row + c.depth[k]) * int64_t{sizeof(Element)}, sizeof(Element));
          tile[size_t{k} * rows + i] = widen(x);
        }
      }
    }
  }
}

/// Rows become f32 whatever they were: each of their elements is met by many columns, and a tile
/// takes it from memory as a factor.
void packRowTiles(const Constant& c, uint32_t t0, uint32_t t1, uint8_t* to) {
  const auto out = reinterpret_cast<float*>(to);
  switch (c.format) {
    case Format::f32: return packRowsOf<float>(c, t0, t1, out, [](float x) { return x; });
    case Format::bf16: return packRowsOf<uint16_t>(c, t0, t1, out, ofBrain);
    case Format::f16: return packRowsOf<uint16_t>(c, t0, t1, out, ofHalf);
    case Format::i8: return packRowsOf<int8_t>(c, t0, t1, out, [](int8_t x) { return float(x); });
  }
}

}  // namespace
}  // namespace assay
