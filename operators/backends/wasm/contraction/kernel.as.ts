// f32 contraction for WebAssembly SIMD, without relaxed instructions.
//
//   C[m][n] = epilogue(acc),  acc = +0;  for k = 0, 1, 2, ...: acc = fl(acc + fl(A(m,k) * B(k,n)))
//
// in exactly this order for every element, whatever the shape, the path taken and the division
// among threads: the bits are those of the plain triple loop. Elements are found through tables of
// byte offsets (see job.as.ts), so matmul with any transposition, einsum, attention and convolution
// over an already padded input are the same job.
//
// The module has no data, no start function, no mutable global and no stack in memory; it imports
// `env.memory` (shared, at most 65536 pages). Any number of instances may work in that memory at
// once. Addresses are unsigned; sums of base and offset wrap modulo 2^32. Nothing may be placed
// below address 1024. A table may be read only where it has entries; of C, only elements within
// the given ranges are written (and read back between blocks of k). `job` is the address of a
// record, `work` of `workspaceBytes` bytes, aligned to 64, that belong to the calling thread.
//
//   packB(job, j0, j1)                            B to panels j0..j1 of `packed`
//   multiply(job, m0, m1, j0, j1, work)           rows m0..m1, panels j0..j1, B packed before
//   multiplyFresh(job, m0, m1, j0, j1, work)      the same from B itself, packed piece by piece
//   multiplyDirect(job, n0, n1)                   all rows, columns n0..n1, from B itself
//
// A panel is 16 columns; there are ceil(n / 16), and `packed` takes k * 64 bytes for each. To keep
// only some of them, lay `packed` so that panel j0 falls on the buffer: buffer - j0 * k * 64.
//
// multiplyDirect needs neighbouring columns of B: offN[n + 1] = offN[n] + 4. When B is used once it
// wins for up to 16 rows (8x4096x4096: 23 GFLOP/s against 15); for more rows multiplyFresh does.

import { A_BYTES, Block, HEADER_BYTES, sweep } from "./block.as";
import { direct } from "./direct.as";
import { Job, PANEL_ROW } from "./job.as";
import { packPanels } from "./pack.as";

/**
 * k of one block of packed B. With many rows the block of A sets it; with few, B comes from memory
 * and long runs keep the prefetcher going (8x4096x4096: 25 GFLOP/s with 64, 31 with 512, 34 here).
 */
const KC: u32 = 1024;
const KC_FEW_ROWS: u32 = 4096;
const FEW_ROWS_ELEMENTS: u32 = 65536;

/** k and bytes of the piece of B that multiplyFresh packs: it is still in a cache when read. */
const KC_FRESH: u32 = 256;
const FRESH_BYTES: usize = 256 << 10;

/** k that packB takes at a time, so that all panels read the same few rows of B in turn. */
const KC_PACK: u32 = 64;

export const workspaceBytes: usize = HEADER_BYTES + A_BYTES + FRESH_BYTES;

export function packB(record: usize, j0: u32, j1: u32): void {
  const job = changetype<Job>(record);
  const stride = <usize>job.k * PANEL_ROW;
  for (let k: u32 = 0; k < job.k; k += KC_PACK) {
    const to = job.packed + <usize>j0 * stride + <usize>k * PANEL_ROW;
    packPanels(job, to, stride, k, min(KC_PACK, job.k - k), j0, j1);
  }
}

export function multiply(record: usize, m0: u32, m1: u32, j0: u32, j1: u32, work: usize): void {
  if (m0 >= m1) return;
  const job = changetype<Job>(record);
  const block = changetype<Block>(work);
  const depth = max(KC, min(KC_FEW_ROWS, FEW_ROWS_ELEMENTS / (m1 - m0)));
  block.k = 0;
  block.stride = <usize>job.k * PANEL_ROW;
  do {
    block.depth = min(depth, job.k - block.k);
    block.b = job.packed + <usize>j0 * block.stride + <usize>block.k * PANEL_ROW;
    sweep(job, block, m0, m1, j0, j1);
    block.k += block.depth;
  } while (block.k < job.k);
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
  const block = changetype<Block>(work);
  const depth = min(job.k, KC_FRESH);
  block.b = work + HEADER_BYTES + A_BYTES;
  block.stride = <usize>depth * PANEL_ROW;
  const step = <u32>(FRESH_BYTES / PANEL_ROW) / max<u32>(depth, 1);
  for (let j = j0; j < j1; j += step) {
    const end = min(j1, j + step);
    block.k = 0;
    do {
      block.depth = min(depth, job.k - block.k);
      packPanels(job, block.b, block.stride, block.k, block.depth, j, end);
      sweep(job, block, m0, m1, j, end);
      block.k += block.depth;
    } while (block.k < job.k);
  }
}

export function multiplyDirect(record: usize, n0: u32, n1: u32): void {
  direct(changetype<Job>(record), n0, n1);
}
