import type { FunctionOp } from "../../program/micro-ops.js";
import type { ScalarFunction } from "../../program/types.js";
import { acosh } from "./acosh.js";
import { asinh } from "./asinh.js";
import { atanh } from "./atanh.js";
import { cbrt } from "./cbrt.js";
import { cosh } from "./cosh.js";
import { erf } from "./erf.js";
import { erfc } from "./erfc.js";
import { exp } from "./exp.js";
import { exp2 } from "./exp2.js";
import { exp10 } from "./exp10.js";
import { expm1 } from "./expm1.js";
import { log } from "./log.js";
import { log1p } from "./log1p.js";
import { log2 } from "./log2.js";
import { log10 } from "./log10.js";
import { pow } from "./pow.js";
import { rsqrt } from "./rsqrt.js";
import { sinh } from "./sinh.js";
import { tanh } from "./tanh.js";

/** The functions by name, in the order of their codes. */
export const SCALAR_FUNCTIONS: Readonly<Record<FunctionOp, ScalarFunction>> = {
  "f32.exp": exp,
  "f32.log": log,
  "f32.log1p": log1p,
  "f32.tanh": tanh,
  "f32.erf": erf,
  "f32.rsqrt": rsqrt,
  "f32.exp2": exp2,
  "f32.exp10": exp10,
  "f32.expm1": expm1,
  "f32.log2": log2,
  "f32.log10": log10,
  "f32.sinh": sinh,
  "f32.cosh": cosh,
  "f32.asinh": asinh,
  "f32.acosh": acosh,
  "f32.atanh": atanh,
  "f32.erfc": erfc,
  "f32.cbrt": cbrt,
  "f32.pow": pow,
};
