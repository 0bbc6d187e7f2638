// f32 contraction:
//
//   C[m][n] = epilogue(acc),  acc = +0;  for k = 0, 1, 2, ...: acc = fl(acc + fl(A(m,k) * B(k,n)))
//
// in exactly this order for every element, whatever the shape, the path taken and the division
// among threads: the bits are those of the plain triple loop.
//
// A block is a range of rows of A, packed, against panels of B over a range of k; each panel comes
// from memory once and is then met by all rows of the block.

#pragma once

#include "constants.h"
#include "epilogue.h"
#include "level.h"
#include "pack.h"
#include "tile.h"

namespace assay {
namespace {

/// Floats of packed A: with a panel of B beside it, it stays in a second cache of 1 MiB.
constexpr uint32_t kBlockA = 98304;
/// k of one block. With many rows the block of A sets it; with few, B comes from memory and long
/// runs keep the prefetcher going.
constexpr uint32_t kDepth = 1024;
constexpr uint32_t kDepthFewRows = 4096;
/// Panels that meet all rows before the next ones: 1024 k of them stay in a third cache.
constexpr uint32_t kPanelsAside = 64;
/// What a fresh product packs of B at a time.
constexpr uint32_t kDepthFresh = 512;
constexpr uint32_t kBlockFresh = 131072;

struct alignas(64) Workspace {
  float edge[ASSAY_TALL * kPanel];
  float edgeResidual[ASSAY_TALL * kPanel];
  float edgeBias[kPanelsTogether * kPanel];
  float a[kBlockA];
  /// One panel of kDepthFewRows, or the piece of a fresh product.
  float b[kBlockFresh];
};
static_assert(kBlockFresh >= kDepthFewRows * kPanel, "the last panel of a direct product fits");

struct Block {
  const Job& job;
  Workspace& work;
  uint32_t k, depth, stage;
  /// Where this block finishes sums that go through a map.
  const Epilogue* epilogue;
};

Block blockAt(const Job& job, Workspace& work, uint32_t k, uint32_t depth, const Epilogue& epilogue) {
  const uint32_t stage =
      job.epilogue | (k == 0 ? kFirst : 0) | (k + depth == job.k ? kLast : 0);
  return {job, work, k, depth, stage, epilogue.here && (stage & kLast) ? &epilogue : nullptr};
}

/// One tile at row m, columns n..n+width (at most the tile's); a narrower one goes through a copy.
void runTile(const Block& block, Tile t, RunTile run, uint32_t m, uint32_t rows, uint32_t n,
             uint32_t width, uint32_t full) {
  const Job& job = block.job;
  Workspace& work = block.work;
  t.depth = block.depth;
  t.stage = block.stage;
  t.bias = job.floats(job.bias) + (t.stage & kBiasRows ? m : n);
  const float* residual = job.residualAt(m, n);
  t.residual = residual;
  t.c = job.element(m, n);
  t.ldc = job.ldc;
  if (width == full) return run(t);
  float* c = t.c;
  t.c = work.edge;
  t.ldc = kPanel;
  t.residual = work.edgeResidual;
  const bool adds = (t.stage & kResidual) && (t.stage & kLast);
  for (uint32_t r = 0; r < rows && adds; r++) {
    std::copy_n(residual + size_t{r} * job.ldc, width, work.edgeResidual + r * kPanel);
  }
  if (t.stage & kBiasColumns) {
    std::copy_n(t.bias, width, work.edgeBias);
    t.bias = work.edgeBias;
  }
  for (uint32_t r = 0; r < rows && !(t.stage & kFirst); r++) {
    std::copy_n(c + size_t{r} * job.ldc, width, work.edge + r * kPanel);
  }
  run(t);
  for (uint32_t r = 0; r < rows; r++) {
    std::copy_n(work.edge + r * kPanel, width, c + size_t{r} * job.ldc);
  }
}

/// Tiles `from`..`end` of packed rows, [tile][k][rows of the tile].
struct Rows {
  Cut cut;
  /// The row of C at which the cut begins.
  uint32_t first;
  uint32_t from, end;
  const float* a;
  /// k that `a` holds of each tile, and the first of them wanted.
  uint32_t depth, k;

  uint32_t count(uint32_t i) const { return cut.at(i + 1) - cut.at(i); }
  uint32_t count() const { return cut.at(end) - cut.at(from); }
  uint32_t row() const { return first + cut.at(from); }
  const float* tile(uint32_t i) const {
    return a + size_t{cut.at(i)} * depth + size_t{k} * count(i);
  }
};

/// Packed rows by columns n..n+width, one panel at most, from `b` or in place.
template <From kFrom>
void panel(const Block& block, const Rows& rows, uint32_t n, uint32_t width, const uint8_t* b) {
  const Job& job = block.job;
  Tile t{};
  t.memory = job.memory;
  t.rowsOfB = job.table(job.offBk) + block.k;
  uint32_t step = 0;
  for (uint32_t s = 0; s < width; s += step) {
    step = kPanel;
    const uint32_t most = vectorsOf(rows.cut.at(1));
    for (uint32_t i = rows.from; i < rows.end; i++) {
      const uint32_t left = std::min(width - s, most * kLanes);
      const uint32_t vectors = left <= kLanes ? 1 : left <= 2 * kLanes ? 2 : most;
      t.a = rows.tile(i);
      t.b = b + s * bytesOf(kFrom);
      if (kFrom == From::place) t.column = job.b + job.table(job.offN)[n + s];
      runTile(block, t, tileOf<kFrom>(rows.count(i), vectors), rows.first + rows.cut.at(i),
              rows.count(i), n + s, left, vectors * kLanes);
      step = left;
    }
  }
}

Finisher finisherOf(const Block& block, const Rows& rows, uint32_t n) {
  return {block.epilogue, block.job, rows.row(), rows.count(), n};
}

/// Calls `use(rows)` for the rows m0..m1 in blocks: those of a constant A where they lie packed, a
/// tile belonging to the range in which it begins, others after packing them into the workspace.
template <typename Use>
void rowBlocks(const Block& block, uint32_t m0, uint32_t m1, Use use) {
  const Job& job = block.job;
  const uint32_t most = std::max(1u, kBlockA / std::max(1u, block.depth));
  if (const auto a = reinterpret_cast<const float*>(job.rows.pointer())) {
    const Cut cut(job.m);
    const uint32_t together = std::max(1u, most / ASSAY_TALL);
    const uint32_t end = cut.begunBefore(m1);
    for (uint32_t t = cut.begunBefore(m0); t < end; t += together) {
      use(Rows{cut, 0, t, std::min(end, t + together), a, job.k, block.k});
    }
    return;
  }
  const uint32_t limit = most > ASSAY_TALL ? most / ASSAY_TALL * ASSAY_TALL : most;
  for (uint32_t m = m0; m < m1; m += limit) {
    const Cut cut(std::min(limit, m1 - m));
    for (uint32_t i = 0; i < cut.tiles; i++) {
      packRows(job, block.work.a + size_t{cut.at(i)} * block.depth, m + cut.at(i),
               cut.at(i + 1) - cut.at(i), block.k, block.depth);
    }
    use(Rows{cut, m, 0, cut.tiles, block.work.a, block.depth, 0});
  }
}

/// Tiles from which on a narrow panel is widened once for all of them, not by each (128x4096x4096 in
/// f16, one thread of a busy Zen 4: 92 GFLOP/s against 87, in f32 106).
constexpr uint32_t kTilesWidened = 4;

const uint8_t* bytes(const float* p) { return reinterpret_cast<const uint8_t*>(p); }

/// Rows m0..m1 by panels j0..j1; panel j0 at the block's k is `b`, others `stride` bytes behind.
template <From kFrom>
void sweep(const Block& block, uint32_t m0, uint32_t m1, uint32_t j0, uint32_t j1, const uint8_t* b,
           size_t stride) {
  rowBlocks(block, m0, m1, [&](const Rows& rows) {
    const Job& job = block.job;
    Finisher finisher = finisherOf(block, rows, j0 * kPanel);
    uint32_t j = j0;
    const auto done = [&](uint32_t panels) {
      j += panels;
      finisher.reach(std::min(j * kPanel, job.n), j == j1);
    };
    if (bytesOf(kFrom) < 4 && rows.count() == 1) {
      constexpr uint32_t full = kPanelsTogether * kPanel;
      Tile t{};
      t.a = rows.tile(rows.from);
      t.stride = stride;
      while (j + kPanelsTogether <= j1) {
        t.b = b + (j - j0) * stride;
        const uint32_t width = std::min(full, job.n - j * kPanel);
        runTile(block, t, wideTile<kFrom>, rows.row(), 1, j * kPanel, width, full);
        done(kPanelsTogether);
      }
    }
    const bool many = bytesOf(kFrom) < 4 && rows.end - rows.from >= kTilesWidened;
    for (; j < j1; done(1)) {
      const uint32_t n = j * kPanel, width = std::min(kPanel, job.n - n);
      const uint8_t* from = b + (j - j0) * stride;
      if (!many) {
        panel<kFrom>(block, rows, n, width, from);
        continue;
      }
      for (size_t i = 0; i < size_t{block.depth} * kPanel; i += kLanes) {
        store(block.work.b + i, loadFrom<kFrom>(from + i * bytesOf(kFrom)));
      }
      panel<From::f32>(block, rows, n, width, bytes(block.work.b));
    }
  });
}

/// The same for packed B as its format says.
void sweepPacked(const Block& block, uint32_t m0, uint32_t m1, uint32_t j0, uint32_t j1) {
  const Job& job = block.job;
  const uint8_t* b = job.panel(j0, block.k);
  const size_t stride = job.panel(1, 0) - job.panel(0, 0);
  switch (job.format) {
    case Format::f32: return sweep<From::f32>(block, m0, m1, j0, j1, b, stride);
    case Format::bf16: return sweep<From::bf16>(block, m0, m1, j0, j1, b, stride);
    case Format::f16: return sweep<From::f16>(block, m0, m1, j0, j1, b, stride);
    case Format::i8: return sweep<From::i8>(block, m0, m1, j0, j1, b, stride);
  }
}

/// Calls `use(k, depth)` for equal parts of the fold, none deeper than `most`; once for no fold.
template <typename Use>
void depths(uint32_t k, uint32_t most, Use use) {
  const uint32_t parts = std::max(1u, (k + most - 1) / most);
  for (uint32_t i = 0; i < parts; i++) {
    const uint32_t from = uint32_t(uint64_t{k} * i / parts);
    use(from, uint32_t(uint64_t{k} * (i + 1) / parts) - from);
  }
}

void packB(uint8_t* memory, uint32_t record, uint32_t j0, uint32_t j1) {
  const Job job(memory, record);
  // All panels read the same few rows of B in turn.
  constexpr uint32_t kTogether = 64;
  for (uint32_t k = 0; k < job.k; k += kTogether) {
    for (uint32_t j = j0; j < j1; j++) {
      const uint32_t n = j * kPanel;
      packPanel(job, reinterpret_cast<float*>(job.panel(j, k)), n, std::min(kPanel, job.n - n), k,
                std::min(kTogether, job.k - k));
    }
  }
}

Workspace& workspaceAt(uint8_t* memory, uint32_t address) {
  return *reinterpret_cast<Workspace*>(memory + address);
}

uint32_t depthFor(uint32_t rows) {
  return std::max(kDepth, std::min(kDepthFewRows, kBlockA / std::max(1u, rows)));
}

void multiply(uint8_t* memory, uint32_t record, uint32_t m0, uint32_t m1, uint32_t j0, uint32_t j1,
              uint32_t work) {
  if (m0 >= m1) return;
  const Job job(memory, record);
  const Epilogue epilogue(job);
  const uint32_t most = depthFor(m1 - m0);
  const bool oneBlock = uint64_t{m1 - m0} * std::min(most, job.k) <= kBlockA;
  const uint32_t aside = oneBlock ? j1 - j0 : kPanelsAside;
  for (uint32_t j = j0; j < j1; j += aside) {
    depths(job.k, most, [&](uint32_t k, uint32_t depth) {
      const Block block = blockAt(job, workspaceAt(memory, work), k, depth, epilogue);
      sweepPacked(block, m0, m1, j, std::min(j1, j + aside));
    });
  }
}

void multiplyFresh(uint8_t* memory, uint32_t record, uint32_t m0, uint32_t m1, uint32_t j0,
                   uint32_t j1, uint32_t work) {
  const Job job(memory, record);
  const Epilogue epilogue(job);
  Workspace& space = workspaceAt(memory, work);
  const uint32_t deepest = std::max(1u, std::min(job.k, kDepthFresh));
  const uint32_t step = kBlockFresh / (deepest * kPanel);
  for (uint32_t from = j0; from < j1; from += step) {
    const uint32_t end = std::min(j1, from + step);
    depths(job.k, kDepthFresh, [&](uint32_t k, uint32_t depth) {
      const Block block = blockAt(job, space, k, depth, epilogue);
      const size_t stride = size_t{depth} * kPanel;
      for (uint32_t j = from; j < end; j++) {
        const uint32_t n = j * kPanel;
        packPanel(job, space.b + (j - from) * stride, n, std::min(kPanel, job.n - n), k, depth);
      }
      sweep<From::f32>(block, m0, m1, from, end, bytes(space.b), stride * sizeof(float));
    });
  }
}

/// A large B in place lies rows apart, which no prefetcher follows by itself: few of its rows at a
/// time are as many streams of which each goes on in the next panel (4096 x 4096, GFLOP/s at whole
/// depth, 256, 8: one row 3.5, 4.5, 9.6; 4 rows 18, 20, 28; 16 rows 31, 57, 33; 64 rows 90, 83, 31).
uint32_t depthInPlace(uint32_t rows, uint32_t columns, uint32_t k) {
  constexpr uint64_t kLarge = 1 << 20;
  if (uint64_t{columns} * k < kLarge || rows > 16) return depthFor(rows);
  return rows <= 4 ? 8 : 256;
}

void multiplyDirect(uint8_t* memory, uint32_t record, uint32_t n0, uint32_t n1, uint32_t work) {
  const Job job(memory, record);
  const Epilogue epilogue(job);
  Workspace& space = workspaceAt(memory, work);
  depths(job.k, depthInPlace(job.m, n1 - n0, job.k), [&](uint32_t k, uint32_t depth) {
    const Block block = blockAt(job, space, k, depth, epilogue);
    rowBlocks(block, 0, job.m, [&](const Rows& rows) {
      Finisher finisher = finisherOf(block, rows, n0);
      for (uint32_t n = n0; n < n1; n += kPanel) {
        if (n1 - n >= kPanel) {
          panel<From::place>(block, rows, n, kPanel, nullptr);
        } else {
          packPanel(job, space.b, n, n1 - n, k, depth);
          panel<From::f32>(block, rows, n, n1 - n, bytes(space.b));
        }
        finisher.reach(std::min(n + kPanel, n1), n + kPanel >= n1);
      }
    });
  });
}

}  // namespace
}  // namespace assay

#define ASSAY_LEVEL(name)                                                                 \
  {name,                 ASSAY_TALL,            sizeof(assay::Workspace),                 \
   assay::packColumns,   assay::packRowTiles,   assay::packB,                             \
   assay::multiply,      assay::multiplyFresh,  assay::multiplyDirect,                    \
   assay::runMap}
