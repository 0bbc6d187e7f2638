// The record that describes one contraction: the one of the WebAssembly kernel (contraction/job.as.ts
// there), so that a machine hands the same jobs to either. Only the width of a panel differs.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "WebAssembly memory is little endian");

namespace assay {

/// Columns of one packed panel of B: two AVX-512 registers, two cache lines.
constexpr uint32_t kPanel = 32;
constexpr size_t kPanelRowBytes = kPanel * sizeof(float);

/// Bits of a record's epilogue word; 1 and 2 belong to the tiles.
constexpr uint32_t kBiasRows = 4;
constexpr uint32_t kBiasColumns = 8;
constexpr uint32_t kRelu = 16;
constexpr uint32_t kResidual = 32;
/// A map over the sums where they lie (map-job.h); `bias` is the address of its record.
constexpr uint32_t kMap = 64;

/// How the elements of packed B are stored. Each is widened to f32 exactly.
enum class Format : uint32_t { f32, bf16, f16, i8 };

inline size_t sizeOf(Format format) {
  return format == Format::f32 ? 4 : format == Format::i8 ? 1 : 2;
}

/// An address of this process in two words: the record's own alignment is 4.
struct Far {
  uint32_t low, high;
  uint8_t* pointer() const { return reinterpret_cast<uint8_t*>(uint64_t{high} << 32 | low); }
};

/// Counts are elements; addresses and offsets are bytes, multiples of 4, and their sums wrap modulo
/// 2^32: a table may hold what is negative. The first fifteen words are the WebAssembly kernel's.
struct Record {
  uint32_t m, n, k;
  uint32_t a, offM, offAk;
  uint32_t b, offN, offBk;
  uint32_t packed;
  uint32_t c, ldc;
  uint32_t bias;
  uint32_t epilogue;
  /// Added after the bias: a tensor laid out like C, row for row.
  uint32_t residual;
  /// Of packed B, which lies at `columns`, or in the memory at `packed` where that is null.
  Format format;
  Far columns;
  /// A packed by `packRowTiles`; null where it is packed in every run.
  Far rows;
};

/// A record in the memory its addresses mean.
struct Job : Record {
  uint8_t* memory;

  Job(uint8_t* base, uint32_t record) : memory(base) {
    std::memcpy(static_cast<Record*>(this), base + record, sizeof(Record));
  }

  const uint8_t* at(uint32_t address) const { return memory + address; }
  const uint32_t* table(uint32_t address) const {
    return reinterpret_cast<const uint32_t*>(memory + address);
  }
  float* floats(uint32_t address) const { return reinterpret_cast<float*>(memory + address); }
  /// Where panel j of packed B begins at k.
  uint8_t* panel(uint32_t j, uint32_t at) const {
    uint8_t* base = columns.pointer() ? columns.pointer() : memory + packed;
    return base + (size_t{j} * k + at) * kPanel * sizeOf(format);
  }
  float* element(uint32_t row, uint32_t column) const {
    return reinterpret_cast<float*>(memory + c + (size_t{row} * ldc + column) * sizeof(float));
  }
  const float* residualAt(uint32_t row, uint32_t column) const {
    return floats(residual) + size_t{row} * ldc + column;
  }
};

/// An operand as it is given: element (i, k) lies `base + outer[i] + depth[k]` elements from `bytes`.
/// Whoever makes one has checked that all of them lie there.
struct Constant {
  const uint8_t* bytes;
  Format format;
  int64_t base;
  const int32_t* outer;
  const int32_t* depth;
  /// Columns or rows, and k.
  uint32_t count, k;
};

/// True when `count` entries of an offset table step by `step` bytes each.
static inline bool stepsBy(uint32_t step, const uint32_t* table, uint32_t count) {
  for (uint32_t i = 1; i < count; i++) {
    if (table[i] - table[i - 1] != step) return false;
  }
  return true;
}

}  // namespace assay
