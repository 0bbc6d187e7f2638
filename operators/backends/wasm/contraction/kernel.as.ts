// f32 contraction for WebAssembly SIMD: the loops around the register tiles, and the exports.

import { BIAS_COLUMNS, BIAS_ROWS, Job, PANEL, PANEL_ROW } from "./job.as";
import { direct } from "./direct.as";
import { packPanels, packRows } from "./pack.as";
import { FIRST, LAST, tile1, tile1Wide, tile2 } from "./tile.as";

/** k of one block: 256 x 64 bytes of B take half of a 32 KiB first cache. */
const KC_FRESH: u32 = 256;
const KC: u32 = 1024;
const KC_FEW: u32 = 4096;

/** Bytes of packed A: its block stays in the second cache. */
const A_BYTES: usize = 384 << 10;

/** Bytes of B that `multiplyFresh` packs at a time. */
const B_BYTES: usize = 256 << 10;

/** A tile of the last panel: 2 x 16 sums, then 16 column biases. */
const EDGE_BYTES: usize = 192;

export const workspaceBytes: usize = A_BYTES + B_BYTES + EDGE_BYTES;

export function packB(record: usize, j0: u32, j1: u32): void {
  const job = changetype<Job>(record);
  const stride = <usize>job.k * PANEL_ROW;
  for (let k: u32 = 0; k < job.k; k += 64) {
    const dst = job.packed + <usize>j0 * stride + <usize>k * PANEL_ROW;
    packPanels(job, dst, stride, k, min(<u32>64, job.k - k), j0, j1);
  }
}

export function multiply(record: usize, m0: u32, m1: u32, j0: u32, j1: u32, work: usize): void {
  const job = changetype<Job>(record);
  const stride = <usize>job.k * PANEL_ROW;
  const depth = blockDepth(m1 - m0);
  let k: u32 = 0;
  do {
    const count = min(depth, job.k - k);
    const b = job.packed + <usize>j0 * stride + <usize>k * PANEL_ROW;
    block(job, m0, m1, j0, j1, k, count, b, stride, work);
    k += count;
  } while (k < job.k);
}

export function multiplyFresh(
  record: usize,
  m0: u32,
  m1: u32,
  j0: u32,
  j1: u32,
  work: usize,
): void {
  const job = changetype<Job>(record);
  const panels = work + EDGE_BYTES + A_BYTES;
  const depth = min(job.k, KC_FRESH);
  const stride = <usize>depth * PANEL_ROW;
  const step = depth ? <u32>(B_BYTES / stride) : j1 - j0;
  for (let j = j0; j < j1; j += step) {
    const end = min(j1, j + step);
    let k: u32 = 0;
    do {
      const count = min(depth, job.k - k);
      packPanels(job, panels, stride, k, count, j, end);
      block(job, m0, m1, j, end, k, count, panels, stride, work);
      k += count;
    } while (k < job.k);
  }
}

export function multiplyDirect(record: usize, n0: u32, n1: u32): void {
  direct(changetype<Job>(record), n0, n1);
}

function blockDepth(rows: u32): u32 {
  return max(KC, min(KC_FEW, <u32>(B_BYTES >> 2) / max(rows, 1)));
}

function block(
  job: Job,
  m0: u32,
  m1: u32,
  j0: u32,
  j1: u32,
  k: u32,
  depth: u32,
  b: usize,
  stride: usize,
  work: usize,
): void {
  const a = work + EDGE_BYTES;
  const limit = (<u32>(A_BYTES >> 2) / max(depth, 1)) & ~1;
  for (let m = m0; m < m1; m += limit) {
    const rows = min(limit, m1 - m);
    const odd = rows & 1;
    const pairs = a + ((<usize>odd * depth) << 2);
    packRows(job, a, m, odd, k, depth);
    packRows(job, pairs, m + odd, rows - odd, k, depth);
    let panel = b;
    for (let j = j0; j < j1; j++, panel += stride) {
      if (odd) oddRow(job, m, j, j0, j1, k, depth, a, panel, stride, work);
      if (rows > 1) column(job, m + odd, rows - odd, j, k, depth, pairs, panel, work);
    }
  }
}

function oddRow(
  job: Job,
  m: u32,
  j: u32,
  j0: u32,
  j1: u32,
  k: u32,
  depth: u32,
  a: usize,
  b: usize,
  stride: usize,
  work: usize,
): void {
  const second = (j - j0) & 1;
  const whole = min(j1, job.n / PANEL);
  if (second) {
    if (j >= whole) column(job, m, 1, j, k, depth, a, b, work);
  } else if (j + 1 >= whole) {
    column(job, m, 1, j, k, depth, a, b, work);
  } else {
    const n = <usize>j * PANEL;
    const c = job.c + ((<usize>m * job.ldc + n) << 2);
    const bias = job.bias + (job.epilogue & BIAS_ROWS ? <usize>m << 2 : n << 2);
    tile1Wide(depth, a, b, stride, c, stageOf(job, k, depth), bias);
  }
}

function column(
  job: Job,
  m: u32,
  rows: u32,
  j: u32,
  k: u32,
  depth: u32,
  a: usize,
  b: usize,
  work: usize,
): void {
  const stage = stageOf(job, k, depth);
  const n = j * PANEL;
  const width = min(PANEL, job.n - n);
  const ldc = <usize>job.ldc << 2;
  const pairBytes = <usize>depth << 3;
  let c = job.c + <usize>m * ldc + (<usize>n << 2);
  if (width < PANEL) {
    edge(job, m, rows, n, width, depth, a, b, c, stage, work);
    return;
  }
  const rowStep: usize = job.epilogue & BIAS_ROWS ? 8 : 0;
  let bias = job.bias + (<usize>(rowStep ? m : n) << 2);
  for (; rows >= 2; rows -= 2, a += pairBytes, c += 2 * ldc, bias += rowStep) {
    tile2(depth, a, b, c, ldc, stage, bias);
  }
  if (rows) tile1(depth, a, b, c, stage, bias);
}

function edge(
  job: Job,
  m: u32,
  rows: u32,
  n: u32,
  width: u32,
  depth: u32,
  a: usize,
  b: usize,
  c: usize,
  stage: u32,
  work: usize,
): void {
  const ldc = <usize>job.ldc << 2;
  const bytes = <usize>width << 2;
  const byRow = stage & BIAS_ROWS;
  if (stage & BIAS_COLUMNS) memory.copy(work + 128, job.bias + (<usize>n << 2), bytes);
  for (let i: u32 = 0; i < rows; i += 2, a += <usize>depth << 3, c += 2 * ldc) {
    const pair = i + 1 < rows;
    const bias = byRow ? job.bias + (<usize>(m + i) << 2) : work + 128;
    if (!(stage & FIRST)) {
      memory.copy(work, c, bytes);
      if (pair) memory.copy(work + 64, c + ldc, bytes);
    }
    if (pair) tile2(depth, a, b, work, 64, stage, bias);
    else tile1(depth, a, b, work, stage, bias);
    memory.copy(c, work, bytes);
    if (pair) memory.copy(c + ldc, work + 64, bytes);
  }
}

/** What a tile covering k..k+depth does besides adding products. */
function stageOf(job: Job, k: u32, depth: u32): u32 {
  return job.epilogue | (k == 0 ? FIRST : 0) | (k + depth == job.k ? LAST : 0);
}
