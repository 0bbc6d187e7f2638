import { o } from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import { intAttribute, intsAttribute, invalid, stringAttribute, unsupported } from "./context.js";
import { type Coordinate, scaled } from "./lanes.js";

/** The sliding window of convolution and pooling: one entry per spatial axis in every list. */
export interface Window {
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before and after. */
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly output: readonly number[];
}

/**
 * Reads strides, dilations, pads, auto_pad and ceil_mode. `input` and `kernel` are spatial dims, 1 to
 * 3 of them. With ceil_mode, a last window that would start in the padding after the input is left
 * out. Beside an auto_pad that pads by itself, `pads` must be what that gives, or zeros.
 */
export function windowOf(
  context: LoweringContext,
  input: readonly number[],
  kernel: readonly number[],
): Window {
  const rank = input.length;
  if (rank < 1 || rank > 3) throw unsupported(context, `${rank} spatial dims (1 to 3 are)`);
  const list = (name: string, length: number, fallback: number, least: number): number[] => {
    const values = intsAttribute(context, name) ?? new Array<number>(length).fill(fallback);
    if (values.length !== length) throw invalid(context, `${name} has ${values.length} entries`);
    if (values.some((v) => v < least)) throw invalid(context, `${name} [${values}] below ${least}`);
    return values;
  };
  if (kernel.length !== rank || kernel.some((d) => d < 1)) {
    throw invalid(context, `kernel [${kernel}] over spatial dims [${input}]`);
  }
  const strides = list("strides", rank, 1, 1);
  const dilations = list("dilations", rank, 1, 1);
  const pads = list("pads", 2 * rank, 0, 0);
  const ceil = intAttribute(context, "ceil_mode", 0) !== 0;
  const auto = stringAttribute(context, "auto_pad", "NOTSET");
  const axes = input.map((extent, i) =>
    slide(context, auto, ceil, {
      extent,
      reach: ((kernel[i] as number) - 1) * (dilations[i] as number) + 1,
      stride: strides[i] as number,
      begin: pads[i] as number,
      end: pads[rank + i] as number,
    }),
  );
  const begin = axes.map((a) => a.begin);
  const end = axes.map((a) => a.end);
  if (pads.some((p) => p !== 0) && pads.join() !== [...begin, ...end].join()) {
    throw invalid(context, `auto_pad ${auto} pads [${begin},${end}], and pads is [${pads}]`);
  }
  return {
    input,
    kernel,
    strides,
    dilations,
    begin,
    end,
    output: axes.map((a) => a.output),
  };
}

interface Slide {
  readonly extent: number;
  /** Cells from the first to the last that one window spans. */
  readonly reach: number;
  readonly stride: number;
  readonly begin: number;
  readonly end: number;
}

/** Padding and output extent along one axis. */
function slide(context: LoweringContext, auto: string, ceil: boolean, s: Slide) {
  const { extent, reach, stride } = s;
  switch (auto) {
    case "NOTSET": {
      const room = extent + s.begin + s.end - reach;
      if (room < 0) throw invalid(context, `a window of ${reach} exceeds the padded input`);
      let output = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
      if (ceil && (output - 1) * stride >= extent + s.begin) output--;
      return { begin: s.begin, end: s.end, output };
    }
    case "VALID": {
      if (extent < reach) throw invalid(context, `a window of ${reach} exceeds the input`);
      return { begin: 0, end: 0, output: Math.floor((extent - reach) / stride) + 1 };
    }
    case "SAME_UPPER":
    case "SAME_LOWER": {
      const output = Math.ceil(extent / stride);
      const padding = Math.max(0, (output - 1) * stride + reach - extent);
      const less = Math.floor(padding / 2);
      return auto === "SAME_UPPER"
        ? { begin: less, end: padding - less, output }
        : { begin: padding - less, end: less, output };
    }
    default:
      throw invalid(context, `auto_pad "${auto}"`);
  }
}

/** Position on the input of window cell `at` along a spatial axis whose output is o(`out`). */
export function cell(window: Window, axis: number, out: number, at: Coordinate): Coordinate {
  const stride = window.strides[axis] as number;
  const dilation = window.dilations[axis] as number;
  return [o(out, stride), ...scaled(at, dilation), -(window.begin[axis] as number)];
}

/** Conditions under which window cells lie on the input; only those that can fail. */
export function onInput(window: Window, cells: readonly Coordinate[]): Coordinate[] {
  return cells.flatMap((at, axis) => {
    const { before, after } = leaves(window, axis);
    const toLast: Coordinate = [(window.input[axis] as number) - 1, ...scaled(at, -1)];
    return [...(before ? [at] : []), ...(after ? [toLast] : [])];
  });
}

/** Whether some window reaches before or beyond the input along an axis. */
export function leaves(window: Window, axis: number): { before: boolean; after: boolean } {
  const at = (list: readonly number[]): number => list[axis] as number;
  const last =
    (at(window.output) - 1) * at(window.strides) +
    (at(window.kernel) - 1) * at(window.dilations) -
    at(window.begin);
  return { before: at(window.begin) > 0, after: last >= at(window.input) };
}
