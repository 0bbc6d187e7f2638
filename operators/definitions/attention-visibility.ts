import type { BodyBuilder, Index, Register, Term, View } from "../program/builder.js";
import { literal } from "../program/literal.js";
import type { AttentionShape } from "./attention-shape.js";
import type { LoweringContext } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  requireDType,
} from "./shared/context.js";
import { FUNCTION_FLOATS } from "./shared/elementwise.js";
import { type Coordinate, scaled } from "./shared/lanes.js";

/**
 * Which keys a query may see (rule 15), and what is added to their scores. A key is visible where all
 * of these hold that apply:
 *
 *   it lies within attn_mask, whose last dim may be shorter than the keys are
 *   a bool attn_mask is true there
 *   it lies before nonpad_kv_seqlen of its batch
 *   is_causal: key ≤ query + offset; offset is the length of the past or, where nonpad_kv_seqlen is given
 *     without a past, nonpad_kv_seqlen − queries
 *
 * A float attn_mask is added and hides nothing.
 */
export interface Visibility {
  /** What `hidden` and `bias` read, by name. */
  readonly mask: Operand | undefined;
  readonly lengths: Operand | undefined;
  /** Conditions ≥ 0 that are affine; only those that can fail. */
  affine(place: Place): Coordinate[];
  /** Whether the key is visible as far as values of inputs decide; `undefined` where they do not. */
  data(b: BodyBuilder, views: MaskViews, place: Place): Register | undefined;
  /** What is added to the score. */
  bias(b: BodyBuilder, views: MaskViews, place: Place): Register | undefined;
  /** Whether some query may see no key. */
  readonly mayHideAll: boolean;
}

/** The coordinates of a query and a key, in whatever stage. */
export interface Place {
  readonly batch: Term;
  readonly group: Term;
  readonly repeat: Term;
  readonly query: Term;
  readonly key: Term;
}

export interface MaskViews {
  readonly mask?: View | undefined;
  readonly lengths?: View | undefined;
}

export function visibilityOf(context: LoweringContext, shape: AttentionShape): Visibility {
  const mask = maskOperand(context, shape);
  const lengths = lengthsOperand(context, shape);
  const causal = intAttribute(context, "is_causal", 0) !== 0;
  const followsLengths = lengths !== undefined && shape.past === 0 && !context.inputs[4];
  const isBool = mask?.dtype === "bool";
  const covered = mask ? (mask.dims[3] as number) : shape.keys;
  const maskIndex = (of: View, place: Place): Index[] => {
    const head = [...scaled([place.group], shape.repeats), place.repeat];
    return [place.batch, head, place.query, place.key].map((index, axis) =>
      axis < 3 && of.dims[axis] === 1 ? 0 : index,
    );
  };
  return {
    mask,
    lengths,
    affine(place) {
      const toCovered: Coordinate = [covered - 1, ...scaled([place.key], -1)];
      const toQuery: Coordinate = [shape.past, place.query, ...scaled([place.key], -1)];
      return [
        ...(covered < shape.keys ? [toCovered] : []),
        ...(causal && !followsLengths && shape.past < shape.keys - 1 ? [toQuery] : []),
      ];
    },
    data(b, views, place) {
      const tests: Register[] = [];
      if (views.mask && isBool) tests.push(b.read(views.mask, maskIndex(views.mask, place)));
      if (views.lengths) {
        const length = b.read(views.lengths, [place.batch]);
        const key = b.coordinate(place.key);
        tests.push(b.lt(key, length));
        if (causal && followsLengths) {
          const query = b.coordinate([place.query, -shape.queries]);
          tests.push(b.le(key, b.add(query, length)));
        }
      }
      return tests.length > 0 ? tests.reduce((x, y) => b.and(x, y)) : undefined;
    },
    bias(b, views, place) {
      if (!views.mask || isBool) return undefined;
      const pad = literal("f32", Number.NEGATIVE_INFINITY);
      return b.read(views.mask, maskIndex(views.mask, place), pad);
    },
    mayHideAll: isBool || lengths !== undefined || Math.min(covered, shape.keys) === 0,
  };
}

/** attn_mask with four dims, each but the last 1 or that of the scores. */
function maskOperand(context: LoweringContext, shape: AttentionShape): Operand | undefined {
  if (!context.inputs[3]) return undefined;
  const given = inputOperand(context, 3);
  requireDType(context, given, [...FUNCTION_FLOATS, "bool"]);
  const dims = [...new Array<number>(Math.max(0, 4 - given.dims.length)).fill(1), ...given.dims];
  const full = [shape.batch, shape.groups * shape.repeats, shape.queries];
  const fits =
    dims.length === 4 &&
    full.every((d, i) => dims[i] === 1 || dims[i] === d) &&
    given.dims.length >= 1 &&
    (dims[3] as number) <= shape.keys;
  if (!fits) {
    throw invalid(context, `attn_mask [${given.dims}] for scores [${full},${shape.keys}]`);
  }
  return { ...given, dims };
}

function lengthsOperand(context: LoweringContext, shape: AttentionShape): Operand | undefined {
  if (!context.inputs[6]) return undefined;
  const lengths = inputOperand(context, 6);
  requireDType(context, lengths, ["i64"]);
  if (lengths.dims.join() !== String(shape.batch)) {
    throw invalid(context, `nonpad_kv_seqlen [${lengths.dims}] for batch ${shape.batch}`);
  }
  return lengths;
}
