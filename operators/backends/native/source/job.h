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

/// Fifteen words. Counts are elements; addresses and offsets are bytes, multiples of 4, and their
/// sums wrap modulo 2^32: a table may hold what is negative.
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
  /// Columns begin at a byte that 32 bits need not hold: a panel's stride times its number.
  float* panel(uint32_t j) const {
    return reinterpret_cast<float*>(memory + packed + size_t{j} * k * kPanelRowBytes);
  }
  float* element(uint32_t row, uint32_t column) const {
    return reinterpret_cast<float*>(memory + c + (size_t{row} * ldc + column) * sizeof(float));
  }
  const float* residualAt(uint32_t row, uint32_t column) const {
    return floats(residual) + size_t{row} * ldc + column;
  }
};

/// True when `count` entries of an offset table step by `step` bytes each.
static inline bool stepsBy(uint32_t step, const uint32_t* table, uint32_t count) {
  for (uint32_t i = 1; i < count; i++) {
    if (table[i] - table[i - 1] != step) return false;
  }
  return true;
}

}  // namespace assay
