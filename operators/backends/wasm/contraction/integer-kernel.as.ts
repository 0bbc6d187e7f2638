// Products of integers for WebAssembly SIMD, without relaxed instructions:
//
//   C[m][n] = sum over k of (A(m, k) - zeroA[m]) * (B(k, n) - zeroB[n])   modulo 2^32
//
// Everything kernel.as.ts says of module, memory and functions holds here. C is written, and read
// back between blocks of k.

import {
  BLOCK,
  groupsOf,
  IntegerJob,
  PANEL,
  PANEL_GROUP,
  panelStride,
  SIGNED_A,
  SIGNED_B,
  WIDE_A,
  WIDE_B,
} from "./integer-job.as";
import { packPanel, packRows } from "./integer-pack.as";
import { tile1, tile2 } from "./integer-tile.as";

/** The copy of a tile at the last columns, packed A, and the piece of B that a fresh product packs. */
const EDGE_BYTES: usize = 128;
const A_BYTES: usize = 384 << 10;
const B_BYTES: usize = 256 << 10;

export const workspaceBytes: usize = EDGE_BYTES + A_BYTES + B_BYTES;

export function packIntegers(record: usize, j0: u32, j1: u32): void {
  const job = changetype<IntegerJob>(record);
  const stride = panelStride(job);
  for (let j = j0; j < j1; j++) packB(job, job.packed + <usize>j * stride, j, 0, job.k);
}

export function multiplyIntegers(
  record: usize,
  m0: u32,
  m1: u32,
  j0: u32,
  j1: u32,
  work: usize,
): void {
  const job = changetype<IntegerJob>(record);
  const stride = panelStride(job);
  let k: u32 = 0;
  do {
    const b = job.packed + <usize>j0 * stride + <usize>(k >> 1) * PANEL_GROUP;
    sweep(job, m0, m1, j0, j1, k, b, stride, work);
    k += BLOCK;
  } while (k < job.k);
}

export function multiplyIntegersFresh(
  record: usize,
  m0: u32,
  m1: u32,
  j0: u32,
  j1: u32,
  work: usize,
): void {
  const job = changetype<IntegerJob>(record);
  const b = work + EDGE_BYTES + A_BYTES;
  const stride = <usize>groupsOf(min(BLOCK, job.k)) * PANEL_GROUP;
  const step = <u32>(B_BYTES / max<usize>(stride, PANEL_GROUP));
  for (let from = j0; from < j1; from += step) {
    const end = min(j1, from + step);
    let k: u32 = 0;
    do {
      const depth = min(BLOCK, job.k - k);
      for (let j = from; j < end; j++) packB(job, b + <usize>(j - from) * stride, j, k, depth);
      sweep(job, m0, m1, from, end, k, b, stride, work);
      k += BLOCK;
    } while (k < job.k);
  }
}

function packB(job: IntegerJob, to: usize, j: u32, k: u32, depth: u32): void {
  const n = j * PANEL;
  if (job.types & WIDE_B) packPanel<i16>(job, to, n, k, depth);
  else if (job.types & SIGNED_B) packPanel<i8>(job, to, n, k, depth);
  else packPanel<u8>(job, to, n, k, depth);
}

function packA(job: IntegerJob, to: usize, m: u32, rows: u32, k: u32, depth: u32): void {
  if (job.types & WIDE_A) packRows<i16>(job, to, m, rows, k, depth);
  else if (job.types & SIGNED_A) packRows<i8>(job, to, m, rows, k, depth);
  else packRows<u8>(job, to, m, rows, k, depth);
}

/** Rows m0..m1 by panels j0..j1 over one block from k on; panel j0 at k is `b`. */
function sweep(
  job: IntegerJob,
  m0: u32,
  m1: u32,
  j0: u32,
  j1: u32,
  k: u32,
  b: usize,
  stride: usize,
  work: usize,
): void {
  const depth = min(BLOCK, job.k - k);
  const groups = groupsOf(depth);
  const a = work + EDGE_BYTES;
  const limit = (<u32>(A_BYTES >> 2) / max<u32>(groups, 1)) & ~1;
  for (let m = m0; m < m1; m += limit) {
    const rows = min(limit, m1 - m);
    for (let i: u32 = 0; i < rows; i += 2) {
      packA(job, a + (<usize>(i * groups) << 2), m + i, min<u32>(2, rows - i), k, depth);
    }
    let panel = b;
    for (let j = j0; j < j1; j++, panel += stride) {
      rowsByPanel(job, work, m, rows, j * PANEL, groups, panel, k > 0);
    }
  }
}

function rowsByPanel(
  job: IntegerJob,
  work: usize,
  m: u32,
  rows: u32,
  n: u32,
  groups: u32,
  b: usize,
  adds: bool,
): void {
  const width = min(PANEL, job.n - n);
  const ldc = <usize>job.ldc << 2;
  let a = work + EDGE_BYTES;
  let c = job.c + <usize>m * ldc + (<usize>n << 2);
  for (let i: u32 = 0; i < rows; i += 2, a += <usize>groups << 3, c += 2 * ldc) {
    const pair = i + 1 < rows;
    const whole = width == PANEL;
    const to = whole ? c : work;
    const step = whole ? ldc : PANEL_GROUP;
    if (!whole && adds) {
      copy(to, c, width);
      if (pair) copy(to + step, c + ldc, width);
    }
    if (pair) tile2(groups, a, b, to, step, adds);
    else tile1(groups, a, b, to, adds);
    if (!whole) {
      copy(c, to, width);
      if (pair) copy(c + ldc, to + step, width);
    }
  }
}

/** Up to 15 elements. */
function copy(to: usize, from: usize, count: u32): void {
  for (; count; count--, to += 4, from += 4) store<u32>(to, load<u32>(from));
}
