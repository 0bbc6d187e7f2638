// The loops around the tiles. A block is a range of rows of A, packed, against panels of B over a
// range of k; each panel is read from memory once and then met by all rows of the block.

import { BIAS_COLUMNS, BIAS_ROWS, Job, PANEL, PANEL_ROW, RESIDUAL } from "./job.as";
import { packRows } from "./pack.as";
import { FIRST, LAST, tile1, tile1Wide, tile2 } from "./tile.as";

/** Bytes of packed A: with one panel of B beside it, it stays in a second cache of 1 MiB. */
export const A_BYTES: usize = 384 << 10;

/**
 * Where C is larger than the second cache (elements), its stores dominate when k is small. As many
 * panels as have this many k in all, 16 KiB, then take turns under each pair of rows, so that the
 * stores run along the rows: 64x27x12769, the first convolution of SqueezeNet, 26 to 33 GFLOP/s.
 * Elsewhere it costs up to 8 %.
 */
const FAR_ELEMENTS: u64 = 262144;
const GROUP_DEPTH: u32 = 256;

/** The state below, then a tile of the last panel: 2 x 16 sums, as many residuals, 16 column biases. */
const EDGE: usize = 64;
const EDGE_RESIDUAL: usize = EDGE + 128;
const EDGE_BIAS: usize = EDGE_RESIDUAL + 128;
export const HEADER_BYTES: usize = EDGE_BIAS + 64;

/** What the loops share; it lies at the start of the caller's workspace. */
@unmanaged
export class Block {
  /** First row of C, and how many. */
  m: u32;
  rows: u32;
  /** First k and how many. */
  k: u32;
  depth: u32;
  /** Panel j0 at k, and bytes from one panel to the next. */
  b: usize;
  stride: usize;
  stage: u32;
}

/**
 * Rows m0..m1 by panels j0..j1 over k..k+depth. An odd row goes first, by itself, across two
 * panels at a time: the pairs then find these panels in a cache.
 */
export function sweep(job: Job, block: Block, m0: u32, m1: u32, j0: u32, j1: u32): void {
  const depth = block.depth;
  const a = changetype<usize>(block) + HEADER_BYTES;
  const far = <u64>(m1 - m0) * job.ldc > FAR_ELEMENTS;
  const group = far ? max<u32>(2, GROUP_DEPTH / max<u32>(depth, 16)) & ~1 : 2;
  const limit = (<u32>(A_BYTES >> 2) / max<u32>(depth, 1)) & ~1;
  block.stage =
    job.epilogue | (block.k == 0 ? FIRST : 0) | (block.k + depth == job.k ? LAST : 0);
  for (let m = m0; m < m1; m += limit) {
    const rows = min(limit, m1 - m);
    const odd = rows & 1;
    const pairs = a + ((<usize>odd * depth) << 2);
    packRows(job, a, m, odd, block.k, depth);
    packRows(job, pairs, m + odd, rows - odd, block.k, depth);
    let b = block.b;
    for (let j = j0; j < j1; j += group, b += <usize>group * block.stride) {
      const end = min(j1, j + group);
      block.m = m;
      block.rows = 1;
      if (odd) oddRow(job, block, j, end, a, b);
      block.rows = group > 2 ? 2 : rows - odd;
      let at = pairs;
      for (let i = odd; i < rows; i += block.rows, at += (<usize>block.rows * depth) << 2) {
        block.m = m + i;
        let from = b;
        for (let p = j; p < end; p++, from += block.stride) panel(job, block, p, at, from);
      }
    }
  }
}

function oddRow(job: Job, block: Block, j: u32, end: u32, a: usize, b: usize): void {
  const stride = block.stride;
  const whole = min(end, job.n / PANEL);
  for (; j + 2 <= whole; j += 2, b += 2 * stride) {
    const n = <usize>j * PANEL;
    const c = job.c + ((<usize>block.m * job.ldc + n) << 2);
    const bias = job.bias + (job.epilogue & BIAS_ROWS ? <usize>block.m << 2 : n << 2);
    tile1Wide(block.depth, a, b, stride, c, block.stage, bias, c + job.residual - job.c);
  }
  for (; j < end; j++, b += stride) panel(job, block, j, a, b);
}

/** The rows of the block by one panel: pairs, and one row if there is only one. */
function panel(job: Job, block: Block, j: u32, a: usize, b: usize): void {
  const n = j * PANEL;
  if (job.n - n < PANEL) {
    lastPanel(job, block, n, a, b);
    return;
  }
  const depth = block.depth;
  const stage = block.stage;
  const ldc = <usize>job.ldc << 2;
  const pairBytes = <usize>depth << 3;
  const step: usize = stage & BIAS_ROWS ? 8 : 0;
  let bias = job.bias + (<usize>(step ? block.m : n) << 2);
  let c = job.c + <usize>block.m * ldc + (<usize>n << 2);
  const apart = job.residual - job.c;
  let rows = block.rows;
  for (; rows >= 2; rows -= 2, a += pairBytes, c += 2 * ldc, bias += step) {
    tile2(depth, a, b, c, ldc, stage, bias, c + apart);
  }
  if (rows) tile1(depth, a, b, c, stage, bias, c + apart);
}

/** The same where fewer than 16 columns are left: tiles go through a copy of full width. */
function lastPanel(job: Job, block: Block, n: u32, a: usize, b: usize): void {
  const width = job.n - n;
  const depth = block.depth;
  const stage = block.stage;
  const ldc = <usize>job.ldc << 2;
  const tile = changetype<usize>(block) + EDGE;
  const columnBias = changetype<usize>(block) + EDGE_BIAS;
  const residual = changetype<usize>(block) + EDGE_RESIDUAL;
  const apart = job.residual - job.c;
  if (stage & BIAS_COLUMNS) copy(columnBias, job.bias + (<usize>n << 2), width);
  let c = job.c + <usize>block.m * ldc + (<usize>n << 2);
  for (let i: u32 = 0; i < block.rows; i += 2, a += <usize>depth << 3, c += 2 * ldc) {
    const pair = i + 1 < block.rows;
    const bias = stage & BIAS_ROWS ? job.bias + (<usize>(block.m + i) << 2) : columnBias;
    if (!(stage & FIRST)) {
      copy(tile, c, width);
      if (pair) copy(tile + PANEL_ROW, c + ldc, width);
    }
    if (stage & RESIDUAL) {
      copy(residual, c + apart, width);
      if (pair) copy(residual + PANEL_ROW, c + apart + ldc, width);
    }
    if (pair) tile2(depth, a, b, tile, PANEL_ROW, stage, bias, residual);
    else tile1(depth, a, b, tile, stage, bias, residual);
    copy(c, tile, width);
    if (pair) copy(c + ldc, tile + PANEL_ROW, width);
  }
}

/** Up to 15 elements; V8 makes a call into C of memory.copy, which costs more than a short tile. */
function copy(to: usize, from: usize, count: u32): void {
  for (; count >= 4; count -= 4, to += 16, from += 16) v128.store(to, v128.load(from));
  for (; count; count--, to += 4, from += 4) store<u32>(to, load<u32>(from));
}
