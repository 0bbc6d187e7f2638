import type { FunctionOp } from "../../program/micro-ops.js";
import type { ScalarFunction } from "../../program/types.js";
import { acos } from "./acos.js";
import { asin } from "./asin.js";
import { atan } from "./atan.js";
import { atan2 } from "./atan2.js";
import { cos } from "./cos.js";
import { erf } from "./erf.js";
import { exp } from "./exp.js";
import { fmod } from "./fmod.js";
import { log } from "./log.js";
import { log1p } from "./log1p.js";
import { pow } from "./pow.js";
import { rsqrt } from "./rsqrt.js";
import { sin } from "./sin.js";
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
  "f32.sin": sin,
  "f32.cos": cos,
  "f32.tan": tan,
  "f32.asin": asin,
  "f32.acos": acos,
  "f32.atan": atan,
  "f32.pow": pow,
  "f32.atan2": atan2,
  "f32.fmod": fmod,
};
