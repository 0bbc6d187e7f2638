import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { STORABLE } from "../../operators/dtype.js";
import {
  buildProgram,
  canonicalNaNs,
  DTYPES,
  type DType,
  type ElementProgram,
  elementCount,
  k,
  literal,
  type MicroOp,
  o,
  type Register,
  runProgram,
  type Tensor,
  type Term,
  zero,
} from "../../operators/index.js";
import { type Applied, appended, inlined, isMove, moved } from "../../operators/program/compose.js";
import { edgeTensor } from "../backends/edge-tensors.js";
import { randomProgram } from "../backends/random-program.js";

/**
 * Composition is about meaning: the interpreter gives the same bytes for two programs one after the
 * other and for both as one.
 */

type Draw = fc.GeneratorValue;

const pickFrom =
  (draw: Draw) =>
  <T>(from: readonly T[]): T =>
    from[draw(fc.nat, from.length - 1)] as T;

/** Tensors 0, 1, … are the producer's sources, then come its result and the consumer's others. */
interface Pair {
  readonly producer: Applied;
  readonly consumer: Applied;
  readonly between: number;
}

const RESULT = 100;

function numbered(program: ElementProgram, first = 0): Applied {
  return { program, sources: program.sources.map((_, i) => first + i) };
}

function tensorsFor(applied: readonly Applied[], seed: number): Map<number, Tensor> {
  const tensors = new Map<number, Tensor>();
  for (const { program, sources } of applied) {
    program.sources.forEach(({ dtype, length }, i) => {
      const id = sources[i] as number;
      if (!tensors.has(id)) {
        tensors.set(id, canonicalNaNs(edgeTensor(dtype, [length], seed + id)));
      }
    });
  }
  return tensors;
}

const run = ({ program, sources }: Applied, tensors: ReadonlyMap<number, Tensor>): Tensor =>
  runProgram(
    program,
    sources.map((s) => tensors.get(s) as Tensor),
  );

function requireSame({ producer, consumer, between }: Pair, composed: Applied, seed: number) {
  expect(composed.sources).not.toContain(between);
  const tensors = tensorsFor(
    [producer, { ...consumer, sources: consumer.sources.map((s) => (s === between ? -1 : s)) }],
    seed,
  );
  tensors.set(between, run(producer, tensors));
  const apart = run(consumer, tensors);
  tensors.delete(between);
  expect(Buffer.from(run(composed, tensors).bytes)).toEqual(Buffer.from(apart.bytes));
}

/** Some row-major factorisation of the same number of elements. */
function otherDims(draw: Draw, dims: readonly number[]): number[] {
  const merged: number[] = [];
  for (const d of dims) {
    const last = merged.at(-1);
    if (last !== undefined && draw(fc.boolean)) merged[merged.length - 1] = last * d;
    else merged.push(d);
  }
  const cut = merged.flatMap((d) => {
    const at = [2, 3, 4].find((f) => d % f === 0 && d > f);
    return at !== undefined && draw(fc.nat, 3) === 0 ? [at, d / at] : [d];
  });
  return cut.length <= 8 ? cut : [...dims];
}

const OPS: Readonly<Record<string, readonly MicroOp[]>> = {
  f32: ["f32.add", "f32.mul", "f32.max", "f32.div", "f32.sub"],
  f64: ["f64.add", "f64.mul", "f64.min"],
  i32: ["i32.add", "i32.mul", "i32.shr_s", "i32.xor", "i32.lt_u"],
  i64: ["i64.add", "i64.mul", "i64.shr_u"],
};

/** A map over the result of `producer`, read once or twice at its own element, and another tensor. */
function follower(draw: Draw, producer: ElementProgram): ElementProgram {
  const pick = pickFrom(draw);
  const out = otherDims(draw, producer.out);
  const type = DTYPES[producer.dtype].register;
  const op = pick(OPS[type] as readonly MicroOp[]);
  const result = op === "i32.lt_u" ? "i32" : type;
  const other = pick((["f32", "i8", "u16", "bool", "f16", "i64", "f64"] as DType[]).concat());
  return buildProgram({
    sources: [
      { dtype: other, dims: out.slice(-1) },
      { dtype: producer.dtype, dims: out },
    ],
    dtype: pick(STORABLE[result]),
    out,
    finish(b) {
      const own = out.map((_, i) => o(i));
      const x = b.read({ source: 1, dtype: producer.dtype, dims: out }, own);
      const last = out.length === 0 ? [] : [o(out.length - 1)];
      const y = b.read({ source: 0, dtype: other, dims: out.slice(-1) }, last);
      return b.op(op, x, y.type === x.type ? y : draw(fc.boolean) ? x : b.of(x.type, 3));
    },
  });
}

/**
 * A reader of a tensor with `dims`: along each axis a coordinate that steps forwards, backwards or
 * over elements, or none; some of them folded over. A move where it folds nothing.
 */
function reader(draw: Draw, dtype: DType, dims: readonly number[]): ElementProgram {
  const pick = pickFrom(draw);
  const out: number[] = [];
  const fold: number[] = [];
  const folds = draw(fc.boolean);
  const index = dims.map((d): readonly Term[] => {
    const step = pick([1, 1, 1, 2, -1]);
    const start = draw(fc.nat, Math.max(0, Math.min(2, d - 1)));
    if (draw(fc.nat, 5) === 0) return [start];
    const extent = Math.max(1, Math.ceil((d - start) / Math.abs(step)));
    const from = step > 0 ? start : start + extent - 1;
    const into = folds && draw(fc.boolean) ? fold : out;
    into.push(extent);
    return [(into === fold ? k : o)(into.length - 1, step), from];
  });
  const axes = out.map((_, i) => i);
  if (draw(fc.boolean)) axes.reverse();
  const permuted = index.map((terms) =>
    terms.map(
      (t): Term =>
        typeof t === "object" && "axis" in t && t.axis === "out"
          ? { ...t, at: axes.indexOf(t.at) }
          : t,
    ),
  );
  const view = { source: 0, dtype, dims };
  const type = DTYPES[dtype].register;
  const isFold = fold.length > 0;
  return buildProgram({
    sources: [{ dtype, dims }],
    dtype: isFold ? (STORABLE[type][0] as DType) : dtype,
    out: axes.map((i) => out[i] as number),
    fold,
    ...(isFold
      ? {
          init: [zero(type)],
          step: (b) => [b.add(b.state(0), b.read(view, permuted, literal(type, 1)))],
        }
      : {}),
    finish: (b): Register => (isFold ? b.state(0) : b.read(view, permuted)),
  });
}

const isEmpty = ({ out, fold }: ElementProgram): boolean =>
  elementCount(out) === 0 || elementCount(fold) === 0;

describe("a map at the end of what makes its operand", () => {
  it("gives the same bytes, for every dtype that storing does not round", () => {
    let composed = 0;
    fc.assert(
      fc.property(fc.gen(), fc.nat(), (draw, seed) => {
        const producer = numbered(randomProgram(draw));
        fc.pre(!isEmpty(producer.program));
        const consumer = { program: follower(draw, producer.program), sources: [50, RESULT] };
        const whole = appended(producer, consumer, RESULT);
        if (!whole) return;
        composed++;
        requireSame({ producer, consumer, between: RESULT }, whole, seed);
      }),
      { numRuns: 300 },
    );
    expect(composed).toBeGreaterThan(100);
  });

  it("is refused where storing rounds, and where another element is read", () => {
    const map = (dtype: DType, from: DType, shift: number) =>
      buildProgram({
        sources: [{ dtype: from, dims: [4] }],
        dtype,
        out: [4],
        finish: (b) => b.read({ source: 0, dtype: from, dims: [4] }, [[o(0), shift]]),
      });
    const second = (shift: number, from: DType = "f32") => ({
      program: map("f32", from, shift),
      sources: [RESULT],
    });
    const first = (dtype: DType) => numbered(map(dtype, "f32", 0));
    expect(appended(first("f32"), second(0), RESULT)).toBeDefined();
    expect(appended(first("bf16"), second(0, "bf16"), RESULT)).toBeUndefined();
    expect(appended(first("f16"), second(0, "f16"), RESULT)).toBeUndefined();
    expect(appended(first("f32"), second(1), RESULT)).toBeUndefined();
  });
});

describe("a map in place of the reads of its result", () => {
  it("gives the same bytes, for reads in any order", () => {
    let composed = 0;
    fc.assert(
      fc.property(fc.gen(), fc.nat(), (draw, seed) => {
        const makesMove = draw(fc.boolean);
        const producer = numbered(
          makesMove
            ? reader(draw, pickFrom(draw)(["f32", "i8", "bf16", "u64"] as DType[]), [4, 6, 10])
            : randomProgram(draw),
        );
        fc.pre(!isEmpty(producer.program) && producer.program.fold.length === 0);
        const { dtype, out } = producer.program;
        const consumer = { program: reader(draw, dtype, otherDims(draw, out)), sources: [RESULT] };
        const whole = inlined(producer, consumer, RESULT);
        if (!whole) return;
        composed++;
        requireSame({ producer, consumer, between: RESULT }, whole, seed);
      }),
      { numRuns: 400 },
    );
    expect(composed).toBeGreaterThan(80);
  });
});

describe("whatever makes the operand of a move, at the places it goes to", () => {
  it("gives the same bytes", () => {
    let composed = 0;
    fc.assert(
      fc.property(fc.gen(), fc.nat(), (draw, seed) => {
        const producer = numbered(randomProgram(draw));
        fc.pre(!isEmpty(producer.program));
        const { dtype, out } = producer.program;
        const consumer = { program: reader(draw, dtype, otherDims(draw, out)), sources: [RESULT] };
        if (!isMove(consumer.program)) return;
        const whole = moved(producer, consumer, RESULT);
        if (!whole) return;
        composed++;
        requireSame({ producer, consumer, between: RESULT }, whole, seed);
      }),
      { numRuns: 400 },
    );
    expect(composed).toBeGreaterThan(80);
  });
});
