import { elementCount } from "../dtype.js";
import { i64Tensor } from "../tensor.js";
import { input, intAttribute } from "./shared/context.js";
import { folded } from "./shared/folded.js";

/**
 * Shape: the input's dims as i64, from `start` (0) to `end` (rank), which count from the end where
 * negative and are clamped to 0 … rank. Size: the number of elements as a scalar i64.
 *
 * Both are constants of the bound graph.
 * Source: ONNX Shape, versions 1, 13, 15, 19, 21, 23, 24, 25; Size, versions 1, 13, 19, 21, 23, 24, 25.
 */
export const shape = folded({
  name: "Shape",
  versions: [1, 13, 15, 19, 21, 23, 24, 25],
  value(context) {
    const { dims } = input(context, 0);
    const clamp = (x: number): number =>
      Math.min(Math.max(x < 0 ? x + dims.length : x, 0), dims.length);
    const start = clamp(intAttribute(context, "start", 0));
    const end = clamp(intAttribute(context, "end", dims.length));
    const part = dims.slice(start, end);
    return i64Tensor([part.length], part);
  },
});

export const size = folded({
  name: "Size",
  versions: [1, 13, 19, 21, 23, 24, 25],
  value: (context) => i64Tensor([], [elementCount(input(context, 0).dims)]),
});
