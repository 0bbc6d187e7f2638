import { describe, expect, it } from "vitest";
import { readerOf, writerOf } from "../../operators/backends/interpreter/storage.js";
import { STORABLE } from "../../operators/dtype.js";
import {
  buildProgram,
  DTYPES,
  type DType,
  type ElementProgram,
  emptyTensor,
  o,
  type Tensor,
} from "../../operators/index.js";
import { expectSameBytes, programBackends } from "./conformance.js";
import { edgeTensor } from "./edge-tensors.js";

/** Reading as registers and storing as elements: all 2^16 halves, and every rounding boundary. */

/** A copy that lets the element pass through its register type into `to`. */
function copy(from: DType, to: DType, count: number): ElementProgram {
  return buildProgram({
    sources: [{ dtype: from, dims: [count] }],
    dtype: to,
    out: [count],
    finish: (b) => b.read({ source: 0, dtype: from, dims: [count] }, [o(0)]),
  });
}

/** All values of a 16-bit type. */
function all16(dtype: DType): Tensor {
  const t = emptyTensor(dtype, [65536]);
  const view = new DataView(t.bytes.buffer);
  for (let i = 0; i < 65536; i++) view.setUint16(i * 2, i, true);
  return t;
}

/** For each finite half and its neighbour: the midpoint and the values just around it. */
function boundaries(half: "f16" | "bf16", wide: "f32" | "f64"): Tensor {
  const read = readerOf(half, all16(half).bytes);
  const values: number[] = [];
  for (let i = 0; i < 0x7fff; i++) {
    const a = read(i) as number;
    const b = read(i + 1) as number;
    if (!Number.isFinite(a)) continue;
    // Above the largest finite value lies what would be the next one.
    const next = Number.isFinite(b) ? b : a + (a - (read(i - 1) as number));
    const middle = (a + next) / 2;
    const ulp = wide === "f32" ? 2 ** -24 : 2 ** -53;
    for (const v of [a, middle, middle * (1 - ulp), middle * (1 + 2 * ulp)]) values.push(v, -v);
  }
  const t = emptyTensor(wide, [values.length]);
  const write = writerOf(wide, t.bytes);
  values.forEach((v, i) => {
    write(i, v);
  });
  return t;
}

describe.each(programBackends())("$name", (backend) => {
  it.each(["f16", "bf16"] as const)("widens all 65536 values of %s", (half) => {
    const source = all16(half);
    expectSameBytes(backend, copy(half, "f32", 65536), [source]);
    const back = expectSameBytes(backend, copy(half, half, 65536), [source]);
    expect(back.bytes.length).toBe(131072);
  });

  it.each([
    ["f32", "f16"],
    ["f64", "f16"],
    ["f32", "bf16"],
    ["f64", "bf16"],
  ] as const)("rounds %s to %s once, at every boundary", (wide, half) => {
    const source = boundaries(half, wide);
    const program = copy(wide, half, source.dims[0] as number);
    const want = expectSameBytes(backend, program, [source]);
    expect(new Set(want.bytes).size).toBe(256);
  });

  const pairs = (Object.keys(DTYPES) as DType[]).flatMap((from) =>
    STORABLE[DTYPES[from].register].map((to) => [from, to] as const),
  );
  it.each(pairs)("reads %s and stores %s", (from, to) => {
    for (let seed = 0; seed < 6; seed++) {
      const source = edgeTensor(from, [263], seed);
      const want = expectSameBytes(backend, copy(from, to, 263), [source]);
      expect(want.bytes.length).toBe(263 * DTYPES[to].size);
    }
  });
});
