// Integer operands without their zero points, as i16, in the order in which the tiles read them.

import { IntegerJob, PANEL, PANEL_GROUP, stepsBy } from "./integer-job.as";

// @ts-ignore: decorator
@inline
function entry(table: usize, i: u32): usize {
  return <usize>load<u32>(table + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
function element<T>(at: usize, zero: i32): u32 {
  return (<u32>(<i32>load<T>(at) - zero)) & 0xffff;
}

// @ts-ignore: decorator
@inline
function zeroAt<T>(zero: usize, step: u32, i: u32): i32 {
  if (sizeof<T>() > 1 || !zero) return 0;
  return <i32>load<T>(zero + <usize>i * step);
}

/** Eight neighbours as i16. */
// @ts-ignore: decorator
@inline
function eight<T>(at: usize): v128 {
  if (sizeof<T>() > 1) return v128.load(at);
  const bytes = v128.load64_zero(at);
  return isSigned<T>() ? i16x8.extend_low_i8x16_s(bytes) : i16x8.extend_low_i8x16_u(bytes);
}

/** Rows m..m+rows (1 or 2) of A at k..k+count as [k / 2][rows][2]. */
export function packRows<T>(
  job: IntegerJob,
  to: usize,
  m: u32,
  rows: u32,
  k: u32,
  count: u32,
): void {
  const ks = job.offAk + (<usize>k << 2);
  const p = job.a + entry(job.offM, m);
  const q = job.a + entry(job.offM, m + rows - 1);
  const zp = zeroAt<T>(job.zeroA, job.stepA, m);
  const zq = zeroAt<T>(job.zeroA, job.stepA, m + rows - 1);
  let x: u32 = 0;
  if (stepsBy(<u32>sizeof<T>(), ks, count)) {
    let from = p + entry(ks, 0);
    let other = q + entry(ks, 0);
    const vp = i16x8.splat(<i16>zp);
    const vq = i16x8.splat(<i16>zq);
    for (; x + 8 <= count; x += 8, from += 8 * sizeof<T>(), other += 8 * sizeof<T>()) {
      const u = i16x8.sub(eight<T>(from), vp);
      if (rows == 1) {
        v128.store(to, u);
        to += 16;
      } else {
        const v = i16x8.sub(eight<T>(other), vq);
        v128.store(to, v128.shuffle<i32>(u, v, 0, 4, 1, 5));
        v128.store(to, v128.shuffle<i32>(u, v, 2, 6, 3, 7), 16);
        to += 32;
      }
    }
  }
  for (; x < count; x += 2) {
    const low = entry(ks, x);
    const both = x + 1 < count;
    const high = both ? entry(ks, x + 1) : low;
    const mask: u32 = both ? -1 : 0xffff;
    store<u32>(to, (element<T>(p + low, zp) | (element<T>(p + high, zp) << 16)) & mask);
    to += 4;
    if (rows == 2) {
      store<u32>(to, (element<T>(q + low, zq) | (element<T>(q + high, zq) << 16)) & mask);
      to += 4;
    }
  }
}

/** Up to 16 columns of B from column n on, at k..k+count, as [k / 2][16][2]. */
export function packPanel<T>(job: IntegerJob, to: usize, n: u32, k: u32, count: u32): void {
  const ks = job.offBk + (<usize>k << 2);
  const ns = job.offN + (<usize>n << 2);
  const width = min(PANEL, job.n - n);
  let x: u32 = 0;
  if (width == PANEL && stepsBy(<u32>sizeof<T>(), ns, PANEL)) {
    const base = job.b + entry(ns, 0);
    let z = i16x8.splat(<i16>zeroAt<T>(job.zeroB, 0, 0));
    let y = z;
    if (job.zeroB && job.stepB == 1) {
      z = eight<T>(job.zeroB + n);
      y = eight<T>(job.zeroB + n + 8);
    } else if (job.zeroB && job.stepB) {
      for (let i: u32 = 0; i < 8; i++) {
        store<i16>(to + (i << 1), zeroAt<T>(job.zeroB, job.stepB, n + i));
        store<i16>(to + (i << 1) + 16, zeroAt<T>(job.zeroB, job.stepB, n + i + 8));
      }
      z = v128.load(to);
      y = v128.load(to, 16);
    }
    for (; x + 2 <= count; x += 2, to += PANEL_GROUP) {
      const p = base + entry(ks, x);
      const q = base + entry(ks, x + 1);
      const p0 = i16x8.sub(eight<T>(p), z);
      const q0 = i16x8.sub(eight<T>(q), z);
      const p1 = i16x8.sub(eight<T>(p + 8 * sizeof<T>()), y);
      const q1 = i16x8.sub(eight<T>(q + 8 * sizeof<T>()), y);
      v128.store(to, v128.shuffle<i16>(p0, q0, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(to, v128.shuffle<i16>(p0, q0, 4, 12, 5, 13, 6, 14, 7, 15), 16);
      v128.store(to, v128.shuffle<i16>(p1, q1, 0, 8, 1, 9, 2, 10, 3, 11), 32);
      v128.store(to, v128.shuffle<i16>(p1, q1, 4, 12, 5, 13, 6, 14, 7, 15), 48);
    }
  }
  for (let i: u32 = 0; i < PANEL; i++) {
    packColumn<T>(job, to + (<usize>i << 2), n + i, i < width, ks, x, count);
  }
}

/** One column from x on; zeros where there is none. */
function packColumn<T>(
  job: IntegerJob,
  to: usize,
  n: u32,
  exists: bool,
  ks: usize,
  x: u32,
  count: u32,
): void {
  if (!exists) {
    for (; x < count; x += 2, to += PANEL_GROUP) store<u32>(to, 0);
    return;
  }
  const column = job.b + entry(job.offN, n);
  const zero = zeroAt<T>(job.zeroB, job.stepB, n);
  for (; x < count; x += 2, to += PANEL_GROUP) {
    const low = element<T>(column + entry(ks, x), zero);
    const high = x + 1 < count ? element<T>(column + entry(ks, x + 1), zero) : 0;
    store<u32>(to, low | (high << 16));
  }
}
