import { AssayError } from "../../errors.js";
import type { Tensor } from "../../tensor.js";
import type { LoweringContext, OperatorDefinition, UniformTensor } from "../definition.js";

type Folded = Pick<OperatorDefinition, "name" | "versions" | "steering">;

/** A definition whose single output is known when shapes are bound, so that it never runs. */
export function folded(
  spec: Folded & { readonly value: (context: LoweringContext) => Tensor | UniformTensor },
): OperatorDefinition {
  const { value, ...rest } = spec;
  return foldedOutputs({ ...rest, values: (context) => [value(context)] });
}

/** The same with several outputs. */
export function foldedOutputs(
  spec: Folded & {
    readonly values: (context: LoweringContext) => readonly (Tensor | UniformTensor)[];
  },
): OperatorDefinition {
  const { values, ...rest } = spec;
  return {
    domain: "",
    ...rest,
    fold: values,
    lower(context) {
      throw new AssayError(
        "operator/invalid",
        `${context.node}: ${spec.name} is a constant of the bound graph and has no program`,
      );
    },
  };
}
