// Maps: straight-line code over blocks of elements. Lanes run across elements, so that every element's
// bits are those of its own code, wherever a block begins and ends.

#pragma once

#include <algorithm>

#include "block-ops.h"

namespace assay {
namespace {

/// Elements of a dtype widened to 32 bits, or narrowed from there.
template <typename T>
void loadWide(float* to, const uint8_t* from, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    T x;
    std::memcpy(&x, from + i * sizeof x, sizeof x);
    const int32_t wide = x;
    std::memcpy(to + i, &wide, 4);
  }
}

template <typename T>
void storeNarrow(uint8_t* to, const float* from, uint32_t count) {
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
    case kI8: return loadWide<int8_t>(to, from, count);
    case kU8: case kBool: return loadWide<uint8_t>(to, from, count);
    case kI16: return loadWide<int16_t>(to, from, count);
    case kU16: return loadWide<uint16_t>(to, from, count);
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
    case kBool: return storeNarrow<bool>(to, from, count);
    case kI8: case kU8: return storeNarrow<uint8_t>(to, from, count);
    case kI16: case kU16: return storeNarrow<uint16_t>(to, from, count);
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

/// False where the record is none, or the range not in it.
bool runMap(uint8_t* memory, size_t length, uint32_t record, uint32_t begin, uint32_t end) {
  MapJob job;
  if (!job.open(memory, length, record) || !isKnown(job)) return false;
  if (begin > end || end > uint64_t{job.head.rows} * job.head.columns) return false;
  mapRange(job, begin, end);
  return true;
}

}  // namespace
}  // namespace assay
