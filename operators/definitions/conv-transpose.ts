import { elementCount } from "../dtype.js";
import { o, type Register, type View } from "../program/builder.js";
import {
  choicesOf,
  isChoice,
  type PhasedAxis,
  type Place,
  phaseStage,
  phasesOf,
  placeStages,
  readSum,
} from "./conv-transpose-phases.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  intsAttribute,
  invalid,
  registerOf,
  requireDType,
  StageList,
  stringAttribute,
  unsupported,
} from "./shared/context.js";
import { FLOATS } from "./shared/elementwise.js";
import { intermediateOf } from "./shared/widen.js";

/**
 * ConvTranspose: Y[n,g,m,p…] = acc + bias[g,m], acc the fold over (channel, kernel…), ascending, of
 * multiply-add of X[n,g,c,(p + pad − k·dilation) ÷ stride] and W[g,c,m,k…] (rule 9). Kernel positions
 * that reach p from between the cells of X are no steps; a cell outside X is read as +0 and still
 * multiplied and added; the bias is added after the fold. Sums are f32 (f64) until then.
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
    const { kernel, ...channels } = channelsOf(context, x.dims, w.dims);
    const maps = channels.groups * channels.outer;
    if (bias && elementCount(bias.dims) !== maps) {
      throw invalid(context, `bias [${bias.dims}] for ${maps} output channels`);
    }
    const axes = axesOf(context, x.dims.slice(2), kernel).map(phasesOf);
    const dims = [channels.batch, maps, ...axes.map((a) => a.output)];
    const stages = new StageList();
    const choices = choicesOf(axes);
    if (axes.every((a) => a.stride === 1) && choices[0]) {
      const spec = { x, w, channels, axes, dtype: x.dtype, bias };
      return stages.lowering([{ ...phaseStage(stages, "output", spec, choices[0]), dims }]);
    }
    const spec = { x, w, channels, axes, dtype: intermediateOf(x.dtype) };
    const sums = choices.map((c, i) => phaseStage(stages, `phases ${i}`, spec, c));
    const tables = axes.flatMap((a, i) => placeStages(stages, a, i));
    const operands = [...tables, ...sums, ...(bias ? [bias] : [])];
    const y = stages.add("output", operands, dims, (views) => ({
      dtype: x.dtype,
      out: [channels.batch, channels.groups, channels.outer, ...axes.map((a) => a.output)],
      finish: (b) => {
        const places = axes.map((_, i): Place => {
          const [phase, q] = [0, 1].map((t) => b.read(views[2 * i + t] as View, [o(3 + i)]));
          return { phase, q } as Place;
        });
        const none: Register = b.of(registerOf(x.dtype), 0);
        const sum = choices.reduce((other, choice, i) => {
          const own = readSum(b, views[tables.length + i] as View, choice, axes, places);
          return b.select(isChoice(b, choice, places), own, other);
        }, none);
        if (!bias) return sum;
        const view = { ...(views.at(-1) as View), dims: [channels.groups, channels.outer] };
        return b.add(sum, b.read(view, [o(1), o(2)]));
      },
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

/** Of an attribute: products of two are exact. */
const MOST = 2 ** 24;

function axesOf(
  context: LoweringContext,
  spatial: readonly number[],
  kernel: readonly number[],
): PhasedAxis[] {
  const rank = spatial.length;
  if (rank > 3) throw unsupported(context, `${rank} spatial dims (1 to 3 are)`);
  const list = (name: string, length: number, fallback: number, least: number): number[] => {
    const values = intsAttribute(context, name) ?? new Array<number>(length).fill(fallback);
    if (values.length !== length) throw invalid(context, `${name} has ${values.length} entries`);
    if (values.some((v) => v < least || v > MOST)) {
      throw invalid(context, `${name} [${values}] outside ${least} to ${MOST}`);
    }
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
    return { stride, dilation, kernel: at(kernel), begin, output };
  });
}
