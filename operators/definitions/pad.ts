import { elementCount } from "../dtype.js";
import {
  type BodyBuilder,
  type Index,
  o,
  type Register,
  times,
  type View,
} from "../program/builder.js";
import type { Lowering, LoweringContext, OperatorDefinition } from "./definition.js";
import {
  floatAttribute,
  inputOperand,
  intsAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  requireDType,
  single,
  steeringInts,
  stringAttribute,
} from "./shared/context.js";
import { ANY_DTYPE, FLOATS } from "./shared/elementwise.js";
import { type CopyAxis, mergeCopy, mergeWhole } from "./shared/merge-axes.js";

/**
 * Pad: the input with cells added before and after each axis; negative pads remove cells.
 *
 * Modes: "constant" (a value, 0 unless given), "edge" (the nearest cell), "reflect" (mirrored
 * without repeating the edge, again and again where the pad is longer), "wrap" (periodic, from 19).
 * `pads` and the value are attributes in version 2 and inputs from 11, which from 18 also take
 * `axes`. Reading an axis of extent 0 gives 0 in every mode.
 * Dtypes: any (floats before 11); the value has the input's dtype and one element.
 * Errors: `operator/invalid` for a wrong number of pads, another mode, or a negative result.
 * Source: ONNX Pad, versions 2, 11, 13, 18, 19, 21, 23, 24, 25.
 */
export const pad: OperatorDefinition = {
  domain: "",
  name: "Pad",
  versions: [2, 11, 13, 18, 19, 21, 23, 24, 25],
  steering: [1, 3],
  lower(context) {
    const operand = inputOperand(context, 0);
    requireDType(context, operand, context.version < 11 ? FLOATS : ANY_DTYPE);
    const axes = paddedAxes(context, operand.dims);
    const mode = stringAttribute(context, "mode", "constant");
    if (mode === "constant") return lowerConstant(context, operand, axes);
    const source = SOURCES[mode];
    if (!source) throw invalid(context, `mode "${mode}" is not constant, edge, reflect or wrap`);
    return lowerMapped(context, operand, axes, source);
  },
};

function paddedAxes(context: LoweringContext, dims: readonly number[]): CopyAxis[] {
  const pads = context.version < 11 ? intsAttribute(context, "pads") : steeringInts(context, 1);
  if (!pads) throw invalid(context, "pads are required");
  const given = context.version < 18 ? undefined : steeringInts(context, 3);
  const axes = (given ?? dims.map((_, i) => i)).map((a) => normalizeAxis(context, a, dims.length));
  if (pads.length !== 2 * axes.length || new Set(axes).size !== axes.length) {
    throw invalid(context, `${pads.length} pads do not fit axes [${axes}]`);
  }
  const result = dims.map((extent) => ({ extent, count: extent, start: 0, step: 1 }));
  axes.forEach((axis, i) => {
    const before = pads[i] as number;
    const extent = dims[axis] as number;
    const count = before + extent + (pads[axes.length + i] as number);
    if (count < 0) throw invalid(context, `axis ${axis} would have ${count} cells`);
    result[axis] = { extent, count, start: -before, step: 1 };
  });
  return result;
}

function lowerConstant(
  context: LoweringContext,
  operand: Operand,
  axes: readonly CopyAxis[],
): Lowering {
  const merged = mergeCopy(axes);
  const fill = context.version >= 11 && context.inputs[2] ? [fillOperand(context, operand)] : [];
  const attribute = context.version < 11 ? floatAttribute(context, "value", 0) : 0;
  return single(
    context,
    [operand, ...fill],
    axes.map((a) => a.count),
    ([view, value]) => ({
      dtype: operand.dtype,
      out: merged.map((a) => a.count),
      finish(b) {
        const index = merged.map((a, i): Index => [o(i), a.start]);
        const source = { ...(view as View), dims: merged.map((a) => a.extent) };
        if (value) return b.select(isInside(b, merged), b.read(source, index), b.read(value, []));
        return b.read(source, index, attribute);
      },
    }),
  );
}

function fillOperand(context: LoweringContext, operand: Operand): Operand {
  const fill = inputOperand(context, 2);
  if (fill.dtype !== operand.dtype) {
    throw invalid(context, `mixes ${operand.dtype} and ${fill.dtype}`);
  }
  if (elementCount(fill.dims) !== 1) throw invalid(context, "the pad value is not a scalar");
  return { ...fill, dims: [] };
}

/** 1 where the coordinate lies in the input on every axis. Unsigned, so that negatives are large. */
function isInside(b: BodyBuilder, axes: readonly CopyAxis[]): Register {
  return axes.reduce((inside, a, i) => {
    if (a.start >= 0 && a.start + a.count <= a.extent) return inside;
    return b.and(inside, b.op("i64.lt_u", b.coordinate([o(i), a.start]), b.i64(a.extent)));
  }, b.i32(1));
}

type SourceIndex = (b: BodyBuilder, at: Register, extent: number) => Register;

/** Which cell of an axis each coordinate outside it repeats. rem by zero is 0 (rule 3). */
const SOURCES: Readonly<Record<string, SourceIndex>> = {
  edge: (b, at, extent) => b.min(b.max(at, b.i64(0)), b.i64(extent - 1)),
  wrap: (b, at, extent) => floorMod(b, at, extent),
  reflect(b, at, extent) {
    const period = Math.max(0, 2 * (extent - 1));
    const phase = floorMod(b, at, period);
    return b.select(b.lt(phase, b.i64(extent)), phase, b.sub(b.i64(period), phase));
  },
};

function floorMod(b: BodyBuilder, at: Register, modulus: number): Register {
  const m = b.i64(modulus);
  return b.op("i64.rem_s", b.add(b.op("i64.rem_s", at, m), m), m);
}

function lowerMapped(
  context: LoweringContext,
  operand: Operand,
  axes: readonly CopyAxis[],
  source: SourceIndex,
): Lowering {
  const merged = mergeWhole(axes);
  return single(
    context,
    [operand],
    axes.map((a) => a.count),
    ([view]) => ({
      dtype: operand.dtype,
      out: merged.map((a) => a.count),
      finish: (b) =>
        b.read(
          { ...(view as View), dims: merged.map((a) => a.extent) },
          merged.map((a, i): Index => {
            const inside = a.start >= 0 && a.start + a.count <= a.extent;
            if (inside) return [o(i), a.start];
            return times(source(b, b.coordinate([o(i), a.start]), a.extent));
          }),
        ),
    }),
  );
}
