// Products of integers:  C[m][n] = sum over k of (A(m,k) - za[m]) * (B(k,n) - zb[n])  modulo 2^32.
//
// As for f32 (contraction.h): a block of packed rows of A meets panels of B, 32 columns wide. The
// fold is cut into blocks of kIntegerDepth, each complete in itself: it adds its sums to C.

#pragma once

#include "integer-pack.h"

namespace assay {
namespace {

/// Lanes of packed A and of what a fresh product packs of B at a time: both stay in a second cache.
constexpr uint32_t kLanesOfA = 98304;
constexpr uint32_t kLanesOfB = 131072;
/// Rows of one block of A, however short they are.
constexpr uint32_t kMostRows = 4096;

struct alignas(64) IntegerWorkspace {
  uint32_t edge[ASSAY_TALL * kPanel];
  uint32_t a[kLanesOfA];
  uint32_t rowZero[kMostRows];
  uint32_t rowRest[kMostRows];
  uint32_t b[kLanesOfB];
};

/// How a product's operands are packed.
struct Form {
  bool quads;
  explicit Form(const IntegerJob& job) : quads(job.types & kQuads) {}
  uint32_t groups(uint32_t depth) const { return quads ? (depth + 3) / 4 : (depth + 1) / 2; }
  uint32_t header() const { return quads ? 2 * kPanel : 0; }
  /// Lanes of one panel over that many k of one block.
  uint32_t lanes(uint32_t depth) const { return header() + groups(depth) * kPanel; }
  /// Lanes of one panel over all k.
  size_t stride(uint32_t k) const {
    const uint32_t whole = k / kIntegerDepth;
    const bool rest = k % kIntegerDepth || k == 0;
    return size_t{whole} * lanes(kIntegerDepth) + (rest ? lanes(k % kIntegerDepth) : 0);
  }
};

void packPanel(const IntegerJob& job, uint32_t* to, uint32_t n, uint32_t k, uint32_t count) {
  if (job.types & kQuads) return packPanelQuads(job, to, n, k, count);
  if (job.types & kWideB) return packPanelWords<int16_t>(job, to, n, k, count);
  if (job.types & kSignedB) return packPanelWords<int8_t>(job, to, n, k, count);
  packPanelWords<uint8_t>(job, to, n, k, count);
}

/// Rows are cut into tiles that differ by one row at most.
struct RowCut {
  uint32_t rows, tiles;
  explicit RowCut(uint32_t rows) : rows(rows), tiles((rows + ASSAY_TALL - 1) / ASSAY_TALL) {}
  uint32_t at(uint32_t i) const { return uint32_t(uint64_t{rows} * i / tiles); }
};

struct IntegerBlock {
  const IntegerJob& job;
  IntegerWorkspace& work;
  uint32_t k, depth;
  Form form;
  uint32_t groups;

  IntegerBlock(const IntegerJob& job, IntegerWorkspace& work, uint32_t k)
      : job(job), work(work), k(k), depth(std::min(kIntegerDepth, job.k - k)), form(job),
        groups(form.groups(depth)) {}

  void packRows(const RowCut& cut, uint32_t m) const {
    for (uint32_t i = 0; i < cut.tiles; i++) {
      const uint32_t row = cut.at(i), rows = cut.at(i + 1) - row;
      uint32_t* to = work.a + size_t{row} * groups;
      if (form.quads) {
        packRowQuads(job, to, m + row, rows, k, depth, work.rowZero + row, work.rowRest + row);
      } else if (job.types & kWideA) {
        packRowWords<int16_t>(job, to, m + row, rows, k, depth);
      } else if (job.types & kSignedA) {
        packRowWords<int8_t>(job, to, m + row, rows, k, depth);
      } else {
        packRowWords<uint8_t>(job, to, m + row, rows, k, depth);
      }
    }
  }

  /// Packed rows m..m+cut.rows by the panel of column n.
  void panel(const RowCut& cut, uint32_t m, uint32_t n, const uint32_t* b) const {
    const uint32_t width = std::min(kPanel, job.n - n);
    for (uint32_t s = 0; s < width; s += 2 * kLanes) {
      for (uint32_t i = 0; i < cut.tiles; i++) {
        const uint32_t row = cut.at(i), rows = cut.at(i + 1) - row;
        IntegerTile t{};
        t.groups = groups;
        t.a = work.a + size_t{row} * groups;
        t.b = b + form.header() + s;
        t.adds = k > 0;
        t.rowZero = work.rowZero + row;
        t.rowRest = work.rowRest + row;
        t.columnSum = b + s;
        t.columnZero = b + kPanel + s;
        tile(t, m + row, rows, n + s, std::min(width - s, 2 * kLanes));
      }
    }
  }

 private:
  /// One tile; a narrower one than its vectors goes through a copy.
  void tile(IntegerTile& t, uint32_t m, uint32_t rows, uint32_t n, uint32_t width) const {
    const uint32_t vectors = width <= kLanes ? 1 : 2;
    const auto run = form.quads ? integerTileOf<true>(rows, vectors) : integerTileOf<false>(rows, vectors);
    t.c = job.element(m, n);
    t.ldc = job.ldc;
    if (width == vectors * kLanes) return run(t);
    uint32_t* c = t.c;
    t.c = work.edge;
    t.ldc = kPanel;
    for (uint32_t r = 0; r < rows && t.adds; r++) {
      std::copy_n(c + size_t{r} * job.ldc, width, work.edge + r * kPanel);
    }
    run(t);
    for (uint32_t r = 0; r < rows; r++) {
      std::copy_n(work.edge + r * kPanel, width, c + size_t{r} * job.ldc);
    }
  }
};

/// Rows m0..m1 by panels j0..j1; panel j0 of this block is `b`, others `stride` lanes behind.
void sweep(const IntegerBlock& block, uint32_t m0, uint32_t m1, uint32_t j0, uint32_t j1,
           const uint32_t* b, size_t stride) {
  const uint32_t most = std::min(kMostRows, kLanesOfA / std::max(1u, block.groups));
  const uint32_t limit = most / ASSAY_TALL * ASSAY_TALL;
  for (uint32_t m = m0; m < m1; m += limit) {
    const RowCut cut(std::min(limit, m1 - m));
    block.packRows(cut, m);
    for (uint32_t j = j0; j < j1; j++) block.panel(cut, m, j * kPanel, b + (j - j0) * stride);
  }
}
static_assert(kLanesOfA / (kIntegerDepth / 2) >= ASSAY_TALL, "a tile's rows fit");
static_assert(kLanesOfB >= 2 * kPanel + kIntegerDepth / 2 * kPanel, "a panel fits");

uint32_t* packedPanel(const IntegerJob& job, uint32_t j) {
  return reinterpret_cast<uint32_t*>(job.memory + job.packed) + j * Form(job).stride(job.k);
}

IntegerWorkspace& workspaceAt(uint8_t* memory, uint32_t address) {
  return *reinterpret_cast<IntegerWorkspace*>(memory + address);
}

/// Calls `use(k, lanes before it in a panel)` for every block of the fold; once for no fold.
template <typename Use>
void blocksOf(const IntegerJob& job, Use use) {
  uint32_t k = 0;
  do {
    use(k, size_t{k / kIntegerDepth} * Form(job).lanes(kIntegerDepth));
    k += kIntegerDepth;
  } while (k < job.k);
}

void packB(uint8_t* memory, uint32_t record, uint32_t j0, uint32_t j1) {
  const IntegerJob job(memory, record);
  blocksOf(job, [&](uint32_t k, size_t before) {
    for (uint32_t j = j0; j < j1; j++) {
      packPanel(job, packedPanel(job, j) + before, j * kPanel, k, std::min(kIntegerDepth, job.k - k));
    }
  });
}

void multiply(uint8_t* memory, uint32_t record, uint32_t m0, uint32_t m1, uint32_t j0, uint32_t j1,
              uint32_t work) {
  const IntegerJob job(memory, record);
  blocksOf(job, [&](uint32_t k, size_t before) {
    const IntegerBlock block(job, workspaceAt(memory, work), k);
    sweep(block, m0, m1, j0, j1, packedPanel(job, j0) + before, Form(job).stride(job.k));
  });
}

void multiplyFresh(uint8_t* memory, uint32_t record, uint32_t m0, uint32_t m1, uint32_t j0,
                   uint32_t j1, uint32_t work) {
  const IntegerJob job(memory, record);
  IntegerWorkspace& space = workspaceAt(memory, work);
  const uint32_t stride = Form(job).lanes(std::min(kIntegerDepth, job.k));
  const uint32_t step = std::max(1u, kLanesOfB / std::max(1u, stride));
  for (uint32_t from = j0; from < j1; from += step) {
    const uint32_t end = std::min(j1, from + step);
    blocksOf(job, [&](uint32_t k, size_t) {
      const IntegerBlock block(job, space, k);
      for (uint32_t j = from; j < end; j++) {
        packPanel(job, space.b + size_t{j - from} * stride, j * kPanel, k, block.depth);
      }
      sweep(block, m0, m1, from, end, space.b, stride);
    });
  }
}

}  // namespace
}  // namespace assay

#define ASSAY_INTEGERS(name)                                                   \
  {name,         ASSAY_TALL,      sizeof(assay::IntegerWorkspace), assay::packB, \
   assay::multiply, assay::multiplyFresh}
