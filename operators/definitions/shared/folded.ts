import { AssayError } from "../../errors.js";
import type { Tensor } from "../../tensor.js";
import type { LoweringContext, OperatorDefinition, UniformTensor } from "../definition.js";

/** A definition whose single output is known when shapes are bound, so that it never runs. */
export function folded(
  spec: Pick<OperatorDefinition, "name" | "versions" | "steering"> & {
    readonly value: (context: LoweringContext) => Tensor | UniformTensor;
  },
): OperatorDefinition {
  const { value, ...rest } = spec;
  return {
    domain: "",
    ...rest,
    fold: (context) => [value(context)],
    lower(context) {
      throw new AssayError(
        "operator/invalid",
        `${context.node}: ${spec.name} is a constant of the bound graph and has no program`,
      );
    },
  };
}
