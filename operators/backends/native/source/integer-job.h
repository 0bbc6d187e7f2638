// The record that describes one product of integers: word for word that of the WebAssembly kernel
// (contraction/integer-job.as.ts).

#pragma once

#include "job.h"

namespace assay {

/// Bits of a record's `types`.
constexpr uint32_t kSignedA = 1;
constexpr uint32_t kWideA = 2;
constexpr uint32_t kSignedB = 4;
constexpr uint32_t kWideB = 8;
/// Operands are packed as bytes, four k to a lane, instead of centred 16-bit words, two k to a lane.
constexpr uint32_t kQuads = 16;

/// k of one block of a packed panel; a multiple of four.
constexpr uint32_t kIntegerDepth = 4096;

/// Seventeen words. Elements of A and B are u8, i8 or (wide) i16, those of C 32 bits; offsets are
/// bytes of any alignment and wrap modulo 2^32.
struct IntegerRecord {
  uint32_t m, n, k;
  uint32_t a, offM, offAk;
  uint32_t b, offN, offBk;
  uint32_t packed;
  uint32_t c, ldc;
  /// Zero points of a row and of a column, of the dtype of the operand, `step` bytes apart; at 0: none.
  uint32_t zeroA, stepA, zeroB, stepB;
  uint32_t types;
};

struct IntegerJob : IntegerRecord {
  uint8_t* memory;

  IntegerJob(uint8_t* base, uint32_t record) : memory(base) {
    std::memcpy(static_cast<IntegerRecord*>(this), base + record, sizeof(IntegerRecord));
  }

  const uint8_t* at(uint32_t address) const { return memory + address; }
  const uint32_t* table(uint32_t address) const {
    return reinterpret_cast<const uint32_t*>(memory + address);
  }
  uint32_t* element(uint32_t row, uint32_t column) const {
    return reinterpret_cast<uint32_t*>(memory + c + (size_t{row} * ldc + column) * 4);
  }
  int32_t zeroOfRow(uint32_t m) const {
    return zeroA ? byteAt(zeroA + m * stepA, types & kSignedA) : 0;
  }
  int32_t zeroOfColumn(uint32_t n) const {
    return zeroB ? byteAt(zeroB + n * stepB, types & kSignedB) : 0;
  }

 private:
  int32_t byteAt(uint32_t address, bool isSigned) const {
    return isSigned ? int32_t{int8_t(memory[address])} : int32_t{memory[address]};
  }
};

/// What a level offers for products of integers.
struct Integers {
  const char* name;
  uint32_t tileRows;
  size_t workspaceBytes;
  /// As their namesakes for f32 (level.h).
  void (*packB)(uint8_t* memory, uint32_t job, uint32_t j0, uint32_t j1);
  void (*multiply)(uint8_t* memory, uint32_t job, uint32_t m0, uint32_t m1, uint32_t j0,
                   uint32_t j1, uint32_t work);
  void (*multiplyFresh)(uint8_t* memory, uint32_t job, uint32_t m0, uint32_t m1, uint32_t j0,
                        uint32_t j1, uint32_t work);
};

extern const Integers kIntegersPortable;
#if defined(__x86_64__)
extern const Integers kIntegersAvx2;
extern const Integers kIntegersAvx512;
extern const Integers kIntegersVnni;
#endif

/// Those that run here, the fastest first; ends with a null.
const Integers* const* integersHere();

/// Those of that name, if they run here, or null.
const Integers* integersNamed(const char* name);

}  // namespace assay
