import {
  AssayError,
  type Lowering,
  type LoweringContext,
  type OperatorDefinition,
} from "../../operators/index.js";

/**
 * A definition's lowering. Sizes that are beyond what a program can hold (2^48 elements, coefficients of
 * that order) are the model's, and are refused with the node's name: `operator/unsupported`.
 */
export function lowered(definition: OperatorDefinition, context: LoweringContext): Lowering {
  try {
    return definition.lower(context);
  } catch (cause) {
    if (!(cause instanceof AssayError) || cause.code !== "program/invalid") throw cause;
    const message = `${context.node}: there is no program of these sizes: ${cause.message}`;
    throw new AssayError("operator/unsupported", message, { cause });
  }
}
