import type { MicroOp } from "../program/micro-ops.js";
import { invalid, stringAttribute } from "./shared/context.js";
import { binary, INTEGERS, UNSIGNED, unary } from "./shared/elementwise.js";

/**
 * BitwiseAnd, BitwiseNot, BitwiseOr, BitwiseXor; BitShift by `direction` LEFT or RIGHT. A shift by
 * the width or more gives 0 (rule 3).
 *
 * Dtypes: all integers, operands alike; BitShift unsigned ones.
 * Errors: `operator/invalid` where dtypes differ, shapes do not broadcast, or for another direction.
 * Source: ONNX BitShift, version 11; Bitwise*, version 18.
 */
const family = { versions: [18], dtypes: INTEGERS } as const;

export const bitShift = binary({
  name: "BitShift",
  versions: [11],
  dtypes: UNSIGNED,
  element(b, x, y, _, context) {
    const direction = stringAttribute(context, "direction", "");
    if (direction !== "LEFT" && direction !== "RIGHT") {
      throw invalid(context, `direction is LEFT or RIGHT, not "${direction}"`);
    }
    return b.op(`${x.type}.${direction === "LEFT" ? "shl" : "shr_u"}` as MicroOp, x, y);
  },
});

export const bitwiseAnd = binary({
  ...family,
  name: "BitwiseAnd",
  element: (b, x, y) => b.and(x, y),
});

export const bitwiseNot = unary({
  ...family,
  name: "BitwiseNot",
  element: (b, x) => b.op(`${x.type}.xor` as MicroOp, x, b.of(x.type, -1)),
});

export const bitwiseOr = binary({
  ...family,
  name: "BitwiseOr",
  element: (b, x, y) => b.or(x, y),
});

export const bitwiseXor = binary({
  ...family,
  name: "BitwiseXor",
  element: (b, x, y) => b.op(`${x.type}.xor` as MicroOp, x, y),
});
