import { type DType, elementCount } from "../dtype.js";
import { type BodyBuilder, k, type Register, type View } from "../program/builder.js";
import { literal } from "../program/literal.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  registerOf,
  requireDType,
  StageList,
} from "./shared/context.js";
import { FLOATS, FUNCTION_FLOATS, WORDS } from "./shared/elementwise.js";
import { laneFold } from "./shared/lanes.js";
import {
  elementIndex,
  type Rows,
  reducedDims,
  reductionAxes,
  rowIndex,
  rowOfElement,
  rowsOf,
  sameElement,
  seenAs,
} from "./shared/rows.js";
import { intermediateOf } from "./shared/widen.js";

/**
 * Reductions over axes; positions count row-major over the reduced axes in ascending order.
 *
 *   Sum, SumSquare, L1   lane sum (rule 10) of x, fl(x·x), |x|; integers wrap
 *   Mean                 fl(lane sum ÷ fl(n)) (rule 12); integers: the wrapped sum ÷ n, truncated
 *   L2                   √ of the lane sum of fl(x·x)
 *   LogSum               log of the lane sum
 *   LogSumExp            fl(log(lane sum of exp(fl(x − m))) + m), m the maximum, or +0 where that is
 *                        infinite or NaN
 *   Prod                 sequential: fl(acc · x) from 1
 *   Max, Min             rule 8; for bool: or, and
 *
 * Without elements: 0, product 1, Max and Min their identities, Mean NaN, of integers 0 (rules 11, 12, 3). Over no
 * axes (noop_with_empty_axes) every element is a row of its own: +0 + x for Sum.
 * Dtypes: floats f32/f16/bf16/f64 (LogSum and LogSumExp not f64: rule 1); Sum, SumSquare, L1, Mean
 * and Prod also i32/i64/u32/u64; Max and Min also i8/u8/bool. Y has the dtype of X.
 * Axes: attribute, or input 1 from version 13 (Sum) or 18. Source: ONNX Reduce*-18, -20.
 */
interface ReduceSpec {
  readonly name: string;
  readonly versions: readonly number[];
  readonly dtypes: readonly DType[];
  /** Adds the stages; the last one's result has the dims `dims`. */
  reduce(stages: StageList, x: Operand, rows: Rows, dims: readonly number[]): Operand;
}

type Unary = (b: BodyBuilder, value: Register) => Register;

const NUMBERS: readonly DType[] = [...FLOATS, ...WORDS];
const COMPARABLE: readonly DType[] = [...NUMBERS, "i8", "u8", "bool"];
const BEFORE_20 = [1, 11, 13, 18];
const WITH_BYTES = [1, 11, 12, 13, 18, 20];

const same: Unary = (_, value) => value;
const square: Unary = (b, value) => b.mul(value, value);
const root: Unary = (b, value) => b.op(value.type === "f64" ? "f64.sqrt" : "f32.sqrt", value);
const log: Unary = (b, value) => b.op("f32.log", value);
const magnitude: Unary = (b, value) => {
  if (value.type === "f32" || value.type === "f64") return b.op(`${value.type}.abs`, value);
  const zero = b.of(value.type, 0);
  return b.select(b.lt(value, zero), b.sub(zero, value), value);
};

export const reduceSum = sumOf("ReduceSum", [1, 11, 13], NUMBERS, same, same);
export const reduceSumSquare = sumOf("ReduceSumSquare", BEFORE_20, NUMBERS, square, same);
export const reduceL1 = sumOf("ReduceL1", BEFORE_20, NUMBERS, magnitude, same);
export const reduceL2 = sumOf("ReduceL2", BEFORE_20, FLOATS, square, root);
export const reduceLogSum = sumOf("ReduceLogSum", BEFORE_20, FUNCTION_FLOATS, same, log);

export const reduceMean = reduction({
  name: "ReduceMean",
  versions: BEFORE_20,
  dtypes: NUMBERS,
  reduce(stages, x, rows, dims) {
    const count = elementCount(rows.extents);
    const mean: Unary = (b, sum) => {
      const n = b.of(sum.type, count);
      if (x.dtype === "u64") return b.op("i64.div_u", sum, n);
      // A u32 sum lies in an i64 register and has not wrapped yet.
      return b.div(x.dtype === "u32" ? b.and(sum, b.i64(0xffffffff)) : sum, n);
    };
    return laneSum(stages, x, rows, dims, same, mean);
  },
});

export const reduceMax = extremum("ReduceMax", "max");
export const reduceMin = extremum("ReduceMin", "min");

export const reduceProd = reduction({
  name: "ReduceProd",
  versions: BEFORE_20,
  dtypes: NUMBERS,
  reduce(stages, x, rows, dims) {
    const fold = rows.extents.length > 0 ? rows.extents : [1];
    const at = fold.map((_, i) => [k(i)]);
    return stages.add("output", [x], dims, ([vx]) => ({
      dtype: x.dtype,
      out: rows.kept,
      fold,
      init: [literal(registerOf(x.dtype), 1)],
      step: (s) => [s.mul(s.state(0), s.read(vx as View, elementIndex(rows, at)))],
      finish: (f) => f.state(0),
    }));
  },
});

export const reduceLogSumExp = reduction({
  name: "ReduceLogSumExp",
  versions: BEFORE_20,
  dtypes: FUNCTION_FLOATS,
  reduce(stages, x, rows, dims) {
    const max = laneFold(stages, {
      name: "max",
      operands: [x],
      rows: rows.kept,
      extents: rows.extents,
      combine: "max",
      dtype: "f32",
      element: (b, [vx], at) => b.read(vx as View, elementIndex(rows, at)),
      finish: (b, m) =>
        b.select(b.lt(b.op("f32.abs", m), b.f32(Number.POSITIVE_INFINITY)), m, b.f32(0)),
    });
    const exp = stages.add("exp", [x, max], rows.view, ([vx, vm]) => ({
      dtype: "f32",
      out: rows.view,
      finish: (b) => {
        const value = b.read(vx as View, sameElement(vx as View));
        return b.op("f32.exp", b.sub(value, b.read(vm as View, rowOfElement(rows))));
      },
    }));
    return laneFold(stages, {
      name: "output",
      operands: [exp, max],
      rows: rows.kept,
      extents: rows.extents,
      combine: "sum",
      dtype: "f32",
      result: x.dtype,
      dims,
      element: (b, [ve], at) => b.read(ve as View, elementIndex(rows, at)),
      finish: (b, sum, [, vm]) => b.add(log(b, sum), b.read(vm as View, rowIndex(rows))),
    });
  },
});

function sumOf(
  name: string,
  versions: readonly number[],
  dtypes: readonly DType[],
  element: Unary,
  finish: Unary,
): OperatorDefinition {
  return reduction({
    name,
    versions,
    dtypes,
    reduce: (stages, x, rows, dims) => laneSum(stages, x, rows, dims, element, finish),
  });
}

function laneSum(
  stages: StageList,
  x: Operand,
  rows: Rows,
  dims: readonly number[],
  element: Unary,
  finish: Unary,
): Operand {
  return laneFold(stages, {
    name: "output",
    operands: [x],
    rows: rows.kept,
    extents: rows.extents,
    combine: "sum",
    dtype: intermediateOf(x.dtype),
    result: x.dtype,
    dims,
    element: (b, [vx], at) => element(b, b.read(vx as View, elementIndex(rows, at))),
    finish,
  });
}

function extremum(name: string, which: "max" | "min"): OperatorDefinition {
  return reduction({
    name,
    versions: WITH_BYTES,
    dtypes: COMPARABLE,
    reduce: (stages, x, rows, dims) =>
      laneFold(stages, {
        name: "output",
        operands: [x],
        rows: rows.kept,
        extents: rows.extents,
        combine: which,
        // The maximum of f16 is one of them, so nothing is rounded on the way.
        dtype: x.dtype,
        dims,
        element: (b, [vx], at) => b.read(vx as View, elementIndex(rows, at)),
      }),
  });
}

function reduction(spec: ReduceSpec): OperatorDefinition {
  const inputSince = spec.name === "ReduceSum" ? 13 : 18;
  return {
    domain: "",
    name: spec.name,
    versions: spec.versions,
    steering: [1],
    lower(context) {
      const x = inputOperand(context, 0);
      requireDType(context, x, spec.dtypes);
      if (context.outputCount > 1) throw invalid(context, "has one output");
      const axes = reductionAxes(context, x.dims.length, inputSince);
      const rows = rowsOf(x.dims, axes);
      const keep = intAttribute(context, "keepdims", 1) !== 0;
      const stages = new StageList();
      const y = spec.reduce(stages, seenAs(x, rows), rows, reducedDims(x.dims, axes, keep));
      return stages.lowering([y]);
    },
  };
}
