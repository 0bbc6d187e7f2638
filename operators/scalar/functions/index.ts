import type { FunctionOp } from "../../program/micro-ops.js";
import type { ScalarFunction } from "../../program/types.js";

/** The functions by name. */
export const SCALAR_FUNCTIONS: Readonly<Partial<Record<FunctionOp, ScalarFunction>>> = {};
