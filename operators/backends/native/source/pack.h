// Packing: operands are copied into the order in which the tiles read them. All addressing by
// offset table happens here, so one set of tiles serves every layout and every operator.

#pragma once

#include <algorithm>

#include "job.h"
#include "vectors.h"

namespace assay {
namespace {

/// Rows m..m+rows of A, k..k+count, as [k][rows].
void packRows(const Job& job, float* to, uint32_t m, uint32_t rows, uint32_t k, uint32_t count) {
  const uint32_t* ks = job.table(job.offAk) + k;
  const uint32_t* ms = job.table(job.offM) + m;
  const auto from = [&](uint32_t i, uint32_t x) { return job.floats(job.a + ms[i] + ks[x]); };
  if (!stepsBy(4, ks, count)) {
    for (uint32_t x = 0; x < count; x++) {
      for (uint32_t i = 0; i < rows; i++) to[size_t{x} * rows + i] = *from(i, x);
    }
    return;
  }
  // Four rows at a time, turned; the last four may meet rows that were turned before.
  const uint32_t whole = rows < 4 ? 0 : count & ~3u;
  for (uint32_t i = 0; i < rows && whole; i += 4) {
    const uint32_t first = std::min(i, rows - 4);
    const float* p = from(first, 0);
    const float* q = from(first + 1, 0);
    const float* r = from(first + 2, 0);
    const float* s = from(first + 3, 0);
    float* at = to + first;
    for (uint32_t x = 0; x < whole; x += 4, at += 4 * size_t{rows}) {
      transposeQuads(loadQuad(p + x), loadQuad(q + x), loadQuad(r + x), loadQuad(s + x), at, rows);
    }
  }
  for (uint32_t i = 0; i < rows; i++) {
    const float* p = count ? from(i, 0) : nullptr;
    for (uint32_t x = whole; x < count; x++) to[size_t{x} * rows + i] = p[x];
  }
}

/// Up to four columns at `ns`; those missing become zeros: no NaN slows a tile.
void packGroup(const Job& job, float* to, const uint32_t* ns, uint32_t columns, const uint32_t* ks,
               uint32_t count, bool runs) {
  if (columns == 4 && stepsBy(4, ns, 4)) {
    const uint32_t first = job.b + ns[0];
    for (uint32_t x = 0; x < count; x++, to += kPanel) {
      storeQuad(to, loadQuad(job.floats(first + ks[x])));
    }
    return;
  }
  if (columns == 4 && stepsBy(8, ns, 4)) {
    // Seven neighbours hold the four wanted ones; the second load ends on the last of them.
    const uint32_t first = job.b + ns[0];
    for (uint32_t x = 0; x < count; x++, to += kPanel) {
      const float* from = job.floats(first + ks[x]);
      storeQuad(to, __builtin_shufflevector(loadQuad(from), loadQuad(from + 3), 0, 2, 5, 7));
    }
    return;
  }
  uint32_t x = 0;
  if (columns == 4 && runs) {
    const float* from[4];
    for (uint32_t i = 0; i < 4; i++) from[i] = job.floats(job.b + ns[i] + ks[0]);
    for (; x + 4 <= count; x += 4, to += 4 * kPanel) {
      transposeQuads(loadQuad(from[0] + x), loadQuad(from[1] + x), loadQuad(from[2] + x),
                     loadQuad(from[3] + x), to, kPanel);
    }
  }
  for (; x < count; x++, to += kPanel) {
    for (uint32_t i = 0; i < 4; i++) {
      to[i] = i < columns ? *job.floats(job.b + ns[i] + ks[x]) : 0.0f;
    }
  }
}

/// Columns n..n+width (at most a panel) of B at k..k+count, as [k][32], zeros behind.
void packPanel(const Job& job, float* to, uint32_t n, uint32_t width, uint32_t k, uint32_t count) {
  if (count == 0) return;
  const uint32_t* ks = job.table(job.offBk) + k;
  const uint32_t* ns = job.table(job.offN) + n;
  if (width == kPanel && stepsBy(4, ns, kPanel)) {
    const uint32_t first = job.b + ns[0];
    for (uint32_t x = 0; x < count; x++, to += kPanel) {
      const float* from = job.floats(first + ks[x]);
      for (uint32_t i = 0; i < kPanel; i += kLanes) store(to + i, load(from + i));
    }
    return;
  }
  const bool runs = stepsBy(4, ks, count);
  for (uint32_t g = 0; g < kPanel; g += 4) {
    const uint32_t columns = g < width ? std::min(4u, width - g) : 0;
    packGroup(job, to + g, ns + g, columns, ks, count, runs);
  }
}

}  // namespace
}  // namespace assay
