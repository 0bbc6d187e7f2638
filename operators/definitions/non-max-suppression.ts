import { elementCount } from "../dtype.js";
import { i64Tensor } from "../tensor.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { input, intAttribute, invalid, requireDType } from "./shared/context.js";
import { folded } from "./shared/folded.js";
import { elementAt, knownValue, scalarValue } from "./shared/known-value.js";

/**
 * NonMaxSuppression: per batch and class, boxes by descending score (of equals the first first, NaN
 * greatest), each taken unless its overlap with one that was taken is above the threshold, up to a number
 * per class. Boxes whose score is not above score_threshold, where that is given, take no part. The
 * result lists [batch, class, box] in the order of taking. How many there are depends on the values, so
 * they must be known when shapes are bound.
 *
 * Overlap in f32, each operation rounded: a box has the corners min and max of the given ones, or
 * c − w ÷ 2 and c + w ÷ 2 with center_point_box; intersection and areas are products of side lengths, a
 * negative side of the intersection counting as +0; fl(intersection ÷ fl(fl(a + b) − intersection)). Where
 * an area is not above 0, nothing overlaps.
 *
 * Operands: boxes [batch, n, 4], scores [batch, classes, n], f32; max_output_boxes_per_class (absent: 0) i64;
 * iou_threshold (absent: 0), score_threshold f32. Result i64 [taken, 3].
 * Errors: `graph/data-dependent` where a value is only known at run time or has more than 1024 elements.
 * Source: ONNX NonMaxSuppression, versions 10, 11.
 */
export const nonMaxSuppression: OperatorDefinition = folded({
  name: "NonMaxSuppression",
  versions: [10, 11],
  steering: [0, 1, 2, 3, 4],
  value(context) {
    const given = operandsOf(context);
    const found: number[] = [];
    // Without boxes there may be any number of batches and classes.
    if (given.count === 0) return i64Tensor([0, 3], []);
    for (let batch = 0; batch < given.batches; batch++) {
      for (let of = 0; of < given.classes; of++) {
        for (const box of taken(given, batch, of)) found.push(batch, of, box);
      }
    }
    return i64Tensor([found.length / 3, 3], found);
  },
});

interface Operands {
  readonly batches: number;
  readonly classes: number;
  readonly count: number;
  readonly limit: number;
  readonly overlap: number;
  score(batch: number, of: number, box: number): number;
  takesPart(score: number): boolean;
  box(batch: number, box: number): Box;
}

/** Two intervals, of the even and of the odd coordinates. */
type Box = readonly [Interval, Interval];
type Interval = readonly [low: number, high: number];

function operandsOf(context: LoweringContext): Operands {
  const [boxDims, scoreDims] = [0, 1].map((i) => {
    requireDType(context, input(context, i), ["f32"]);
    return input(context, i).dims;
  }) as [readonly number[], readonly number[]];
  const [batches, classes, count] = scoreDims as [number, number, number];
  if (scoreDims.length !== 3 || boxDims.join() !== [batches, count, 4].join()) {
    throw invalid(context, `boxes [${boxDims}] with scores [${scoreDims}]`);
  }
  const [boxes, scores] = [knownValue(context, 0), knownValue(context, 1)];
  const optional = (index: number): number | undefined =>
    context.inputs[index] && elementCount(input(context, index).dims) > 0
      ? Number(scalarValue(context, index))
      : undefined;
  const least = optional(4);
  const isCentred = intAttribute(context, "center_point_box", 0) !== 0;
  return {
    batches,
    classes,
    count,
    limit: optional(2) ?? 0,
    overlap: optional(3) ?? 0,
    score: (batch, of, box) => Number(elementAt(scores, (batch * classes + of) * count + box)),
    takesPart: (score) => least === undefined || score > least,
    box(batch, box) {
      const at = (i: number) => Number(elementAt(boxes, (batch * count + box) * 4 + i));
      const side = (i: number) => interval(at(i), at(i + 2), isCentred);
      return [side(0), side(1)];
    },
  };
}

const fl = Math.fround;

function interval(a: number, b: number, isCentred: boolean): Interval {
  if (!isCentred) return [Math.min(a, b), Math.max(a, b)];
  const half = fl(b / 2);
  return [fl(a - half), fl(a + half)];
}

function taken(given: Operands, batch: number, of: number): number[] {
  const score = (box: number) => given.score(batch, of, box);
  const candidates = Array.from({ length: given.count }, (_, box) => box)
    .filter((box) => given.takesPart(score(box)))
    .sort((a, b) => byDescending(score(a), score(b)) || a - b);
  const chosen: number[] = [];
  for (const box of candidates) {
    if (chosen.length >= given.limit) break;
    const here = given.box(batch, box);
    const isFree = chosen.every((c) => !(overlap(given.box(batch, c), here) > given.overlap));
    if (isFree) chosen.push(box);
  }
  return chosen;
}

function byDescending(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a > b ? -1 : Number(a < b);
}

function overlap(a: Box, b: Box): number {
  const shared = area([intersection(a[0], b[0]), intersection(a[1], b[1])]);
  const [areaA, areaB] = [area(a), area(b)];
  if (!(areaA > 0 && areaB > 0)) return 0;
  return fl(shared / fl(fl(areaA + areaB) - shared));
}

function intersection(a: Interval, b: Interval): Interval {
  const [low, high] = [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
  return [low, Math.max(low, high)];
}

function area([a, b]: Box): number {
  return fl(fl(a[1] - a[0]) * fl(b[1] - b[0]));
}
