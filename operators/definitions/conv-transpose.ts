import { elementCount } from "../dtype.js";
import { k, o, type View } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  intsAttribute,
  invalid,
  type Operand,
  registerOf,
  requireDType,
  StageList,
  stringAttribute,
  unsupported,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";

/**
 * ConvTranspose: the convolution of X spread by its strides, S·s = X between cells of +0:
 * Y[n,g,m,p…] = acc + bias[g,m], acc the fold over (channel, kernel…), ascending, of multiply-add of
 * S[n,g,c,p + pad − k·dilation] and W[g,c,m,k…] (rule 9). A cell between those of X or outside is read
 * as +0 and still multiplied and added; the bias is added after the fold.
 *
 * Y's extent is stride·(D−1) + output_padding + (kernel−1)·dilation + 1 − pads, or what output_shape
 * (its last entries) says, or D·stride for auto_pad SAME; then the padding is what is too much, at
 * least 0, its smaller half before for SAME_UPPER and after otherwise, in all versions.
 * X [N,C,D1…D3], W [C,M/group,k1…k3], bias [M] optional; f32/f16/bf16/f64 of one dtype.
 * Source: ONNX ConvTranspose, versions 1, 11, 22.
 */
export const convTranspose: OperatorDefinition = {
  domain: "",
  name: "ConvTranspose",
  versions: [1, 11, 22],
  lower(context) {
    if (context.outputCount > 1) throw invalid(context, "has one output");
    const x = inputOperand(context, 0);
    const w = inputOperand(context, 1);
    const bias = context.inputs[2] ? inputOperand(context, 2) : undefined;
    requireDType(context, x, FLOATS);
    for (const t of [w, ...(bias ? [bias] : [])]) {
      if (t.dtype !== x.dtype) throw invalid(context, `mixes ${x.dtype} and ${t.dtype}`);
    }
    const { batch, groups, inner, outer, kernel } = channelsOf(context, x.dims, w.dims);
    if (bias && elementCount(bias.dims) !== groups * outer) {
      throw invalid(context, `bias [${bias.dims}] for ${groups * outer} output channels`);
    }
    const canvas = canvasOf(context, x.dims.slice(2), kernel);
    const stages = new StageList();
    const spread = spreadBy(stages, x, canvas);
    const extents = spread.dims.slice(2);
    const dims = [batch, groups * outer, ...canvas.map((a) => a.output)];
    const operands = bias ? [spread, w, bias] : [spread, w];
    const y = stages.add("output", operands, dims, ([vx, vw, vb]) => ({
      dtype: x.dtype,
      out: [batch, groups, outer, ...canvas.map((a) => a.output)],
      fold: [inner, ...kernel],
      ...multiplyAdd(registerOf(x.dtype), (s) => [
        s.read({ ...(vx as View), dims: [batch, groups, inner, ...extents] }, [
          o(0),
          o(1),
          k(0),
          ...canvas.map((a, i) => [o(3 + i), a.begin, k(1 + i, -a.dilation)]),
        ]),
        s.read({ ...(vw as View), dims: [groups, inner, outer, ...kernel] }, [
          o(1),
          k(0),
          o(2),
          ...kernel.map((_, i) => k(1 + i)),
        ]),
      ]),
      finish: (f) =>
        vb ? f.add(f.state(0), f.read({ ...vb, dims: [groups, outer] }, [o(1), o(2)])) : f.state(0),
    }));
    return stages.lowering([y]);
  },
};

function channelsOf(context: LoweringContext, x: readonly number[], w: readonly number[]) {
  if (x.length < 3 || w.length !== x.length) {
    throw invalid(context, `X [${x}] and W [${w}] are not [N,C,D…] and [C,M/group,k…]`);
  }
  const groups = intAttribute(context, "group", 1);
  const [batch, channels] = x as [number, number];
  const [maps, outer] = w as [number, number];
  if (groups < 1 || maps !== channels || channels % groups !== 0) {
    throw invalid(context, `X [${x}] and W [${w}] do not fit ${groups} groups`);
  }
  const kernel = w.slice(2);
  const stated = intsAttribute(context, "kernel_shape");
  if (stated && stated.join() !== kernel.join()) {
    throw invalid(context, `kernel_shape [${stated}] differs from W [${w}]`);
  }
  return { batch, groups, inner: channels / groups, outer, kernel };
}

/** One spatial axis: how X is spread over it, and which part of that the output sees. */
interface Axis {
  readonly extent: number;
  readonly stride: number;
  readonly dilation: number;
  /** Cells of the full result that are cut off before the output begins. */
  readonly begin: number;
  readonly output: number;
}

function canvasOf(
  context: LoweringContext,
  spatial: readonly number[],
  kernel: readonly number[],
): Axis[] {
  const rank = spatial.length;
  if (rank > 3) throw unsupported(context, `${rank} spatial dims (1 to 3 are)`);
  const list = (name: string, length: number, fallback: number, least: number): number[] => {
    const values = intsAttribute(context, name) ?? new Array<number>(length).fill(fallback);
    if (values.length !== length) throw invalid(context, `${name} has ${values.length} entries`);
    if (values.some((v) => v < least)) throw invalid(context, `${name} [${values}] below ${least}`);
    return values;
  };
  const strides = list("strides", rank, 1, 1);
  const dilations = list("dilations", rank, 1, 1);
  const growth = list("output_padding", rank, 0, 0);
  const pads = list("pads", 2 * rank, 0, 0);
  const stated = intsAttribute(context, "output_shape")?.slice(-rank);
  if (stated && stated.length !== rank) throw invalid(context, `output_shape [${stated}]`);
  const auto = stringAttribute(context, "auto_pad", "NOTSET");
  if (!["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].includes(auto)) {
    throw invalid(context, `auto_pad "${auto}"`);
  }
  const same = auto.startsWith("SAME");
  return spatial.map((extent, i) => {
    const at = (values: readonly number[]): number => values[i] as number;
    const stride = at(strides);
    const dilation = at(dilations);
    const full = stride * (extent - 1) + at(growth) + (at(kernel) - 1) * dilation + 1;
    const [before, after] = auto === "VALID" ? [0, 0] : [at(pads), pads[rank + i] as number];
    const asked = stated ? at(stated) : same ? extent * stride : undefined;
    const output = asked ?? full - before - after;
    if (output < 0) throw invalid(context, `spatial axis ${i} would have ${output} cells`);
    const excess = Math.max(0, full - output);
    const half = Math.floor(excess / 2);
    const begin = asked === undefined ? before : auto === "SAME_UPPER" ? half : excess - half;
    return { extent, stride, dilation, begin, output };
  });
}

/**
 * X with stride − 1 cells of +0 after each cell. Each spread axis is a pair (cell, offset), and the
 * axis of the offset has one cell in X: beyond it a read gives +0.
 */
function spreadBy(stages: StageList, x: Operand, canvas: readonly Axis[]): Operand {
  if (canvas.every((a) => a.stride === 1)) return x;
  const planes = elementCount(x.dims.slice(0, 2));
  const pairs = canvas.map((a) => (a.stride === 1 ? [a.extent] : [a.extent, a.stride]));
  const view = [planes, ...canvas.flatMap((a) => (a.stride === 1 ? [a.extent] : [a.extent, 1]))];
  const dims = [...x.dims.slice(0, 2), ...canvas.map((a) => a.extent * a.stride)];
  return stages.add("spread", [x], dims, ([vx]) => ({
    dtype: x.dtype,
    out: [planes, ...pairs.flat()],
    finish: (b) =>
      b.read(
        { ...(vx as View), dims: view },
        view.map((_, i) => o(i)),
      ),
  }));
}
