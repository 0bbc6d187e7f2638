import { type Index, k, o, type View } from "../program/builder.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import { broadcastDims } from "./shared/broadcast.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  registerOf,
  requireDType,
  single,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";

/**
 * FusedMatMul: fl(alpha · C), C[…,m,n] = fold over k of multiply-add (rule 9), of operands whose matrix
 * axes may be swapped (transA, transB), or whose first axis may stand for the row before batch axes
 * (transBatchA, transBatchB).
 * Inputs f32/f16/bf16/f64 of rank ≥ 1; a rank-1 operand is a row or column whose axis is dropped.
 * Source: ONNX Runtime com.microsoft FusedMatMul, version 1.
 */
export const fusedMatMul: OperatorDefinition = {
  domain: "com.microsoft",
  name: "FusedMatMul",
  versions: [1],
  lower: (context) => product(context, operandsOf(context), floatAttribute(context, "alpha", 1)),
};

/** An operand with its axes named: batch axes, then which is the row and which the column. */
interface Matrix {
  readonly operand: Operand;
  readonly batch: readonly number[];
  readonly row: number;
  readonly column: number;
}

function operandsOf(context: LoweringContext): readonly [Matrix, Matrix] {
  const [a, b] = [inputOperand(context, 0), inputOperand(context, 1)];
  requireDType(context, a, FLOATS);
  if (a.dtype !== b.dtype) throw invalid(context, `mixes ${a.dtype} and ${b.dtype}`);
  if (a.dims.length === 0 || b.dims.length === 0) throw invalid(context, "a scalar operand");
  return [
    a.dims.length === 1 ? plain({ ...a, dims: [1, ...a.dims] }) : swapped(context, a, "A"),
    b.dims.length === 1 ? plain({ ...b, dims: [...b.dims, 1] }) : swapped(context, b, "B"),
  ];
}

function plain(operand: Operand): Matrix {
  const rank = operand.dims.length;
  const axes = operand.dims.map((_, i) => i);
  return { operand, batch: axes.slice(0, -2), row: rank - 2, column: rank - 1 };
}

/** As the attributes of FusedMatMul say; for vectors they mean nothing. */
function swapped(context: LoweringContext, operand: Operand, which: "A" | "B"): Matrix {
  const isSet = (name: string): boolean => intAttribute(context, `${name}${which}`, 0) !== 0;
  const axes = operand.dims.map((_, i) => i);
  const given = plain(operand);
  const { batch, row, column } = isSet("transBatch")
    ? { batch: axes.slice(1, -1), row: 0, column: given.column }
    : given;
  return isSet("trans")
    ? { operand, batch, row: column, column: row }
    : { operand, batch, row, column };
}

function product(
  context: LoweringContext,
  [a, b]: readonly [Matrix, Matrix],
  alpha: number,
): Lowering {
  const extent = ({ operand }: Matrix, axis: number) => operand.dims[axis] as number;
  const [m, depth] = [extent(a, a.row), extent(a, a.column)];
  const [bDepth, n] = [extent(b, b.row), extent(b, b.column)];
  if (depth !== bDepth) throw invalid(context, `inner dims ${depth} and ${bDepth} differ`);
  const batchDims = (t: Matrix) => t.batch.map((axis) => extent(t, axis));
  const batch = broadcastDims(context, [batchDims(a), batchDims(b)]);
  const at = batch.length;
  const dims = [
    ...batch,
    ...(context.inputs[0]?.dims.length === 1 ? [] : [m]),
    ...(context.inputs[1]?.dims.length === 1 ? [] : [n]),
  ];
  const indexOf = (t: Matrix, row: Index, column: Index): Index[] =>
    t.operand.dims.map((d, axis) => {
      if (axis === t.row) return row;
      if (axis === t.column) return column;
      return d === 1 ? 0 : o(at - t.batch.length + t.batch.indexOf(axis));
    });
  const type = registerOf(a.operand.dtype);
  return single(context, [a.operand, b.operand], dims, ([va, vb]) => ({
    dtype: a.operand.dtype,
    out: [...batch, m, n],
    fold: [depth],
    ...multiplyAdd(type, (s) => [
      s.read(va as View, indexOf(a, o(at), k(0))),
      s.read(vb as View, indexOf(b, k(0), o(at + 1))),
    ]),
    finish: (f) => f.mul(f.of(type, alpha), f.state(0)),
  }));
}
