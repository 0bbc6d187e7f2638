import { dtypeFromCode } from "../dtype.js";
import { o } from "../program/builder.js";
import type { OperatorDefinition } from "./definition.js";
import {
  input,
  intAttribute,
  invalid,
  registerOf,
  requireDType,
  single,
} from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";

/**
 * EyeLike: a matrix with the dims of X, 1 on the k-th diagonal and 0 elsewhere; k counts from the main
 * diagonal, upward positive. Only the type of X matters.
 *
 * Dtypes: X any; Y as `dtype` says, or as X.
 * Errors: `operator/invalid` where X is no matrix.
 * Source: ONNX EyeLike, versions 9, 22.
 */
export const eyeLike: OperatorDefinition = {
  domain: "",
  name: "EyeLike",
  versions: [9, 22],
  lower(context) {
    const { dims, dtype: own } = input(context, 0);
    const code = intAttribute(context, "dtype");
    const dtype = code === undefined ? own : dtypeFromCode(code);
    if (!dtype) throw invalid(context, `dtype ${code}`);
    requireDType(context, { dtype, dims }, ANY_DTYPE);
    const [rows, columns] = dims;
    if (dims.length !== 2 || rows === undefined || columns === undefined) {
      throw invalid(context, `[${dims}] is not a matrix`);
    }
    // Beyond the corners every diagonal is alike; the clamp keeps affines in range.
    const k = Math.min(Math.max(intAttribute(context, "k", 0), -rows), columns);
    const type = registerOf(dtype);
    return single(context, [], dims, () => ({
      dtype,
      out: dims,
      finish: (b) => {
        const isOn = b.eq(b.coordinate([o(1), o(0, -1)]), b.i64(k));
        return b.select(isOn, b.of(type, 1), b.of(type, 0));
      },
    }));
  },
};
