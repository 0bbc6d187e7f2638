import { elementCount } from "../dtype.js";
import { o, type View } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  requireDType,
  single,
  steeringInts,
} from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";

/**
 * Trilu: of each matrix the part on and above the k-th diagonal (`upper` = 1, the default) or on and
 * below it; the rest is 0. k counts from the main diagonal, upward positive.
 *
 * Dtypes: any; k a scalar i64 (0).
 * Errors: `operator/invalid` for a rank below 2 or a k of several elements.
 * Source: ONNX Trilu, version 14.
 */
export const trilu: OperatorDefinition = {
  domain: "",
  name: "Trilu",
  versions: [14],
  steering: [1],
  lower(context) {
    const operand = inputOperand(context, 0);
    requireDType(context, operand, ANY_DTYPE);
    const { dims } = operand;
    if (dims.length < 2) throw invalid(context, `rank ${dims.length} is not a matrix`);
    const given = steeringInts(context, 1) ?? [0];
    if (given.length !== 1) throw invalid(context, "k is not a scalar");
    const [rows, columns] = dims.slice(-2) as [number, number];
    // Beyond the corners every diagonal is alike; the clamp keeps affines in range.
    const k = Math.min(Math.max(given[0] as number, -rows), columns);
    const sign = intAttribute(context, "upper", 1) === 0 ? -1 : 1;
    const out = [elementCount(dims.slice(0, -2)), rows, columns];
    return single(context, [operand], dims, ([view]) => ({
      dtype: operand.dtype,
      out,
      finish(b) {
        const x = b.read({ ...(view as View), dims: out }, [o(0), o(1), o(2)]);
        const distance = b.coordinate([o(2, sign), o(1, -sign), -sign * k]);
        return b.select(b.lt(distance, b.i64(0)), b.of(x.type, 0), x);
      },
    }));
  },
};
