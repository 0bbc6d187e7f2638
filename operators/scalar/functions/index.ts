import type { FunctionOp } from "../../program/micro-ops.js";
import type { ScalarFunction } from "../../program/types.js";
import { acos } from "./acos.js";
import { acosh } from "./acosh.js";
import { asin } from "./asin.js";
import { asinh } from "./asinh.js";
import { atan } from "./atan.js";
import { atan2 } from "./atan2.js";
import { atanh } from "./atanh.js";
import { cbrt } from "./cbrt.js";
import { cos } from "./cos.js";
import { cosh } from "./cosh.js";
import { erf } from "./erf.js";
import { erfc } from "./erfc.js";
import { exp } from "./exp.js";
import { exp2 } from "./exp2.js";
import { exp10 } from "./exp10.js";
import { expm1 } from "./expm1.js";
import { fmod } from "./fmod.js";
import { log } from "./log.js";
import { log1p } from "./log1p.js";
import { log2 } from "./log2.js";
import { log10 } from "./log10.js";
import { pow } from "./pow.js";
import { rsqrt } from "./rsqrt.js";
import { sin } from "./sin.js";
import { sinh } from "./sinh.js";
import { tan } from "./tan.js";
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
  "f32.sin": sin,
  "f32.cos": cos,
  "f32.tan": tan,
  "f32.asin": asin,
  "f32.acos": acos,
  "f32.atan": atan,
  "f32.sinh": sinh,
  "f32.cosh": cosh,
  "f32.asinh": asinh,
  "f32.acosh": acosh,
  "f32.atanh": atanh,
  "f32.erfc": erfc,
  "f32.cbrt": cbrt,
  "f32.pow": pow,
  "f32.atan2": atan2,
  "f32.fmod": fmod,
};
