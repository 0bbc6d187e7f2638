// The record that describes one contraction. JavaScript writes it once, when the operator is
// planned; every thread then passes its address together with the range it is to compute.

/** Columns of one packed panel of B, and so of one register tile. */
export const PANEL: u32 = 16;

/** Bytes of one k of a packed panel: exactly one cache line. */
export const PANEL_ROW: usize = 64;

/** Bits of `Job.epilogue`; 1 and 2 belong to the tiles. */
export const BIAS_ROWS: u32 = 4;
export const BIAS_COLUMNS: u32 = 8;
export const RELU: u32 = 16;
export const RESIDUAL: u32 = 32;

/**
 * Fifteen 32-bit words in this order. Counts are in elements, addresses and offsets in bytes and
 * multiples of 4. Where a field is not used by a call it is not read.
 */
@unmanaged
export class Job {
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
  /** Panels of B: panel j at packed + j * k * 64, laid out [k][16], missing columns zero. */
  packed: usize;
  c: usize;
  /** Elements from one row of C to the next. */
  ldc: u32;
  /** f32[m] with BIAS_ROWS, f32[n] with BIAS_COLUMNS, unread otherwise. */
  bias: usize;
  /**
   * BIAS_ROWS or BIAS_COLUMNS or neither, RESIDUAL, and RELU. After the whole fold: add the bias,
   * add the residual, take max(x, +0) with NaN kept, and store NaN as 7fc00000.
   */
  epilogue: u32;
  /** With RESIDUAL: a tensor laid out like C, row for row; unread otherwise. */
  residual: usize;
}

/** True when `count` entries of an offset table step by one f32 each. */
export function stepsByOne(table: usize, count: u32): bool {
  const first = load<u32>(table);
  for (let i: u32 = 1; i < count; i++) {
    if (load<u32>(table + (<usize>i << 2)) - first != i << 2) return false;
  }
  return true;
}
