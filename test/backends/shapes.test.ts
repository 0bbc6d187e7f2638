import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  buildProgram,
  type DType,
  type ElementProgram,
  k,
  literal,
  o,
} from "../../operators/index.js";
import { expectSameBytes, programBackends } from "./conformance.js";
import { edgeTensor } from "./edge-tensors.js";

/**
 * Programs of the shapes that the generator treats in ways of their own: concatenations (pieces),
 * slices (merged dims), transpositions (blocks), windows with padding (interior and edges), and rows
 * that are long enough to be divided between threads.
 */

const DTYPES_BY_SIZE: readonly DType[] = ["f32", "u8", "f16", "i64"];
const dtypes = fc.constantFrom(...DTYPES_BY_SIZE);

/** `lengths` tensors one after another, `rows` times; `falling`: each row from its end. */
function concatenation(
  dtype: DType,
  rows: number,
  lengths: readonly number[],
  falling: boolean,
): ElementProgram {
  const total = lengths.reduce((a, b) => a + b, 0);
  const sources = lengths.map((length) => ({ dtype, dims: [rows, length] }));
  const column = (offset: number) => (falling ? [o(1, -1), total - 1 - offset] : [o(1), -offset]);
  return buildProgram({
    sources,
    dtype,
    out: [rows, total],
    finish(b) {
      let offset = 0;
      const parts = sources.map((s, source) => {
        const at = offset;
        offset += s.dims[1] as number;
        return { at, value: b.read({ source, ...s }, [o(0), column(at)]) };
      });
      return parts.reduce((before, next) => {
        const begun = b.lt(b.coordinate(column(0)), b.i64(next.at));
        return { at: next.at, value: b.select(begun, before.value, next.value) };
      }).value;
    },
  });
}

/** One tensor seen through a window: permuted axes, offsets, steps. */
function copyOf(
  dtype: DType,
  axes: readonly { readonly extent: number; readonly step: number; readonly more: number }[],
  order: readonly number[],
): ElementProgram {
  const dims = axes.map((a) => (a.extent - 1) * a.step + 1 + a.more);
  return buildProgram({
    sources: [{ dtype, dims }],
    dtype,
    out: order.map((i) => axes[i]?.extent as number),
    finish: (b) =>
      b.read(
        { source: 0, dtype, dims },
        axes.map((a, i) => [o(order.indexOf(i), a.step), a.more > 0 ? 1 : 0]),
      ),
  });
}

/** A fold over a window; steps outside `pads` widened by `slack` are skipped, reads are padded. */
function windows(
  size: number,
  kernel: number,
  stride: number,
  pad: number,
  slack: readonly [number, number],
): ElementProgram {
  const out = Math.max(1, Math.floor((size + 2 * pad - kernel) / stride) + 1);
  const at = [o(1, stride), k(0), -pad];
  return buildProgram({
    sources: [{ dtype: "f32", dims: [3, size] }],
    dtype: "f32",
    out: [3, out],
    fold: [kernel],
    when: [
      [o(1, stride), k(0), slack[0] - pad],
      [o(1, -stride), k(0, -1), size - 1 + pad + slack[1]],
    ],
    init: [literal("f32", 0)],
    step: (s) => [
      s.add(s.state(0), s.read({ source: 0, dtype: "f32", dims: [3, size] }, [o(0), at], 1)),
    ],
    finish: (f) => f.state(0),
  });
}

function check(backend: ReturnType<typeof programBackends>[number], p: ElementProgram, seed = 1) {
  const sources = p.sources.map((s, i) => edgeTensor(s.dtype, [s.length], seed + i));
  const { bytes } = expectSameBytes(backend, p, sources);
  expect(bytes.length).toBeGreaterThan(0);
}

describe.each(programBackends())("$name", (backend) => {
  it("concatenates", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(dtypes, fc.integer({ min: 1, max: 3 }), lengths, fc.boolean(), (d, r, l, f) =>
        check(backend, concatenation(d, r, l, f)),
      ),
      { numRuns: 150, seed: 1 },
    );
  });

  it.each([[[30_000, 5, 1, 40_000]], [[3, 65_000, 2]], [[20_001, 20_001, 20_001]]])(
    "divides rows of %j",
    (lengths) => {
      check(backend, concatenation("u8", 2, lengths, false));
      check(backend, concatenation("f32", 1, lengths, true));
    },
  );

  it("copies slices and transpositions", () => {
    const axis = fc.record({
      extent: fc.constantFrom(1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 21),
      step: fc.constantFrom(1, 1, 1, 2, 3),
      more: fc.constantFrom(0, 0, 1, 4),
    });
    const axes = fc.array(axis, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(dtypes, axes, fc.nat(), (dtype, a, n) => {
        const order = a.map((_, i) => (i + n) % a.length);
        if (n % 2 === 0) order.reverse();
        check(backend, copyOf(dtype, a, order), n);
      }),
      { numRuns: 250, seed: 2 },
    );
  });

  it.each([
    [8, 4],
    [5, 4],
    [17, 16],
    [9, 8],
  ])("does not take a slice of %i rows from rows as long for a block", (rows, columns) => {
    const axes = [
      { extent: rows, step: 1, more: 0 },
      { extent: columns, step: 1, more: rows - columns },
    ];
    for (const dtype of DTYPES_BY_SIZE) check(backend, copyOf(dtype, axes, [0, 1]));
  });

  it("folds over windows", () => {
    const slack = fc.integer({ min: -2, max: 3 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.tuple(slack, slack),
        (size, kernel, stride, pad, slacks) =>
          check(backend, windows(size, kernel, stride, pad, slacks)),
      ),
      { numRuns: 250, seed: 3 },
    );
  });
});
