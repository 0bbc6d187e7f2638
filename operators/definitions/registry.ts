import { add, div, mul, sub } from "./arithmetic.js";
import { averagePool } from "./average-pool.js";
import { batchNormalization } from "./batch-normalization.js";
import { cast, castLike } from "./cast.js";
import { clip } from "./clip.js";
import { equal, greater, greaterOrEqual, less, lessEqual } from "./comparisons.js";
import { concat } from "./concat.js";
import { constant } from "./constant.js";
import { constantOfShape } from "./constant-of-shape.js";
import { conv } from "./conv.js";
import type { OperatorDefinition } from "./definition.js";
import { dropout } from "./dropout.js";
import { expand } from "./expand.js";
import { flatten } from "./flatten.js";
import { erf, exp, log, tanh } from "./functions.js";
import { gather } from "./gather.js";
import { fastGelu, gelu, microsoftGelu } from "./gelu.js";
import { gemm } from "./gemm.js";
import { globalAveragePool, globalMaxPool } from "./global-pool.js";
import { identity } from "./identity.js";
import { isInfinite, isNotANumber } from "./is-nan.js";
import { leakyRelu, prelu } from "./leaky-relu.js";
import { and, not, or, xor } from "./logic.js";
import { lrn } from "./lrn.js";
import { matmul } from "./matmul.js";
import { maxPool } from "./max-pool.js";
import { max, min } from "./min-max.js";
import { mod } from "./mod.js";
import { pad } from "./pad.js";
import { pow } from "./pow.js";
import { range } from "./range.js";
import {
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
} from "./reduce.js";
import { relu } from "./relu.js";
import { reshape } from "./reshape.js";
import { reciprocal, sqrt } from "./roots.js";
import { ceil, floor, round } from "./rounding.js";
import { shape, size } from "./shape.js";
import { hardSigmoid, sigmoid } from "./sigmoid.js";
import { abs, neg, sign } from "./sign.js";
import { slice } from "./slice.js";
import { logSoftmax, softmax } from "./softmax.js";
import { softplus } from "./softplus.js";
import { split } from "./split.js";
import { squeeze, unsqueeze } from "./squeeze.js";
import { sum } from "./sum.js";
import { quickGelu, swish } from "./swish.js";
import { tile } from "./tile.js";
import { transpose } from "./transpose.js";
import { where } from "./where.js";

/** Every definition, in alphabetical order of the files. */
export const DEFINITIONS: readonly OperatorDefinition[] = [
  add,
  sub,
  mul,
  div,
  averagePool,
  batchNormalization,
  cast,
  castLike,
  clip,
  equal,
  greater,
  greaterOrEqual,
  less,
  lessEqual,
  concat,
  constant,
  constantOfShape,
  conv,
  dropout,
  expand,
  flatten,
  erf,
  exp,
  log,
  tanh,
  gather,
  fastGelu,
  gelu,
  microsoftGelu,
  gemm,
  globalAveragePool,
  globalMaxPool,
  identity,
  isInfinite,
  isNotANumber,
  leakyRelu,
  prelu,
  and,
  not,
  or,
  xor,
  lrn,
  matmul,
  maxPool,
  max,
  min,
  mod,
  pad,
  pow,
  range,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  reciprocal,
  sqrt,
  ceil,
  floor,
  round,
  shape,
  size,
  hardSigmoid,
  sigmoid,
  abs,
  neg,
  sign,
  slice,
  logSoftmax,
  softmax,
  softplus,
  split,
  squeeze,
  unsqueeze,
  sum,
  quickGelu,
  swish,
  tile,
  transpose,
  where,
];

const BY_NAME = new Map<string, OperatorDefinition>(
  DEFINITIONS.map((d) => [`${d.domain}:${d.name}`, d]),
);

export function findDefinition(domain: string, name: string): OperatorDefinition | undefined {
  return BY_NAME.get(`${domain === "ai.onnx" ? "" : domain}:${name}`);
}

/** The schema version a node of opset `opset` uses, or `undefined` where it is too old. */
export function resolveVersion(definition: OperatorDefinition, opset: number): number | undefined {
  return definition.versions.filter((v) => v <= opset).at(-1);
}
