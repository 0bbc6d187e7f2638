// Packing: operands are copied into the order in which the tiles read them. All addressing by
// offset table happens here, so one set of tiles serves every layout and every operator.

import { Job, PANEL, PANEL_ROW, stepsByOne } from "./job.as";

/**
 * Rows m0..m0+rows of A, columns k0..k0+count, as pairs [pair][k][2]; an odd last row follows as
 * [k]. Takes rows * count * 4 bytes at `dst`.
 */
export function packRows(job: Job, dst: usize, m0: u32, rows: u32, k0: u32, count: u32): void {
  if (rows == 0 || count == 0) return;
  const kt = job.offAk + (<usize>k0 << 2);
  const runs = stepsByOne(kt, count);
  const pairBytes = <usize>count << 3;
  let mt = job.offM + (<usize>m0 << 2);
  for (let left = rows; left >= 2; left -= 2, mt += 8, dst += pairBytes) {
    const x = job.a + load<u32>(mt);
    const y = job.a + load<u32>(mt, 4);
    if (runs) {
      const first = load<u32>(kt);
      interleave(dst, x + first, y + first, count);
    } else if (y - x == 4) {
      for (let k: u32 = 0; k < count; k++) {
        const at = x + load<u32>(kt + (<usize>k << 2));
        store<u64>(dst + (<usize>k << 3), load<u64>(at));
      }
    } else {
      for (let k: u32 = 0; k < count; k++) {
        const off = load<u32>(kt + (<usize>k << 2));
        store<u32>(dst + (<usize>k << 3), load<u32>(x + off));
        store<u32>(dst + (<usize>k << 3), load<u32>(y + off), 4);
      }
    }
  }
  if (rows & 1) {
    const x = job.a + load<u32>(mt);
    if (runs) {
      memory.copy(dst, x + load<u32>(kt), <usize>count << 2);
    } else {
      for (let k: u32 = 0; k < count; k++) {
        store<u32>(dst + (<usize>k << 2), load<u32>(x + load<u32>(kt + (<usize>k << 2))));
      }
    }
  }
}

function interleave(dst: usize, x: usize, y: usize, count: u32): void {
  let k: u32 = 0;
  for (; k + 4 <= count; k += 4, dst += 32, x += 16, y += 16) {
    const p = v128.load(x);
    const q = v128.load(y);
    v128.store(dst, v128.shuffle<f32>(p, q, 0, 4, 1, 5));
    v128.store(dst, v128.shuffle<f32>(p, q, 2, 6, 3, 7), 16);
  }
  for (; k < count; k++, dst += 8, x += 4, y += 4) {
    store<u32>(dst, load<u32>(x));
    store<u32>(dst, load<u32>(y), 4);
  }
}

/**
 * Panels j0..j1 of B, rows k0..k0+count: panel j goes to dst + (j - j0) * stride. The way of
 * reading is chosen per panel and per four columns, from the offset table.
 */
export function packPanels(
  job: Job,
  dst: usize,
  stride: usize,
  k0: u32,
  count: u32,
  j0: u32,
  j1: u32,
): void {
  if (count == 0) return;
  const kt = job.offBk + (<usize>k0 << 2);
  const runs = stepsByOne(kt, count);
  for (let j = j0; j < j1; j++, dst += stride) {
    const width = min(PANEL, job.n - j * PANEL);
    const nt = job.offN + (<usize>j << 6);
    if (width == PANEL && fourRuns(nt)) {
      copyPanel(dst, job.b, nt, kt, count);
    } else {
      for (let g: u32 = 0; g < PANEL; g += 4) {
        const columns = g < width ? min(<u32>4, width - g) : 0;
        packGroup(dst + (<usize>g << 2), job.b, nt + (<usize>g << 2), columns, kt, count, runs);
      }
    }
  }
}

/** True when each four columns of a full panel are neighbours, as are all within an image row. */
function fourRuns(nt: usize): bool {
  for (let g: usize = 0; g < 64; g += 16) if (!stepsByOne(nt + g, 4)) return false;
  return true;
}

function copyPanel(dst: usize, b: usize, nt: usize, kt: usize, count: u32): void {
  const g0 = b + load<u32>(nt);
  const g1 = b + load<u32>(nt, 16);
  const g2 = b + load<u32>(nt, 32);
  const g3 = b + load<u32>(nt, 48);
  for (let end = kt + (<usize>count << 2); kt != end; kt += 4, dst += PANEL_ROW) {
    const off = load<u32>(kt);
    v128.store(dst, v128.load(g0 + off));
    v128.store(dst, v128.load(g1 + off), 16);
    v128.store(dst, v128.load(g2 + off), 32);
    v128.store(dst, v128.load(g3 + off), 48);
  }
}

/** Up to four columns; the missing ones of the last panel become zeros: no NaN slows a tile. */
function packGroup(
  dst: usize,
  b: usize,
  nt: usize,
  columns: u32,
  kt: usize,
  count: u32,
  runs: bool,
): void {
  const end = kt + (<usize>count << 2);
  if (columns < 4) {
    for (; kt != end; kt += 4, dst += PANEL_ROW) {
      const at = b + load<u32>(kt);
      v128.store(dst, i32x4.splat(0));
      for (let i: usize = 0; i < columns; i++) {
        store<u32>(dst + (i << 2), load<u32>(at + load<u32>(nt + (i << 2))));
      }
    }
    return;
  }
  const n0 = b + load<u32>(nt);
  const n1 = b + load<u32>(nt, 4);
  const n2 = b + load<u32>(nt, 8);
  const n3 = b + load<u32>(nt, 12);
  if (n1 - n0 == 4 && n2 - n0 == 8 && n3 - n0 == 12) {
    for (; kt != end; kt += 4, dst += PANEL_ROW) v128.store(dst, v128.load(n0 + load<u32>(kt)));
  } else if (runs) {
    const first = load<u32>(kt);
    transpose(dst, n0 + first, n1 + first, n2 + first, n3 + first, count);
  } else if (n1 - n0 == 8 && n2 - n0 == 16 && n3 - n0 == 24) {
    // Seven neighbours hold the four wanted ones; the second load ends on the last of them.
    for (; kt != end; kt += 4, dst += PANEL_ROW) {
      const at = n0 + load<u32>(kt);
      v128.store(dst, v128.shuffle<f32>(v128.load(at), v128.load(at, 12), 0, 2, 5, 7));
    }
  } else {
    for (; kt != end; kt += 4, dst += PANEL_ROW) {
      const off = load<u32>(kt);
      let v = v128.load32_zero(n0 + off);
      v = v128.load_lane<u32>(n1 + off, v, 1);
      v = v128.load_lane<u32>(n2 + off, v, 2);
      v = v128.load_lane<u32>(n3 + off, v, 3);
      v128.store(dst, v);
    }
  }
}

/** Four columns whose k are neighbours, as in weights stored [N][K]: 4x4 transposes. */
function transpose(dst: usize, p: usize, q: usize, r: usize, s: usize, count: u32): void {
  let k: u32 = 0;
  for (; k + 4 <= count; k += 4, dst += 4 * PANEL_ROW, p += 16, q += 16, r += 16, s += 16) {
    const a = v128.load(p);
    const b = v128.load(q);
    const c = v128.load(r);
    const d = v128.load(s);
    const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(dst, v128.shuffle<f64>(abLow, cdLow, 0, 2));
    v128.store(dst, v128.shuffle<f64>(abLow, cdLow, 1, 3), 64);
    v128.store(dst, v128.shuffle<f64>(abHigh, cdHigh, 0, 2), 128);
    v128.store(dst, v128.shuffle<f64>(abHigh, cdHigh, 1, 3), 192);
  }
  for (; k < count; k++, dst += PANEL_ROW, p += 4, q += 4, r += 4, s += 4) {
    let v = v128.load32_zero(p);
    v = v128.load_lane<u32>(q, v, 1);
    v = v128.load_lane<u32>(r, v, 2);
    v = v128.load_lane<u32>(s, v, 3);
    v128.store(dst, v);
  }
}
