// The record that describes one product of integers.

/** Columns of one packed panel of B. */
export const PANEL: u32 = 16;

/** Bytes of one group of a packed panel: two k of 16 columns, i16 each. */
export const PANEL_GROUP: usize = 64;

/** k of one block of a packed panel. */
export const BLOCK: u32 = 4096;

/** Bits of `IntegerJob.types`; 16 asks for a form that only native kernels have. */
export const SIGNED_A: u32 = 1;
export const WIDE_A: u32 = 2;
export const SIGNED_B: u32 = 4;
export const WIDE_B: u32 = 8;

/** Seventeen 32-bit words in this order; addresses and offsets in bytes, of any alignment. */
@unmanaged
export class IntegerJob {
  m: u32;
  n: u32;
  k: u32;
  a: usize;
  /** Addresses of i32[m] and i32[k]: A(m, k) lies at a + offM[m] + offAk[k]. */
  offM: usize;
  offAk: usize;
  b: usize;
  /** Addresses of i32[n] and i32[k]: B(k, n) lies at b + offN[n] + offBk[k]. */
  offN: usize;
  offBk: usize;
  /**
   * Panels of B, whole blocks of k one behind the other, each [k / 2][16][2] of i16 without the zero
   * point; missing columns and an odd last k are zero.
   */
  packed: usize;
  c: usize;
  /** Elements from one row of C to the next. */
  ldc: u32;
  /** Address of the first row's zero point, or 0, and bytes to the next row's; then for columns. */
  zeroA: usize;
  stepA: u32;
  zeroB: usize;
  stepB: u32;
  /** Dtypes of operands and of their zero points: u8, i8 (signed) or i16 (signed and wide, no zero point). */
  types: u32;
}

export function groupsOf(depth: u32): u32 {
  return (depth + 1) >> 1;
}

/** Bytes of a packed panel. */
export function panelStride(job: IntegerJob): usize {
  return <usize>groupsOf(job.k) * PANEL_GROUP;
}

/** True when `count` entries of an offset table step by `bytes` each. */
export function stepsBy(bytes: u32, table: usize, count: u32): bool {
  const first = load<u32>(table);
  for (let i: u32 = 1; i < count; i++) {
    if (load<u32>(table + (<usize>i << 2)) - first != i * bytes) return false;
  }
  return true;
}
