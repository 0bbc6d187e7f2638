// The record that describes a map: straight-line code over blocks of elements. Written by
// operators/backends/native/map-record.ts.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace assay {

/// Elements of one block register: the few that a program needs stay in the first cache, and the 10 ns
/// that an instruction costs beside its work count little (ns per element and addition in blocks of
/// 128, 256, 512, 1024: 0.11, 0.09, 0.06, 0.05).
constexpr uint32_t kBlock = 512;
constexpr uint32_t kMaxSlots = 32;
constexpr uint32_t kMaxReads = 8;
constexpr uint32_t kMaxCode = 96;
constexpr uint32_t kMaxOuter = 8;

/// Dtypes by their codes in every canonical encoding.
enum Dtype : uint32_t { kF32 = 1, kU8 = 2, kI8 = 3, kU16 = 4, kI16 = 5, kI32 = 6, kBool = 9 };

/// An output of rows x columns, row-major; the rows are seen as `rank` outer dims.
struct MapHeader {
  uint32_t rows, columns;
  uint32_t out, dtype;
  /// The slot whose block is the element.
  uint32_t result;
  uint32_t rank, reads, constants, code;
};

/// Addresses and strides are bytes; their sums wrap modulo 2^32.
struct MapRead {
  uint32_t address, dtype;
  /// Elements from one column to the next: 0 or 1.
  uint32_t column;
  uint32_t outer[kMaxOuter];
};

struct MapConstant {
  uint32_t slot, bits;
};

/// Codes are those of micro-ops; `kLoad` is read number a, and `kLoadOnce` one that is the same for all
/// elements, whose slot nothing else uses; those come first.
struct MapCode {
  uint32_t op, to, a, b, c;
};
constexpr uint32_t kLoad = 1;
constexpr uint32_t kLoadOnce = 2;
inline bool isLoad(uint32_t op) { return op == kLoad || op == kLoadOnce; }

/// A record in the memory its addresses mean; false from `open` where it is none.
struct MapJob {
  uint8_t* memory;
  MapHeader head;
  uint32_t outer[kMaxOuter];
  MapRead reads[kMaxReads];
  const MapConstant* constants;
  const MapCode* code;

  bool open(uint8_t* base, size_t length, size_t record) {
    memory = base;
    if (record % 4 || record > length || length - record < sizeof head) return false;
    std::memcpy(&head, base + record, sizeof head);
    if (head.rank > kMaxOuter || head.reads > kMaxReads || head.constants > kMaxSlots ||
        head.code > kMaxCode || head.result >= kMaxSlots) {
      return false;
    }
    const size_t words = head.rank + head.reads * (3 + head.rank) + 2 * head.constants + 5 * head.code;
    if (length - record - sizeof head < 4 * words) return false;
    const auto* word = reinterpret_cast<const uint32_t*>(base + record + sizeof head);
    for (uint32_t d = 0; d < head.rank; d++) outer[d] = *word++;
    for (uint32_t i = 0; i < head.reads; i++) {
      MapRead& r = reads[i];
      r.address = *word++;
      r.dtype = *word++;
      r.column = *word++;
      for (uint32_t d = 0; d < head.rank; d++) r.outer[d] = *word++;
    }
    constants = reinterpret_cast<const MapConstant*>(word);
    code = reinterpret_cast<const MapCode*>(word + 2 * head.constants);
    bool good = true;
    for (uint32_t i = 0; i < head.rank; i++) good = good && outer[i];
    for (uint32_t i = 0; i < head.constants; i++) good = good && constants[i].slot < kMaxSlots;
    for (uint32_t i = 0; i < head.code; i++) {
      const MapCode& x = code[i];
      good = good && x.to < kMaxSlots && x.b < kMaxSlots && x.c < kMaxSlots &&
             x.a < (isLoad(x.op) ? head.reads : kMaxSlots);
    }
    return good;
  }

  /// Byte offset of a read at a row's first column.
  uint32_t rowOffset(const MapRead& read, uint32_t row) const {
    if (head.rank == 1) return read.outer[0] * row;
    uint32_t offset = 0;
    for (uint32_t d = head.rank; d-- > 0;) {
      offset += row % outer[d] * read.outer[d];
      row /= outer[d];
    }
    return offset;
  }
};

}  // namespace assay
