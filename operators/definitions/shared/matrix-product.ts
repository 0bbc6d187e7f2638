import { elementCount } from "../../dtype.js";
import { type Index, k, o } from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import { broadcastDims, broadcastIndex } from "./broadcast.js";
import { invalid, type Operand } from "./context.js";
import type { Contraction, Side } from "./contraction.js";
import type { Read, Reads } from "./reads.js";

/**
 * numpy.matmul of [batch…, m, k] and [batch…, k, n]: out [batch…, m, n], fold [k]. A rank-1 operand is
 * a row or a column whose axis is dropped. Scales and zero points: one element, or of the left operand
 * and the result one per row ([m] or [batch…, m, 1]), of the right one per column ([n] or
 * [batch…, 1, n]).
 */
export function matrixProduct(
  context: LoweringContext,
  a: readonly number[],
  b: readonly number[],
): Contraction {
  if (a.length === 0 || b.length === 0) throw invalid(context, "a scalar operand");
  const aDims = a.length === 1 ? [1, ...a] : a;
  const bDims = b.length === 1 ? [...b, 1] : b;
  const [m, depth] = aDims.slice(-2) as [number, number];
  const [bDepth, n] = bDims.slice(-2) as [number, number];
  if (depth !== bDepth) throw invalid(context, `inner dims ${depth} and ${bDepth} differ`);
  const batch = broadcastDims(context, [aDims.slice(0, -2), bDims.slice(0, -2)]);
  const at = batch.length;
  const batchIndex = (of: readonly number[]): Index[] =>
    of.slice(0, -2).map((d, i) => (d === 1 ? 0 : o(at - (of.length - 2) + i)));
  const out = [...batch, m, n];
  return {
    out,
    fold: [depth],
    dims: [...batch, ...(a.length === 1 ? [] : [m]), ...(b.length === 1 ? [] : [n])],
    left: { dims: aDims, index: [...batchIndex(aDims), o(at), k(0)] },
    right: { dims: bDims, index: [...batchIndex(bDims), k(0), o(at + 1)] },
    padded: false,
    parameter: (reads, operand, side) => parameter(context, out, reads, operand, side),
  };
}

function parameter(
  context: LoweringContext,
  out: readonly number[],
  reads: Reads,
  operand: Operand,
  side: Side,
): Read {
  if (elementCount(operand.dims) === 1) return reads.add(operand, [], () => []);
  const perRow = side !== "right";
  const [length] = operand.dims as [number];
  const alone = perRow ? [length, 1] : [1, length];
  const dims = operand.dims.length === 1 ? alone : operand.dims;
  const fits =
    dims.at(perRow ? -1 : -2) === 1 &&
    dims.length <= out.length &&
    dims.every((d, i) => d === 1 || d === out[out.length - dims.length + i]);
  if (!fits) {
    const per = perRow ? "row" : "column";
    throw invalid(context, `scale or zero point [${operand.dims}] per ${per} of [${out}]`);
  }
  const index = broadcastIndex({ source: 0, dtype: operand.dtype, dims }, out.length);
  return reads.add(operand, dims, () => index);
}
