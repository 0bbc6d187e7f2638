// Register tiles: the only place where a product is added to a sum.
//
// Every lane runs acc = fl(acc + fl(a * b)) with k ascending; a tile that does not start at k = 0
// reloads its sums from C, so a blocked fold has the bits of the plain loop.
//
// V8 has 15 free vector registers on x64. Two rows of 16 columns need 8 sums, 4 values of B, one
// of A and one product; every larger tile tried spills (4x8 loses 15 %, 6x8 half the speed).
// V8 also moves every load of a straight run of code to its front, and then spills. A branch stops
// it: hence the exits between the unrolled steps, which serve the rest of k as well. Measured on a
// Zen 4 at 512x512x512: one step per turn 40 GFLOP/s, four without exits 28, four with them 46,
// which is also what the same tile reaches in C.

import { BIAS_COLUMNS, BIAS_ROWS, PANEL_ROW, RELU, RESIDUAL } from "./job.as";

/** Bits of `stage` beside those of `Job.epilogue`: the tile's place in the fold. */
export const FIRST: u32 = 1;
export const LAST: u32 = 2;

// @ts-ignore: decorator
@inline
function madd(acc: v128, a: v128, b: v128): v128 {
  return f32x4.add(acc, f32x4.mul(a, b));
}

/**
 * Bias, rectification and canonical NaN of four finished sums. A sum is never -0: it starts at +0,
 * and x + y is -0 only when both are. Hence adding +0 for "no bias" changes nothing, and
 * pmax(x, +0), which keeps NaN and would keep -0, is the contract's max(x, +0). Leaving the NaN as
 * they are would gain nothing measurable from k = 128 on, and 0 to 4 % at k = 64.
 */
// @ts-ignore: decorator
@inline
export function finish(sum: v128, bias: v128, floor: v128): v128 {
  const x = f32x4.pmax(f32x4.add(sum, bias), floor);
  return v128.bitselect(x, i32x4.splat(0x7fc00000), f32x4.eq(x, x));
}

/** The lower bound `finish` applies: +0 under RELU, else one that changes nothing. */
// @ts-ignore: decorator
@inline
export function floorOf(stage: u32): v128 {
  return stage & RELU ? f32x4.splat(0) : f32x4.splat(-Infinity);
}

// @ts-ignore: decorator
@inline
function storeRow(
  c: usize,
  v0: v128,
  v1: v128,
  v2: v128,
  v3: v128,
  stage: u32,
  rowBias: usize,
  columnBias: usize,
  residual: usize,
): void {
  if (stage & LAST) {
    let x0 = f32x4.splat(0);
    let x1 = x0;
    let x2 = x0;
    let x3 = x0;
    if (stage & BIAS_ROWS) {
      x0 = x1 = x2 = x3 = v128.load32_splat(rowBias);
    } else if (stage & BIAS_COLUMNS) {
      x0 = v128.load(columnBias);
      x1 = v128.load(columnBias, 16);
      x2 = v128.load(columnBias, 32);
      x3 = v128.load(columnBias, 48);
    }
    if (stage & RESIDUAL) {
      v0 = f32x4.add(f32x4.add(v0, x0), v128.load(residual));
      v1 = f32x4.add(f32x4.add(v1, x1), v128.load(residual, 16));
      v2 = f32x4.add(f32x4.add(v2, x2), v128.load(residual, 32));
      v3 = f32x4.add(f32x4.add(v3, x3), v128.load(residual, 48));
      x0 = x1 = x2 = x3 = f32x4.splat(0);
    }
    const floor = floorOf(stage);
    v0 = finish(v0, x0, floor);
    v1 = finish(v1, x1, floor);
    v2 = finish(v2, x2, floor);
    v3 = finish(v3, x3, floor);
  }
  v128.store(c, v0);
  v128.store(c, v1, 16);
  v128.store(c, v2, 32);
  v128.store(c, v3, 48);
}

/**
 * Two rows by one panel. `a` holds [k][2], `b` holds [k][16], `c` and `c + ldc` (bytes) the rows;
 * `bias` points at the first row's bias or at the panel's 16 column biases, `residual` at rows that
 * lie like those of C.
 */
export function tile2(
  kc: u32,
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  stage: u32,
  bias: usize,
  residual: usize,
): void {
  const d = c + ldc;
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let d0 = c0;
  let d1 = c0;
  let d2 = c0;
  let d3 = c0;
  if (!(stage & FIRST)) {
    c0 = v128.load(c);
    c1 = v128.load(c, 16);
    c2 = v128.load(c, 32);
    c3 = v128.load(c, 48);
    d0 = v128.load(d);
    d1 = v128.load(d, 16);
    d2 = v128.load(d, 32);
    d3 = v128.load(d, 48);
  }
  let b0 = c0;
  let b1 = c0;
  let b2 = c0;
  let b3 = c0;
  let x = c0;
  let y = c0;
  const end = b + <usize>kc * PANEL_ROW;
  const end1 = end - 64;
  const end2 = end - 128;
  const end3 = end - 192;
  for (; b != end; b += 256, a += 32) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    b2 = v128.load(b, 32);
    b3 = v128.load(b, 48);
    x = v128.load32_splat(a);
    y = v128.load32_splat(a, 4);
    c0 = madd(c0, x, b0);
    c1 = madd(c1, x, b1);
    c2 = madd(c2, x, b2);
    c3 = madd(c3, x, b3);
    d0 = madd(d0, y, b0);
    d1 = madd(d1, y, b1);
    d2 = madd(d2, y, b2);
    d3 = madd(d3, y, b3);
    if (b == end1) break;
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    b2 = v128.load(b, 96);
    b3 = v128.load(b, 112);
    x = v128.load32_splat(a, 8);
    y = v128.load32_splat(a, 12);
    c0 = madd(c0, x, b0);
    c1 = madd(c1, x, b1);
    c2 = madd(c2, x, b2);
    c3 = madd(c3, x, b3);
    d0 = madd(d0, y, b0);
    d1 = madd(d1, y, b1);
    d2 = madd(d2, y, b2);
    d3 = madd(d3, y, b3);
    if (b == end2) break;
    b0 = v128.load(b, 128);
    b1 = v128.load(b, 144);
    b2 = v128.load(b, 160);
    b3 = v128.load(b, 176);
    x = v128.load32_splat(a, 16);
    y = v128.load32_splat(a, 20);
    c0 = madd(c0, x, b0);
    c1 = madd(c1, x, b1);
    c2 = madd(c2, x, b2);
    c3 = madd(c3, x, b3);
    d0 = madd(d0, y, b0);
    d1 = madd(d1, y, b1);
    d2 = madd(d2, y, b2);
    d3 = madd(d3, y, b3);
    if (b == end3) break;
    b0 = v128.load(b, 192);
    b1 = v128.load(b, 208);
    b2 = v128.load(b, 224);
    b3 = v128.load(b, 240);
    x = v128.load32_splat(a, 24);
    y = v128.load32_splat(a, 28);
    c0 = madd(c0, x, b0);
    c1 = madd(c1, x, b1);
    c2 = madd(c2, x, b2);
    c3 = madd(c3, x, b3);
    d0 = madd(d0, y, b0);
    d1 = madd(d1, y, b1);
    d2 = madd(d2, y, b2);
    d3 = madd(d3, y, b3);
  }
  storeRow(c, c0, c1, c2, c3, stage, bias, bias, residual);
  storeRow(d, d0, d1, d2, d3, stage, bias + 4, bias, residual + ldc);
}

/** One row by one panel: the last row of an odd count. `a` holds [k]. */
export function tile1(
  kc: u32,
  a: usize,
  b: usize,
  c: usize,
  stage: u32,
  bias: usize,
  residual: usize,
): void {
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  if (!(stage & FIRST)) {
    c0 = v128.load(c);
    c1 = v128.load(c, 16);
    c2 = v128.load(c, 32);
    c3 = v128.load(c, 48);
  }
  for (let end = b + <usize>kc * PANEL_ROW; b != end; b += PANEL_ROW, a += 4) {
    const x = v128.load32_splat(a);
    c0 = madd(c0, x, v128.load(b));
    c1 = madd(c1, x, v128.load(b, 16));
    c2 = madd(c2, x, v128.load(b, 32));
    c3 = madd(c3, x, v128.load(b, 48));
  }
  storeRow(c, c0, c1, c2, c3, stage, bias, bias, residual);
}

/**
 * One row by two neighbouring panels, `next` bytes apart: eight chains hide the latency of the
 * addition, and two streams keep the memory busy when B does not fit a cache. The exit stands
 * between the panels for the reason given above (1x768x768: 18 GFLOP/s without, 23 with it).
 */
export function tile1Wide(
  kc: u32,
  a: usize,
  b: usize,
  next: usize,
  c: usize,
  stage: u32,
  bias: usize,
  residual: usize,
): void {
  let e = b + next;
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let e0 = c0;
  let e1 = c0;
  let e2 = c0;
  let e3 = c0;
  if (!(stage & FIRST)) {
    c0 = v128.load(c);
    c1 = v128.load(c, 16);
    c2 = v128.load(c, 32);
    c3 = v128.load(c, 48);
    e0 = v128.load(c, 64);
    e1 = v128.load(c, 80);
    e2 = v128.load(c, 96);
    e3 = v128.load(c, 112);
  }
  if (kc) {
    const last = b + <usize>(kc - 1) * PANEL_ROW;
    let x = c0;
    for (;;) {
      x = v128.load32_splat(a);
      c0 = madd(c0, x, v128.load(b));
      c1 = madd(c1, x, v128.load(b, 16));
      c2 = madd(c2, x, v128.load(b, 32));
      c3 = madd(c3, x, v128.load(b, 48));
      if (b == last) break;
      e0 = madd(e0, x, v128.load(e));
      e1 = madd(e1, x, v128.load(e, 16));
      e2 = madd(e2, x, v128.load(e, 32));
      e3 = madd(e3, x, v128.load(e, 48));
      a += 4;
      b += PANEL_ROW;
      e += PANEL_ROW;
    }
    e0 = madd(e0, x, v128.load(e));
    e1 = madd(e1, x, v128.load(e, 16));
    e2 = madd(e2, x, v128.load(e, 32));
    e3 = madd(e3, x, v128.load(e, 48));
  }
  storeRow(c, c0, c1, c2, c3, stage, bias, bias, residual);
  storeRow(c + 64, e0, e1, e2, e3, stage, bias, bias + 64, residual + 64);
}
