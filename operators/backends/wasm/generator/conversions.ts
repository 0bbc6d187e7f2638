import type { FunctionBody, Local } from "../function-body.js";
import type { Plain } from "../opcodes.js";
import { EVEN_WORDS, HIGH_TO_LOW, LOW_HALVES, pushCanonical } from "./lanes.js";
import { type Operand, pushHalf } from "./operand.js";

/** Conversions between register types that have vector instructions; the others go lane by lane. */

export type Conversion = (f: FunctionBody, a: Operand, into: readonly Local[]) => void;

/** Widens the low two lanes of one vector, then the high two. */
function widening(op: Plain): Conversion {
  return (f, a, into) => {
    pushHalf(f, a, 0);
    f.op(op).set(into[0] as Local);
    pushHalf(f, a, 0);
    pushHalf(f, a, 0);
    f.shuffle(HIGH_TO_LOW)
      .op(op)
      .set(into[1] as Local);
  };
}

/** Two vectors of which each yields two lanes. */
function narrowing(op: Plain): Conversion {
  return (f, a, into) => {
    pushHalf(f, a, 0);
    f.op(op);
    pushHalf(f, a, 1);
    f.op(op)
      .shuffle(LOW_HALVES)
      .set(into[0] as Local);
  };
}

function extending(low: Plain, high: Plain): Conversion {
  return (f, a, into) => {
    pushHalf(f, a, 0);
    f.op(low).set(into[0] as Local);
    pushHalf(f, a, 0);
    f.op(high).set(into[1] as Local);
  };
}

const sameBits: Conversion = (f, a, into) => {
  for (const [h, local] of into.entries()) {
    pushHalf(f, a, h);
    f.set(local);
  }
};

/** A NaN's payload must not be seen. */
const canonicalBits: Conversion = (f, a, into) => {
  for (const [h, local] of into.entries()) {
    pushCanonical(f, a.type as "f32" | "f64", () => a.push(h));
    f.set(local);
  }
};

export const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  "f64.promote_f32": widening("f64x2.promote_low_f32x4"),
  "f64.convert_i32_s": widening("f64x2.convert_low_i32x4_s"),
  "f32.demote_f64": narrowing("f32x4.demote_f64x2_zero"),
  "i32.trunc_sat_f64_s": narrowing("i32x4.trunc_sat_f64x2_s_zero"),
  "i64.extend_i32_s": extending("i64x2.extend_low_i32x4_s", "i64x2.extend_high_i32x4_s"),
  "i64.extend_i32_u": extending("i64x2.extend_low_i32x4_u", "i64x2.extend_high_i32x4_u"),
  "i32.wrap_i64": (f, a, into) => {
    pushHalf(f, a, 0);
    pushHalf(f, a, 1);
    f.shuffle(EVEN_WORDS).set(into[0] as Local);
  },
  "f32.reinterpret_i32": sameBits,
  "f64.reinterpret_i64": sameBits,
  "i32.reinterpret_f32": canonicalBits,
  "i64.reinterpret_f64": canonicalBits,
};
