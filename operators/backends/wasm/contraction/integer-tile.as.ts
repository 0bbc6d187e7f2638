// Register tiles over integers: a lane takes two k. Both operands are i16, so |product| is at most
// 2^30, and of two together only -2^15 * -2^15 twice leaves i32, by wrapping (i32x4.dot_i16x8_s adds
// modulo 2^32). All sums are modulo 2^32: any order gives the same bits.

import { PANEL_GROUP } from "./integer-job.as";

// @ts-ignore: decorator
@inline
function add(sum: v128, a: v128, b: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(b, a));
}

// @ts-ignore: decorator
@inline
function storeRow(c: usize, v0: v128, v1: v128, v2: v128, v3: v128, adds: bool): void {
  if (adds) {
    v0 = i32x4.add(v0, v128.load(c));
    v1 = i32x4.add(v1, v128.load(c, 16));
    v2 = i32x4.add(v2, v128.load(c, 32));
    v3 = i32x4.add(v3, v128.load(c, 48));
  }
  v128.store(c, v0);
  v128.store(c, v1, 16);
  v128.store(c, v2, 32);
  v128.store(c, v3, 48);
}

/**
 * Two rows by one panel: `a` holds [group][2], `b` [group][16], lanes of two k; at least one group.
 * The exits between the steps keep V8 from moving all loads to the front (tile.as.ts).
 */
export function tile2(groups: u32, a: usize, b: usize, c: usize, ldc: usize, adds: bool): void {
  let c0 = i32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let d0 = c0;
  let d1 = c0;
  let d2 = c0;
  let d3 = c0;
  let b0 = c0;
  let b1 = c0;
  let b2 = c0;
  let b3 = c0;
  let x = c0;
  let y = c0;
  const end = b + <usize>groups * PANEL_GROUP;
  const last = end - PANEL_GROUP;
  for (; b != end; b += 128, a += 16) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    b2 = v128.load(b, 32);
    b3 = v128.load(b, 48);
    x = v128.load32_splat(a);
    y = v128.load32_splat(a, 4);
    c0 = add(c0, x, b0);
    c1 = add(c1, x, b1);
    c2 = add(c2, x, b2);
    c3 = add(c3, x, b3);
    d0 = add(d0, y, b0);
    d1 = add(d1, y, b1);
    d2 = add(d2, y, b2);
    d3 = add(d3, y, b3);
    if (b == last) break;
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    b2 = v128.load(b, 96);
    b3 = v128.load(b, 112);
    x = v128.load32_splat(a, 8);
    y = v128.load32_splat(a, 12);
    c0 = add(c0, x, b0);
    c1 = add(c1, x, b1);
    c2 = add(c2, x, b2);
    c3 = add(c3, x, b3);
    d0 = add(d0, y, b0);
    d1 = add(d1, y, b1);
    d2 = add(d2, y, b2);
    d3 = add(d3, y, b3);
  }
  storeRow(c, c0, c1, c2, c3, adds);
  storeRow(c + ldc, d0, d1, d2, d3, adds);
}

/** One row by one panel: `a` holds [group]. */
export function tile1(groups: u32, a: usize, b: usize, c: usize, adds: bool): void {
  let c0 = i32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  for (let end = b + <usize>groups * PANEL_GROUP; b != end; b += PANEL_GROUP, a += 4) {
    const x = v128.load32_splat(a);
    c0 = add(c0, x, v128.load(b));
    c1 = add(c1, x, v128.load(b, 16));
    c2 = add(c2, x, v128.load(b, 32));
    c3 = add(c3, x, v128.load(b, 48));
  }
  storeRow(c, c0, c1, c2, c3, adds);
}
