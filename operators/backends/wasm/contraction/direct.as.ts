// Contraction without packing, for few rows and a B that is used once: B is read in the order in
// which it lies, three or four of its rows at a time, and the sums wait in C, which a cache holds.

import { BIAS_COLUMNS, BIAS_ROWS, Job, RESIDUAL } from "./job.as";
import { finish, floorOf } from "./tile.as";

/**
 * Columns per sweep. Long runs matter more than the first cache: 1x4096x4096 takes 7 GFLOP/s with
 * 1024, 9 with 4096; 8x4096x4096 takes 21 and 27.
 */
const COLUMNS: u32 = 4096;

// @ts-ignore: decorator
@inline
function madd(acc: v128, a: v128, b: v128): v128 {
  return f32x4.add(acc, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
function elementA(job: Job, m: u32, k: u32): usize {
  return (
    job.a + load<u32>(job.offM + (<usize>m << 2)) + load<u32>(job.offAk + (<usize>k << 2))
  );
}

// @ts-ignore: decorator
@inline
function rowB(job: Job, n: u32, k: u32): usize {
  return job.b + load<u32>(job.offN + (<usize>n << 2)) + load<u32>(job.offBk + (<usize>k << 2));
}

// @ts-ignore: decorator
@inline
function elementC(job: Job, m: u32, n: u32): usize {
  return job.c + ((<usize>m * job.ldc + n) << 2);
}

/** Columns n0..n1 of all rows. */
export function direct(job: Job, n0: u32, n1: u32): void {
  for (let n = n0; n < n1; n += COLUMNS) {
    const width = min(COLUMNS, n1 - n);
    for (let m: u32 = 0; m < job.m; m++) {
      memory.fill(elementC(job, m, n), 0, <usize>width << 2);
    }
    let k: u32 = 0;
    if (job.m == 1) for (; k + 4 <= job.k; k += 4) addFour(job, n, k, width);
    for (; k + 3 <= job.k; k += 3) {
      for (let m: u32 = 0; m < job.m; m += 2) addThree(job, m, n, k, width);
    }
    for (; k < job.k; k++) {
      for (let m: u32 = 0; m < job.m; m++) addOne(job, m, n, k, width);
    }
    for (let m: u32 = 0; m < job.m; m++) finishRow(job, m, n, width);
  }
}

/**
 * Rows m and m + 1 of C, or m alone if it is the last, take three steps of their folds. Four steps
 * of two rows need a register more than there is (8x768x3072: 27 GFLOP/s against 35).
 */
function addThree(job: Job, m: u32, n: u32, k: u32, width: u32): void {
  if (m + 1 == job.m) {
    for (let i: u32 = 0; i < 3; i++) addOne(job, m, n, k + i, width);
    return;
  }
  const a0 = v128.load32_splat(elementA(job, m, k));
  const a1 = v128.load32_splat(elementA(job, m, k + 1));
  const a2 = v128.load32_splat(elementA(job, m, k + 2));
  const e0 = v128.load32_splat(elementA(job, m + 1, k));
  const e1 = v128.load32_splat(elementA(job, m + 1, k + 1));
  const e2 = v128.load32_splat(elementA(job, m + 1, k + 2));
  let b0 = rowB(job, n, k);
  let b1 = rowB(job, n, k + 1);
  let b2 = rowB(job, n, k + 2);
  let c = elementC(job, m, n);
  let d = elementC(job, m + 1, n);
  const whole = c + ((<usize>width & ~7) << 2);
  for (; c != whole; c += 32, d += 32, b0 += 32, b1 += 32, b2 += 32) {
    let p = v128.load(b0);
    let q = v128.load(b1);
    let r = v128.load(b2);
    v128.store(c, madd(madd(madd(v128.load(c), a0, p), a1, q), a2, r));
    v128.store(d, madd(madd(madd(v128.load(d), e0, p), e1, q), e2, r));
    p = v128.load(b0, 16);
    q = v128.load(b1, 16);
    r = v128.load(b2, 16);
    v128.store(c, madd(madd(madd(v128.load(c, 16), a0, p), a1, q), a2, r), 16);
    v128.store(d, madd(madd(madd(v128.load(d, 16), e0, p), e1, q), e2, r), 16);
  }
  for (let rest = width & 7; rest != 0; rest--, c += 4, d += 4, b0 += 4, b1 += 4, b2 += 4) {
    const p = v128.load32_zero(b0);
    const q = v128.load32_zero(b1);
    const r = v128.load32_zero(b2);
    const x = madd(madd(madd(v128.load32_zero(c), a0, p), a1, q), a2, r);
    const y = madd(madd(madd(v128.load32_zero(d), e0, p), e1, q), e2, r);
    v128.store_lane<u32>(c, x, 0);
    v128.store_lane<u32>(d, y, 0);
  }
}

/** The only row of C takes four steps of its folds. */
function addFour(job: Job, n: u32, k: u32, width: u32): void {
  const a0 = v128.load32_splat(elementA(job, 0, k));
  const a1 = v128.load32_splat(elementA(job, 0, k + 1));
  const a2 = v128.load32_splat(elementA(job, 0, k + 2));
  const a3 = v128.load32_splat(elementA(job, 0, k + 3));
  let b0 = rowB(job, n, k);
  let b1 = rowB(job, n, k + 1);
  let b2 = rowB(job, n, k + 2);
  let b3 = rowB(job, n, k + 3);
  let c = elementC(job, 0, n);
  const whole = c + ((<usize>width & ~7) << 2);
  for (; c != whole; c += 32, b0 += 32, b1 += 32, b2 += 32, b3 += 32) {
    let x = madd(v128.load(c), a0, v128.load(b0));
    x = madd(x, a1, v128.load(b1));
    x = madd(x, a2, v128.load(b2));
    v128.store(c, madd(x, a3, v128.load(b3)));
    x = madd(v128.load(c, 16), a0, v128.load(b0, 16));
    x = madd(x, a1, v128.load(b1, 16));
    x = madd(x, a2, v128.load(b2, 16));
    v128.store(c, madd(x, a3, v128.load(b3, 16)), 16);
  }
  for (let rest = width & 7; rest != 0; rest--, c += 4, b0 += 4, b1 += 4, b2 += 4, b3 += 4) {
    let x = madd(v128.load32_zero(c), a0, v128.load32_zero(b0));
    x = madd(x, a1, v128.load32_zero(b1));
    x = madd(x, a2, v128.load32_zero(b2));
    v128.store_lane<u32>(c, madd(x, a3, v128.load32_zero(b3)), 0);
  }
}

/** One row of C takes one step: the last K mod 4. */
function addOne(job: Job, m: u32, n: u32, k: u32, width: u32): void {
  const a = v128.load32_splat(elementA(job, m, k));
  let b = rowB(job, n, k);
  let c = elementC(job, m, n);
  const whole = c + ((<usize>width & ~3) << 2);
  for (; c != whole; c += 16, b += 16) v128.store(c, madd(v128.load(c), a, v128.load(b)));
  for (let rest = width & 3; rest != 0; rest--, c += 4, b += 4) {
    v128.store_lane<u32>(c, madd(v128.load32_zero(c), a, v128.load32_zero(b)), 0);
  }
}

function finishRow(job: Job, m: u32, n: u32, width: u32): void {
  const floor = floorOf(job.epilogue);
  const byRow = job.epilogue & BIAS_ROWS;
  const byColumn = job.epilogue & BIAS_COLUMNS;
  const rowBias = byRow ? v128.load32_splat(job.bias + (<usize>m << 2)) : f32x4.splat(0);
  let bias = job.bias + (<usize>n << 2);
  const adds = job.epilogue & RESIDUAL;
  const apart = job.residual - job.c;
  const none = f32x4.splat(0);
  let c = elementC(job, m, n);
  const whole = c + ((<usize>width & ~3) << 2);
  for (; c != whole; c += 16, bias += 16) {
    const x = f32x4.add(v128.load(c), byColumn ? v128.load(bias) : rowBias);
    v128.store(c, finish(x, adds ? v128.load(c + apart) : none, floor));
  }
  for (let rest = width & 3; rest != 0; rest--, c += 4, bias += 4) {
    const x = f32x4.add(v128.load32_zero(c), byColumn ? v128.load32_zero(bias) : rowBias);
    v128.store_lane<u32>(c, finish(x, adds ? v128.load32_zero(c + apart) : none, floor), 0);
  }
}
