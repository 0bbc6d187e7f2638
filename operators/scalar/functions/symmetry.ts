import { FunctionBuilder, type Register } from "../../program/builder.js";
import { f32FromBits } from "../../program/literal.js";
import type { FunctionOp } from "../../program/micro-ops.js";
import type { ScalarFunction } from "../../program/types.js";

/**
 * Functions computed for |x| only, with patches: inputs whose result the f64 computation rounds to
 * the wrong side. A patch costs two f32 operations, a quarter of what a wider arithmetic would cost
 * that gets all of them right by itself.
 */

/** Bits of an f32 input and of its correctly rounded result. */
export type Patch = readonly [input: number, result: number];

/** f(|x|): computed in f64, rounded to f32, patched. */
export function evenFunction(
  name: FunctionOp,
  patches: readonly Patch[],
  value: (b: FunctionBuilder, magnitude: Register) => Register,
): ScalarFunction {
  const b = new FunctionBuilder(["f32"]);
  return b.finish(name, ofMagnitude(b, b.op("f32.abs", b.parameter(0)), patches, value));
}

/** f(|x|) with the sign of x, or against it; so f(−0) = −f(+0). */
export function oddFunction(
  name: FunctionOp,
  patches: readonly Patch[],
  value: (b: FunctionBuilder, magnitude: Register) => Register,
): ScalarFunction {
  const b = new FunctionBuilder(["f32"]);
  const x = b.parameter(0);
  const unsigned = ofMagnitude(b, b.op("f32.abs", x), patches, value);
  const isNegative = b.lt(b.op("i32.reinterpret_f32", x), b.i32(0));
  return b.finish(name, b.select(isNegative, b.op("f32.neg", unsigned), unsigned));
}

function ofMagnitude(
  b: FunctionBuilder,
  magnitude: Register,
  patches: readonly Patch[],
  value: (b: FunctionBuilder, magnitude: Register) => Register,
): Register {
  const result = b.op("f32.demote_f64", value(b, b.op("f64.promote_f32", magnitude)));
  return patched(b, magnitude, result, patches);
}

/** `result`, but what `patches` say where x is one of their inputs. */
export function patched(
  b: FunctionBuilder,
  x: Register,
  result: Register,
  patches: readonly Patch[],
): Register {
  return patches.reduce((value, [input, wanted]) => {
    const isInput = b.eq(x, b.f32(f32FromBits(input)));
    return b.select(isInput, b.f32(f32FromBits(wanted)), value);
  }, result);
}
