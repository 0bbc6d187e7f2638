import {
  type BodyBuilder,
  type Index,
  o,
  type Register,
  times,
  type View,
} from "../program/builder.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import { wideIndex } from "./shared/axis-position.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  requireDType,
  single,
  unsupported,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";

/**
 * RotaryEmbedding: in every head the first `rotary_embedding_dim` elements (0: all) are pairs that are
 * turned by the angle of their position, the rest is copied:
 *
 *   first' = fl(fl(cos·first) − fl(sin·second)),  second' = fl(fl(sin·first) + fl(cos·second))
 *
 * Pair i is the elements i and i + half, with interleaved = 1 the elements 2i and 2i + 1. cos and sin
 * are read at (position, i), the position from position_ids [batch, sequence]; without them the caches
 * are [batch, sequence, half]. Microsoft's position_ids of one element are the position of the first
 * token. A position outside the caches reads 0 (rule 3).
 *
 * Operands: X [batch, heads, sequence, size] or [batch, sequence, heads·size] with num_heads.
 * Dtypes: f32, f16, bf16, f64, alike; position_ids i64.
 * Errors: `operator/invalid` where dims do not fit; `operator/unsupported` for packed batches, a scale,
 * and interleaved pairs in heads of odd size.
 * Source: ONNX RotaryEmbedding, version 23; com.microsoft RotaryEmbedding, version 1.
 */
export const rotaryEmbedding: OperatorDefinition = {
  domain: "",
  name: "RotaryEmbedding",
  versions: [23],
  lower: (context) => lower(context, { cos: 1, sin: 2, positions: 3 }),
};

export const rotaryEmbeddingMicrosoft: OperatorDefinition = {
  domain: "com.microsoft",
  name: "RotaryEmbedding",
  versions: [1],
  lower(context) {
    if (intAttribute(context, "is_packed_batching", 0) !== 0) {
      throw unsupported(context, "packed batches");
    }
    if (floatAttribute(context, "scale", 1) !== 1) throw unsupported(context, "a scale");
    return lower(context, { cos: 2, sin: 3, positions: 1 });
  },
};

/** Which input is which. */
interface Places {
  readonly cos: number;
  readonly sin: number;
  readonly positions: number;
}

interface Heads {
  readonly batch: number;
  readonly sequence: number;
  readonly heads: number;
  readonly size: number;
  /** Pairs that are turned in each head. */
  readonly half: number;
  /** Whether X is [batch, sequence, heads·size]. */
  readonly flat: boolean;
}

function lower(context: LoweringContext, places: Places): Lowering {
  const x = inputOperand(context, 0);
  requireDType(context, x, FLOATS);
  const heads = headsOf(context, x, places);
  const { batch, sequence, size, half, flat } = heads;
  const caches = [places.cos, places.sin].map((i) => cacheOf(context, i, x, heads, places));
  const positions = positionsOf(context, places, heads);
  const before = flat ? [batch, sequence, heads.heads] : [batch, heads.heads, sequence];
  const [b0, s0] = [o(0), o(flat ? 1 : 2)];
  const interleaved = intAttribute(context, "interleaved", 0) !== 0;
  if (interleaved && size % 2 !== 0) throw unsupported(context, `pairs in a head of size ${size}`);
  const out = interleaved ? [...before, size / 2, 2] : [...before, size];
  const operands = [{ ...x, dims: out }, ...caches, ...(positions ? [positions] : [])];
  return single(context, operands, x.dims, ([vx, vc, vs, vp]) => ({
    dtype: x.dtype,
    out,
    finish: (b) => {
      const row = rowOfCache(b, vp, b0, s0);
      const read = (...last: Index[]) => b.read(vx as View, [o(0), o(1), o(2), ...last]);
      const turn = (i: Index) => [vc, vs].map((v) => b.read(v as View, [...row, i])) as Turn;
      return interleaved ? neighbours(b, read, turn, half) : halves(b, read, turn, half);
    },
  }));
}

/** cos and sin of a pair. */
type Turn = [Register, Register];
type Read = (...last: Index[]) => Register;

/** Output coordinate 3 is the element; partners are `half` apart. */
function halves(b: BodyBuilder, read: Read, turn: (i: Index) => Turn, half: number): Register {
  const here = read(o(3));
  const first = firstOf(b, turn(o(3)), here, read([o(3), half]));
  const second = secondOf(b, turn([o(3), -half]), read([o(3), -half]), here);
  const at = b.coordinate(o(3));
  const turned = b.select(b.lt(at, b.i64(half)), first, second);
  return b.select(b.lt(at, b.i64(2 * half)), turned, here);
}

/** Output coordinates 3 and 4 are the pair and which of the two. */
function neighbours(b: BodyBuilder, read: Read, turn: (i: Index) => Turn, half: number): Register {
  const [one, two] = [read(o(3), 0), read(o(3), 1)];
  const angle = turn(o(3));
  const isFirst = b.eq(b.coordinate(o(4)), b.i64(0));
  const turned = b.select(isFirst, firstOf(b, angle, one, two), secondOf(b, angle, one, two));
  return b.select(b.lt(b.coordinate(o(3)), b.i64(half)), turned, b.select(isFirst, one, two));
}

function firstOf(b: BodyBuilder, [cos, sin]: Turn, one: Register, two: Register): Register {
  return b.sub(b.mul(cos, one), b.mul(sin, two));
}

function secondOf(b: BodyBuilder, [cos, sin]: Turn, one: Register, two: Register): Register {
  return b.add(b.mul(sin, one), b.mul(cos, two));
}

/** Index of the caches' row: [position], or [batch, position] where there are no position_ids. */
function rowOfCache(b: BodyBuilder, ids: View | undefined, batch: Index, at: Index): Index[] {
  if (!ids) return [batch, at];
  if (ids.dims.length === 2) return [times(wideIndex(b, b.read(ids, [batch, at])))];
  return [times(b.add(wideIndex(b, b.read(ids, [0])), b.coordinate(at)))];
}

function headsOf(context: LoweringContext, x: Operand, places: Places): Heads {
  const { dims } = x;
  const [batch, second, third, fourth] = dims as [number, number, number, number?];
  if (dims.length !== 3 && dims.length !== 4) throw invalid(context, `X [${dims}]`);
  const stated = intAttribute(context, "num_heads", 0);
  const turned = intAttribute(context, "rotary_embedding_dim", 0);
  if (fourth !== undefined) {
    const half = halfOf(context, turned, fourth);
    return { batch, sequence: third, heads: second, size: fourth, half, flat: false };
  }
  // Microsoft's operator may leave num_heads out; the caches then give the size of a head.
  const width = 2 * (context.inputs[places.cos]?.dims.at(-1) ?? 0);
  const heads = stated > 0 ? stated : places.cos === 2 && turned === 0 ? third / width : 0;
  if (!(Number.isInteger(heads) && heads > 0 && third % heads === 0)) {
    throw invalid(context, `${third} elements of ${stated} heads`);
  }
  const size = third / heads;
  return { batch, sequence: second, heads, size, half: halfOf(context, turned, size), flat: true };
}

function halfOf(context: LoweringContext, turned: number, size: number): number {
  const width = turned === 0 ? size : turned;
  if (width % 2 !== 0 || width < 0 || width > size) {
    throw invalid(context, `rotary_embedding_dim ${turned} of a head of size ${size}`);
  }
  return width / 2;
}

function cacheOf(
  context: LoweringContext,
  index: number,
  x: Operand,
  { batch, sequence, half }: Heads,
  places: Places,
): Operand {
  const cache = inputOperand(context, index);
  requireDType(context, cache, [x.dtype]);
  const fits = context.inputs[places.positions]
    ? cache.dims.length === 2 && cache.dims[1] === half
    : cache.dims.join() === [batch, sequence, half].join();
  if (!fits) throw invalid(context, `input ${index} is [${cache.dims}] for ${half} pairs`);
  return cache;
}

function positionsOf(
  context: LoweringContext,
  places: Places,
  { batch, sequence }: Heads,
): Operand | undefined {
  if (!context.inputs[places.positions]) return undefined;
  const ids = inputOperand(context, places.positions);
  requireDType(context, ids, ["i64", "i32"]);
  const isOffset = places.positions === 1 && ids.dims.join() === "1";
  if (!isOffset && ids.dims.join() !== [batch, sequence].join()) {
    throw invalid(context, `position_ids [${ids.dims}] for [${batch},${sequence}]`);
  }
  return ids;
}
