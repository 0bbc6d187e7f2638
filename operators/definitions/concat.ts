import { elementCount } from "../dtype.js";
import { o } from "../program/builder.js";
import { LIMITS } from "../program/types.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  input,
  inputOperand,
  intAttribute,
  invalid,
  normalizeAxis,
  type Operand,
  requireDType,
  StageList,
} from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";

/**
 * Concat: the inputs one after another along `axis`; their other dims are equal.
 *
 * Dtypes: any, inputs alike. More inputs than a program has sources are joined in groups first.
 * Errors: `operator/invalid` where dtypes, ranks or other dims differ, or axis is missing.
 * Source: ONNX Concat, versions 4, 11, 13.
 */
export const concat: OperatorDefinition = {
  domain: "",
  name: "Concat",
  versions: [4, 11, 13],
  lower(context) {
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const first = input(context, 0);
    const attribute = intAttribute(context, "axis");
    if (attribute === undefined) throw invalid(context, "attribute axis is missing");
    const axis = normalizeAxis(context, attribute, first.dims.length);
    let operands = context.inputs.map((_, i) => checkedOperand(context, i, axis));
    const stages = new StageList();
    while (operands.length > LIMITS.sources) {
      const groups: Operand[] = [];
      for (let i = 0; i < operands.length; i += LIMITS.sources) {
        const group = operands.slice(i, i + LIMITS.sources);
        groups.push(join(stages, `part ${groups.length}`, group, axis));
      }
      operands = groups;
    }
    return stages.lowering([join(stages, "output", operands, axis)]);
  },
};

function checkedOperand(context: LoweringContext, index: number, axis: number): Operand {
  const first = input(context, 0);
  const t = inputOperand(context, index);
  requireDType(context, t, ANY_DTYPE);
  if (t.dtype !== first.dtype) throw invalid(context, `mixes ${first.dtype} and ${t.dtype}`);
  const fits =
    t.dims.length === first.dims.length &&
    t.dims.every((d, i) => i === axis || d === first.dims[i]);
  if (!fits) throw invalid(context, `[${t.dims}] does not join [${first.dims}] on axis ${axis}`);
  return t;
}

/** Reads every operand at its own offset; the last one that has begun wins. */
function join(
  stages: StageList,
  name: string,
  operands: readonly Operand[],
  axis: number,
): Operand {
  const [first] = operands as [Operand];
  const outer = elementCount(first.dims.slice(0, axis));
  const lengths = operands.map((t) => elementCount(t.dims.slice(axis)));
  const total = lengths.reduce((a, b) => a + b, 0);
  const along = operands.reduce((sum, t) => sum + (t.dims[axis] as number), 0);
  const dims = first.dims.map((d, i) => (i === axis ? along : d));
  return stages.add(name, operands, dims, (views) => ({
    dtype: first.dtype,
    out: [outer, total],
    finish(b) {
      let offset = 0;
      return views
        .map((view, i) => {
          const length = lengths[i] as number;
          const at = offset;
          offset += length;
          const value = b.read({ ...view, dims: [outer, length] }, [o(0), [o(1), -at]]);
          return { value, at };
        })
        .reduce((before, next) => ({
          value: b.select(b.lt(b.coordinate(o(1)), b.i64(next.at)), before.value, next.value),
          at: next.at,
        })).value;
    },
  }));
}
