import { f32Tensor, i64Tensor, type Tensor } from "../tensor.js";
import type { AttributeValue, LoweringContext } from "./definition.js";
import { invalid, unsupported } from "./shared/context.js";
import { folded } from "./shared/folded.js";

/**
 * Constant: the tensor that its one attribute holds: `value` (a tensor), `value_float`,
 * `value_floats` (f32), `value_int`, `value_ints` (i64); the singular forms are scalars.
 *
 * A constant of the bound graph.
 * Errors: `operator/invalid` unless there is exactly one such attribute; `operator/unsupported`
 * for strings and sparse tensors.
 * Source: ONNX Constant, versions 1, 9, 11, 12, 13, 19, 21, 23, 24, 25.
 */
export const constant = folded({
  name: "Constant",
  versions: [1, 9, 11, 12, 13, 19, 21, 23, 24, 25],
  value(context) {
    const given = FORMS.flatMap((name) => {
      const value = context.attributes.get(name);
      return value ? [{ name, value }] : [];
    });
    const [only] = given;
    if (!only || given.length > 1) throw invalid(context, `needs one of ${FORMS.join(", ")}`);
    return tensorFrom(context, only.name, only.value);
  },
});

const FORMS = [
  "value",
  "value_float",
  "value_floats",
  "value_int",
  "value_ints",
  "value_string",
  "value_strings",
  "sparse_value",
] as const;

function tensorFrom(
  context: LoweringContext,
  name: (typeof FORMS)[number],
  a: AttributeValue,
): Tensor {
  if (name === "value" && a.kind === "tensor") return a.value;
  if (name === "value_float" && a.kind === "float") return f32Tensor([], [a.value]);
  if (name === "value_floats" && a.kind === "floats") return f32Tensor([a.value.length], a.value);
  if (name === "value_int" && a.kind === "int") return i64Tensor([], [a.value]);
  if (name === "value_ints" && a.kind === "ints") return i64Tensor([a.value.length], a.value);
  throw unsupported(context, `a constant given as ${name} (${a.kind})`);
}
