import { type DType, elementCount } from "../../dtype.js";
import { type BodyBuilder, type Index, o, times } from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  requireDType,
} from "./context.js";
import { FUNCTION_FLOATS } from "./elementwise.js";
import { type Read, Reads } from "./reads.js";

/** A tensor with the scale and the zero point that each of its elements has. */
export interface Grained {
  readonly operands: readonly Operand[];
  /** Output dims: a factorisation of those of x. */
  readonly out: readonly number[];
  readonly x: Read;
  readonly scale: Read;
  readonly scaleDType: DType;
  readonly zeroPoint: Read | undefined;
}

/** x is input 0, the scale input 1, the zero point, of dtype `quantised`, input 2. */
export function grained(context: LoweringContext, x: Operand, quantised: DType): Grained {
  const scale = inputOperand(context, 1);
  const zeroPoint = context.inputs[2] ? inputOperand(context, 2) : undefined;
  requireDType(context, scale, FUNCTION_FLOATS);
  if (zeroPoint) requireZeroPoint(context, zeroPoint, scale, quantised);
  const { out, dims, index } = grainsOf(context, x.dims, scale.dims);
  const reads = new Reads();
  return {
    out,
    x: reads.add(x, out, () => out.map((_, i) => o(i))),
    scale: reads.add(scale, dims, index),
    scaleDType: scale.dtype,
    zeroPoint: zeroPoint && reads.add(zeroPoint, dims, index),
    operands: reads.operands,
  };
}

function requireZeroPoint(
  context: LoweringContext,
  zeroPoint: Operand,
  scale: Operand,
  quantised: DType,
): void {
  if (zeroPoint.dtype !== quantised) {
    throw invalid(context, `a zero point of ${zeroPoint.dtype} for ${quantised}`);
  }
  const single = elementCount(zeroPoint.dims) === 1 && elementCount(scale.dims) === 1;
  if (!single && zeroPoint.dims.join() !== scale.dims.join()) {
    throw invalid(context, `scale [${scale.dims}] and zero point [${zeroPoint.dims}]`);
  }
}

interface Grains {
  readonly out: readonly number[];
  /** Dims that the scale is seen with, and where an element finds its own. */
  readonly dims: readonly number[];
  readonly index: (b: BodyBuilder) => readonly Index[];
}

function grainsOf(
  context: LoweringContext,
  x: readonly number[],
  scale: readonly number[],
): Grains {
  const block = intAttribute(context, "block_size", 0);
  if (block < 0) throw invalid(context, `block_size ${block}`);
  if (block === 0 && elementCount(scale) === 1 && scale.length <= 1) {
    return { out: [elementCount(x)], dims: [], index: () => [] };
  }
  const axis = normalizeAxis(context, intAttribute(context, "axis", 1), x.length);
  const extent = x[axis] as number;
  const outer = elementCount(x.slice(0, axis));
  const inner = elementCount(x.slice(axis + 1));
  if (block === 0) {
    if (scale.length !== 1 || scale[0] !== extent) {
      throw invalid(context, `scale [${scale}] along axis ${axis} of [${x}]`);
    }
    return { out: [outer, extent, inner], dims: [extent], index: () => [o(1)] };
  }
  const blocks = Math.ceil(extent / block);
  if (scale.join() !== x.map((d, i) => (i === axis ? blocks : d)).join()) {
    throw invalid(context, `scale [${scale}] for blocks of ${block} along axis ${axis} of [${x}]`);
  }
  const dims = [outer, blocks, inner];
  if (extent % block === 0) {
    return { out: [outer, blocks, block, inner], dims, index: () => [o(0), o(1), o(3)] };
  }
  // The last block is short: which block a position is in is a division.
  const blockOf = (b: BodyBuilder): Index => times(b.div(b.coordinate(o(1)), b.i64(block)));
  return { out: [outer, extent, inner], dims, index: (b) => [o(0), blockOf(b), o(2)] };
}
