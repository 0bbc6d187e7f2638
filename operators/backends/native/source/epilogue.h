// The map at the end of a contraction, run on parts of C as soon as they hold their sums.

#pragma once

#include "job.h"
#include "maps.h"

namespace assay {
namespace {

/// A job's map, if it has one; the record was checked before (addon.cc).
struct Epilogue {
  MapJob map;
  bool here;
  explicit Epilogue(const Job& job)
      : here((job.epilogue & kMap) && map.open(job.memory, SIZE_MAX, job.bias)) {}
};

/// Runs it over finished columns of some rows while they are in a cache near by: in pieces of at least
/// so many elements, for with few rows a panel alone does not fill a block.
class Finisher {
 public:
  /// `epilogue` is null where there is nothing to do.
  Finisher(const Epilogue* epilogue, const Job& job, uint32_t m, uint32_t rows, uint32_t n)
      : epilogue(epilogue), job(job), m(m), rows(rows), from(n) {}

  /// Columns up to `n` hold their sums.
  void reach(uint32_t n, bool last) {
    if (!epilogue || (!last && (n - from) * rows < kWorth)) return;
    const MapJob& map = epilogue->map;
    const uint32_t row = (job.c - map.head.out) / (4 * job.ldc) + m;
    mapRectangle(map, row, row + rows, from, n);
    from = n;
  }

 private:
  static constexpr uint32_t kWorth = 8192;
  const Epilogue* epilogue;
  const Job& job;
  uint32_t m, rows, from;
};

}  // namespace
}  // namespace assay
