import { elementCount } from "../../dtype.js";
import { type Index, k, o } from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import { intAttribute, intsAttribute, invalid, type Operand } from "./context.js";
import type { Contraction } from "./contraction.js";
import type { Read, Reads } from "./reads.js";
import { cell, onInput, windowOf } from "./window.js";

export interface Convolution extends Contraction {
  /** The read of a tensor with one element per output channel: a bias. */
  perMap(reads: Reads, operand: Operand): Read;
}

/**
 * The convolution of X [n, c, d1…d3] and W [m, c/group, k1…k3] with the attributes group,
 * kernel_shape, strides, dilations, pads and auto_pad: out [n, group, m/group, s…], fold [c/group, k…].
 * Scales and zero points: one element, or of W one per output channel.
 */
export function convolution(
  context: LoweringContext,
  x: readonly number[],
  w: readonly number[],
): Convolution {
  const { batch, groups, inner, outer, kernel } = channelsOf(context, x, w);
  const spatial = x.slice(2);
  const window = windowOf(context, spatial, kernel);
  const cells = spatial.map((_, i) => cell(window, i, 3 + i, [k(1 + i)]));
  const perMap = (reads: Reads, operand: Operand): Read => {
    if (elementCount(operand.dims) !== groups * outer) {
      throw invalid(context, `[${operand.dims}] for ${groups * outer} output channels`);
    }
    const index: Index[] = [o(1), o(2)];
    return reads.add(operand, [groups, outer], () => index);
  };
  return {
    out: [batch, groups, outer, ...window.output],
    fold: [inner, ...kernel],
    dims: [batch, groups * outer, ...window.output],
    left: { dims: [batch, groups, inner, ...spatial], index: [o(0), o(1), k(0), ...cells] },
    right: {
      dims: [groups, outer, inner, ...kernel],
      index: [o(1), o(2), k(0), ...kernel.map((_, i) => k(1 + i))],
    },
    padded: onInput(window, cells).length > 0,
    perMap,
    parameter(reads, operand, side) {
      if (elementCount(operand.dims) === 1) return reads.add(operand, [], () => []);
      if (side === "right" && operand.dims.length === 1) return perMap(reads, operand);
      throw invalid(context, `a scale or zero point [${operand.dims}]`);
    },
  };
}

function channelsOf(context: LoweringContext, x: readonly number[], w: readonly number[]) {
  if (x.length < 3 || w.length !== x.length) {
    throw invalid(context, `X [${x}] and W [${w}] are not [N,C,D…] and [M,C/group,k…]`);
  }
  const groups = intAttribute(context, "group", 1);
  const [batch, channels] = x as [number, number];
  const [maps, inner] = w as [number, number];
  if (groups < 1 || inner * groups !== channels || maps % groups !== 0) {
    throw invalid(context, `X [${x}] and W [${w}] do not fit ${groups} groups`);
  }
  const kernel = w.slice(2);
  const stated = intsAttribute(context, "kernel_shape");
  if (stated && stated.join() !== kernel.join()) {
    throw invalid(context, `kernel_shape [${stated}] differs from W [${w}]`);
  }
  return { batch, groups, inner, outer: maps / groups, kernel };
}
