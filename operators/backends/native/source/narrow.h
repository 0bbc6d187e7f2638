// Tiles over panels of narrow elements, for few rows, and the widening of panels for many. Weights of
// bf16, f16 and i8 come from memory as they are; widening is exact, so the bits are those of a product
// with f32 copies.

#pragma once

#include "tile.h"

namespace assay {
namespace {

/// Rows up to which elements are widened in the tile; for more the panel is widened once for all.
constexpr uint32_t kNarrowRows = 4;
/// Panels that one row meets at a time: eight sums hide what an addition takes to come back.
constexpr uint32_t kPanelsTogether = kLanes / 4;

template <Format kFormat>
inline __attribute__((always_inline)) Vec loadNarrow(const uint8_t* p) {
  if (kFormat == Format::i8) {
    Bytes x;
    std::memcpy(&x, p, sizeof x);
    return ofBytes(x);
  }
  Halves x;
  std::memcpy(&x, p, sizeof x);
  return kFormat == Format::bf16 ? ofBrains(x) : ofHalves(x);
}

template <Format kFormat, int kRows, int kPanels>
void narrowTile(const Tile& t) {
  constexpr int kVectors = kPanel / kLanes;
  constexpr size_t kBytes = kFormat == Format::i8 ? 1 : 2;
  Vec acc[kRows][kPanels * kVectors];
  begin(t, acc);
  const float* a = t.a;
  const auto* b = reinterpret_cast<const uint8_t*>(t.b);
  for (uint32_t k = 0; k < t.depth; k++) {
#pragma GCC unroll 4
    for (int p = 0; p < kPanels; p++) {
      const uint8_t* line = b + p * t.stride;
      __builtin_prefetch(line + kAhead);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; v++) {
        const Vec row = loadNarrow<kFormat>(line + v * kLanes * kBytes);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; r++) {
          Vec& sum = acc[r][p * kVectors + v];
          sum = sum + splat(a[r]) * row;
        }
      }
    }
    a += kRows;
    b += kPanel * kBytes;
  }
  end(t, acc);
}

template <Format kFormat>
RunTile narrowTileOf(uint32_t rows, uint32_t panels) {
  if (panels > 1) return narrowTile<kFormat, 1, kPanelsTogether>;
  constexpr RunTile table[] = {narrowTile<kFormat, 1, 1>, narrowTile<kFormat, 2, 1>,
                               narrowTile<kFormat, 3, 1>, narrowTile<kFormat, 4, 1>};
  return table[rows - 1];
}

RunTile narrowTileOf(Format format, uint32_t rows, uint32_t panels) {
  if (format == Format::bf16) return narrowTileOf<Format::bf16>(rows, panels);
  if (format == Format::f16) return narrowTileOf<Format::f16>(rows, panels);
  return narrowTileOf<Format::i8>(rows, panels);
}

template <Format kFormat>
void widen(const uint8_t* from, size_t count, float* to) {
  constexpr size_t kBytes = kFormat == Format::i8 ? 1 : 2;
  for (size_t i = 0; i < count; i += kLanes) store(to + i, loadNarrow<kFormat>(from + i * kBytes));
}

/// `count` elements, a multiple of a panel's columns.
void widen(Format format, const uint8_t* from, size_t count, float* to) {
  if (format == Format::bf16) return widen<Format::bf16>(from, count, to);
  if (format == Format::f16) return widen<Format::f16>(from, count, to);
  return widen<Format::i8>(from, count, to);
}

}  // namespace
}  // namespace assay
