// One source of the kernels, compiled once per instruction set: what a level offers.

#pragma once

#include <cstddef>
#include <cstdint>

namespace assay {

struct Constant;

struct Level {
  const char* name;
  /// Rows of a whole register tile: work is best cut in multiples.
  uint32_t tileRows;
  /// Bytes of scratch that every thread needs, aligned to 64.
  size_t workspaceBytes;
  /// Panels j0..j1 of a constant column operand, and tiles t0..t1 of a constant row operand.
  void (*packColumns)(const Constant& from, uint32_t j0, uint32_t j1, uint8_t* to);
  void (*packRowTiles)(const Constant& from, uint32_t t0, uint32_t t1, uint8_t* to);
  /// B to panels j0..j1 of `packed`.
  void (*packB)(uint8_t* memory, uint32_t job, uint32_t j0, uint32_t j1);
  /// Rows m0..m1, panels j0..j1, B packed before.
  void (*multiply)(uint8_t* memory, uint32_t job, uint32_t m0, uint32_t m1, uint32_t j0,
                   uint32_t j1, uint32_t work);
  /// The same from B itself, packed piece by piece.
  void (*multiplyFresh)(uint8_t* memory, uint32_t job, uint32_t m0, uint32_t m1, uint32_t j0,
                        uint32_t j1, uint32_t work);
  /// All rows, columns n0..n1, from B where it lies; neighbouring columns must be neighbours there.
  void (*multiplyDirect)(uint8_t* memory, uint32_t job, uint32_t n0, uint32_t n1, uint32_t work);
  /// Elements begin..end of a map (map-job.h); false where the record is none.
  bool (*runMap)(uint8_t* memory, size_t length, uint32_t record, uint32_t begin, uint32_t end);
};

extern const Level kPortable;
#if defined(__x86_64__)
extern const Level kAvx2;
extern const Level kAvx512;
#endif

}  // namespace assay
