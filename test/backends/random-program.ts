import fc from "fast-check";
import { STORABLE } from "../../operators/dtype.js";
import {
  type BodyBuilder,
  buildProgram,
  DTYPES,
  type DType,
  type ElementProgram,
  elementCount,
  type Index,
  k,
  type Literal,
  literal,
  MICRO_OPS,
  type MicroOp,
  o,
  type Register,
  type RegisterType,
  type Term,
  times,
  type View,
} from "../../operators/index.js";
import { SCALAR_FUNCTIONS } from "../../operators/scalar/functions/index.js";

/**
 * Random valid element programs, weighted toward what code generators get wrong: extents around
 * the vector width, strides, reads that leave their tensors, conditions, gathers, several states.
 */

const EXTENTS = [0, 1, 1, 2, 3, 4, 4, 5, 7, 8, 8, 12, 15, 16, 16, 17, 32, 33, 35, 64];
const TYPES: readonly RegisterType[] = ["f32", "f64", "i32", "i64"];
const DTYPE_NAMES = Object.keys(DTYPES) as DType[];
const OPS = (Object.keys(MICRO_OPS) as MicroOp[]).filter(
  (op) => !MICRO_OPS[op].args.every((a) => a === "f32") || !isMissingFunction(op),
);

function isMissingFunction(op: MicroOp): boolean {
  return MICRO_OPS[op].code >= 0xc0 && !(op in SCALAR_FUNCTIONS);
}

type Draw = fc.GeneratorValue;

/** A random program; `draw` is fast-check's `fc.gen()`. */
export function randomProgram(draw: Draw): ElementProgram {
  const pick = picker(draw);
  const tidy = pick([true, false, false]);
  const out = dimsOf(draw, tidy ? 3 : 4, tidy ? 1500 : 400);
  const fold = pick([true, true, false]) ? dimsOf(draw, 3, tidy ? 20 : 80) : [];
  const shape = { out, fold };
  const sources = Array.from({ length: draw(fc.integer, { min: 1, max: 3 }) }, () =>
    tidy && pick([true, true, true, false]) ? tidySource(draw, shape) : randomSource(draw, shape),
  );
  const init = fold.length === 0 ? [] : randomStates(draw);
  const when =
    fold.length === 0
      ? []
      : Array.from({ length: pick([0, 0, 0, 1, 1, 2, 4]) }, () =>
          pick([true, false]) ? boundOf(draw, sources) : randomAffine(draw, shape, 4),
        );
  const finish = new BodyMaker(draw, { out, fold: [] }, sources, pick([0, 1, 3, 8]));
  const step = new BodyMaker(draw, shape, sources, pick([1, 3, 8, 14]));
  const result = pick(TYPES);
  return buildProgram({
    sources: sources.map((s) => ({ dtype: s.dtype, dims: s.dims })),
    dtype: pick(STORABLE[result]),
    out,
    fold,
    when,
    init,
    ...(fold.length === 0
      ? {}
      : {
          step: (b: BodyBuilder) =>
            step.make(
              b,
              init,
              init.map((l) => l.type),
            ),
        }),
    finish: (b) => finish.make(b, init, [result])[0] as Register,
  });
}

interface Shape {
  readonly out: readonly number[];
  readonly fold: readonly number[];
}

function picker(draw: Draw) {
  return <T>(from: readonly T[]): T => from[draw(fc.nat, from.length - 1)] as T;
}

function dimsOf(draw: Draw, rank: number, limit: number): number[] {
  const dims: number[] = [];
  for (let left = draw(fc.nat, rank); left > 0; left--) {
    const extent = picker(draw)(EXTENTS);
    // An empty extent hides everything else, so it is kept rare.
    const rare = extent === 0 && draw(fc.nat, 3) > 0 ? 2 : extent;
    if (elementCount(dims) * rare > limit) break;
    dims.push(rare);
  }
  return dims;
}

interface RandomSource extends View {
  /** How an axis follows a coordinate, where the view was made after one. */
  readonly axes: readonly (Term | undefined)[];
  /** Always read as `axes` say, and so always in range. */
  readonly tidy: boolean;
}

/** Axes are some of the coordinates in some order: transpositions, broadcasts, contractions. */
function tidySource(draw: Draw, shape: Shape): RandomSource {
  const pick = picker(draw);
  const coordinates = [
    ...shape.out.map((d, at) => ({ d, term: o(at) })),
    ...shape.fold.map((d, at) => ({ d, term: k(at) })),
  ];
  const chosen: typeof coordinates = [];
  for (const c of coordinates) {
    if (draw(fc.nat, 4) === 0) continue;
    chosen.splice(draw(fc.nat, chosen.length), 0, c);
  }
  // An axis as long as another coordinate's: a slice whose strides look like another shape's.
  const lengths = coordinates.map((c) => c.d);
  const exact = chosen.map((c) => c.d);
  const longer = exact.map((d) => (draw(fc.nat, 3) === 0 ? Math.max(d, pick(lengths)) : d));
  const dims = elementCount(longer) > 20_000 ? exact : longer;
  const dtype = pick(DTYPE_NAMES);
  return { source: 0, dtype, dims, axes: chosen.map((c) => c.term), tidy: true };
}

/** A tensor whose axes follow coordinates (permuted, strided, short by a little) or nothing. */
function randomSource(draw: Draw, shape: Shape): RandomSource {
  const pick = picker(draw);
  const coordinates = [
    ...shape.out.map((d, at) => ({ d, term: (c: number) => o(at, c) })),
    ...shape.fold.map((d, at) => ({ d, term: (c: number) => k(at, c) })),
  ];
  const axes: (Term | undefined)[] = [];
  const dims: number[] = [];
  for (let left = draw(fc.nat, 3); left > 0; left--) {
    const follows = coordinates.length > 0 && pick([true, true, true, false]);
    const c = follows ? pick(coordinates) : undefined;
    const coefficient = pick([1, 1, 1, 2, 3, -1]);
    const wanted = c ? Math.max(1, (c.d - 1) * Math.abs(coefficient) + 1) : pick([1, 2, 3, 5, 9]);
    const extent = Math.max(0, wanted + pick([0, 0, 0, 1, -1, -2]));
    if (elementCount(dims) * extent > 5000) break;
    dims.push(extent);
    axes.push(c?.term(coefficient));
  }
  return { source: 0, dtype: pick(DTYPE_NAMES), dims, axes, tidy: false };
}

/** A condition that comes close to saying that an index which follows an axis is in range. */
function boundOf(draw: Draw, sources: readonly RandomSource[]): Index {
  const pick = picker(draw);
  const source = pick(sources);
  const offset = pick([0, 0, 1, -1]);
  if (source.axes.length === 0) return offset;
  const at = draw(fc.nat, source.axes.length - 1);
  const axis = source.axes[at];
  if (axis === undefined || typeof axis === "number" || !("axis" in axis)) return offset;
  if (pick([true, false])) return [axis, offset];
  const extent = source.dims[at] as number;
  return [{ ...axis, coefficient: -axis.coefficient }, extent - 1 - offset];
}

/** Large enough that it wraps to 0 where 32 bits are taken for enough. */
const HUGE = 2 ** 32;

function randomAffine(draw: Draw, shape: Shape, size: number): Index {
  const pick = picker(draw);
  const terms: Term[] = [draw(fc.integer, { min: -size, max: size })];
  const huge = draw(fc.nat, 12) === 0;
  const coefficient = (): number => pick(huge ? [0, 0, 1, HUGE] : [0, 0, 1, 1, -1, 2, -3, 5]);
  shape.out.forEach((_, at) => void terms.push(o(at, coefficient())));
  shape.fold.forEach((_, at) => void terms.push(k(at, coefficient())));
  if (draw(fc.nat, 30) === 0) terms.push(pick([2 ** 31, -(2 ** 31), 2 ** 40, -(2 ** 33)]));
  return terms;
}

function randomStates(draw: Draw): Literal[] {
  const pick = picker(draw);
  return Array.from({ length: pick([1, 1, 1, 2, 3, 4]) }, () => randomLiteral(draw, pick(TYPES)));
}

function randomLiteral(draw: Draw, type: RegisterType): Literal {
  const pick = picker(draw);
  if (type === "f32" || type === "f64") {
    const value = pick([0, -0, 1, -1.5, 2 ** -140, Number.POSITIVE_INFINITY, Number.NaN, 1e30, 3]);
    return literal(type, value);
  }
  return literal(
    type,
    pick([0n, 1n, -1n, 2n, 3n, 5n, 31n, 32n, 40n, 63n, 64n, -(1n << 31n), 1n << 63n]),
  );
}

function isFoldTerm(axis: Term | undefined): boolean {
  return typeof axis === "object" && "axis" in axis && axis.axis === "fold";
}

/** Draws straight-line code: reads, coordinates and micro-ops over what is there already. */
class BodyMaker {
  constructor(
    private readonly draw: Draw,
    private readonly shape: Shape,
    private readonly sources: readonly RandomSource[],
    private readonly size: number,
  ) {}

  private get pick() {
    return picker(this.draw);
  }

  make(b: BodyBuilder, states: readonly Literal[], results: readonly RegisterType[]): Register[] {
    const registers: Register[] = states.map((_, i) => b.state(i));
    for (const [at] of this.sources.entries()) registers.push(this.read(b, at, registers));
    for (let i = 0; i < this.size; i++) registers.push(this.instruction(b, registers));
    return results.map((type) => this.ofType(b, type, registers));
  }

  private ofType(b: BodyBuilder, type: RegisterType, registers: readonly Register[]): Register {
    const known = registers.filter((r) => r.type === type);
    // The latest registers depend on the most.
    const last = known.slice(-4);
    if (last.length > 0) return this.pick(last);
    return b.constant(randomLiteral(this.draw, type));
  }

  private instruction(b: BodyBuilder, registers: readonly Register[]): Register {
    const kind = this.draw(fc.nat, 11);
    if (kind === 0) return this.read(b, this.draw(fc.nat, this.sources.length - 1), registers);
    if (kind === 1) return b.coordinate(randomAffine(this.draw, this.shape, 3));
    if (kind === 2) return b.constant(randomLiteral(this.draw, this.pick(TYPES)));
    const op = this.pick(OPS);
    const args = MICRO_OPS[op].args.map((type) =>
      this.draw(fc.nat, 5) === 0
        ? b.constant(randomLiteral(this.draw, type))
        : this.ofType(b, type, registers),
    );
    return b.op(op, ...args);
  }

  private read(b: BodyBuilder, at: number, registers: readonly Register[]): Register {
    const source = this.sources[at] as RandomSource;
    const folds = this.shape.fold.length > 0;
    const index = source.axes.map((axis, i) => {
      if (source.tidy && (folds || !isFoldTerm(axis))) return axis ?? 0;
      return this.index(b, axis, source.dims[i] ?? 0, registers);
    });
    const pad = randomLiteral(this.draw, DTYPES[source.dtype].register);
    return b.read({ source: at, dtype: source.dtype, dims: source.dims }, index, pad);
  }

  private index(
    b: BodyBuilder,
    axis: Term | undefined,
    extent: number,
    registers: readonly Register[],
  ): Index {
    const kind = this.draw(fc.nat, 9);
    const gathers = kind < 2;
    const integers = registers.filter((r) => r.type === "i64");
    if (gathers && integers.length > 0) {
      const register = this.pick(integers);
      const bound = b.op("i64.rem_s", register, b.i64(Math.max(1, extent)));
      return [
        times(this.pick([register, bound, bound]), this.pick([1, 1, -1, 2, 2 ** 40])),
        this.pick([0, 1]),
      ];
    }
    if (axis !== undefined && kind < 9 && !(isFoldTerm(axis) && this.shape.fold.length === 0)) {
      const reversed = typeof axis === "object" && "axis" in axis && axis.coefficient < 0;
      const start = (reversed ? extent - 1 : 0) + this.pick([0, 0, 0, 0, 1, -1]);
      const wraps = this.shape.out.length > 0 && this.draw(fc.nat, 25) === 0;
      return wraps ? [axis, start, o(0, HUGE)] : [axis, start];
    }
    return kind < 5
      ? this.draw(fc.integer, { min: -1, max: extent })
      : randomAffine(this.draw, this.shape, 2);
  }
}
