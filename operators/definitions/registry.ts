import { argMax, argMin } from "./arg.js";
import { add, div, mul, sub } from "./arithmetic.js";
import { attention } from "./attention.js";
import { averagePool } from "./average-pool.js";
import { batchNormalization } from "./batch-normalization.js";
import { bitShift, bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor } from "./bitwise.js";
import { cast, castLike } from "./cast.js";
import { causalConvWithState } from "./causal-conv-with-state.js";
import { clip } from "./clip.js";
import { equal, greater, greaterOrEqual, less, lessEqual } from "./comparisons.js";
import { compress } from "./compress.js";
import { concat } from "./concat.js";
import { constant } from "./constant.js";
import { constantOfShape } from "./constant-of-shape.js";
import { conv } from "./conv.js";
import { convTranspose } from "./conv-transpose.js";
import { cumProd, cumSum } from "./cum-sum.js";
import type { OperatorDefinition } from "./definition.js";
import { depthToSpace, spaceToDepth } from "./depth-to-space.js";
import { dropout } from "./dropout.js";
import { dynamicQuantizeLinear } from "./dynamic-quantize-linear.js";
import { einsum } from "./einsum.js";
import { celu, elu, selu } from "./elu.js";
import { expand } from "./expand.js";
import { eyeLike } from "./eye-like.js";
import { flatten } from "./flatten.js";
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  cosh,
  erf,
  exp,
  log,
  sin,
  sinh,
  tan,
  tanh,
} from "./functions.js";
import { fusedMatMul } from "./fused-matmul.js";
import { gather, gatherElements, gatherND } from "./gather.js";
import { biasGelu, fastGelu, gelu, microsoftGelu } from "./gelu.js";
import { gemm } from "./gemm.js";
import { globalAveragePool, globalMaxPool } from "./global-pool.js";
import { groupNormalization, instanceNormalization } from "./group-normalization.js";
import { gru } from "./gru.js";
import { hardmax } from "./hardmax.js";
import { identity } from "./identity.js";
import { isInfinite, isNotANumber } from "./is-nan.js";
import {
  layerNormalization,
  rmsNormalization,
  simplifiedLayerNormalization,
  simplifiedLayerNormalizationMicrosoft,
} from "./layer-normalization.js";
import { linearAttention } from "./linear-attention.js";
import { and, not, or, xor } from "./logic.js";
import { lpNormalization } from "./lp-normalization.js";
import { globalLpPool, lpPool } from "./lp-pool.js";
import { lrn } from "./lrn.js";
import { lstm } from "./lstm.js";
import { matmul } from "./matmul.js";
import { maxPool } from "./max-pool.js";
import { meanVarianceNormalization } from "./mean-variance-normalization.js";
import { max, min } from "./min-max.js";
import { mish } from "./mish.js";
import { mod } from "./mod.js";
import { nonMaxSuppression } from "./non-max-suppression.js";
import { nonZero } from "./non-zero.js";
import { oneHot } from "./one-hot.js";
import { pad } from "./pad.js";
import { pow } from "./pow.js";
import { convInteger, qLinearConv } from "./quantised-conv.js";
import { matmulInteger, qLinearMatMul } from "./quantised-matmul.js";
import { dequantizeLinear, quantizeLinear } from "./quantize-linear.js";
import { range } from "./range.js";
import { leakyRelu, prelu, thresholdedRelu } from "./rectifiers.js";
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
import { resize } from "./resize.js";
import { reverseSequence } from "./reverse-sequence.js";
import { rnn } from "./rnn.js";
import { reciprocal, sqrt } from "./roots.js";
import { rotaryEmbedding, rotaryEmbeddingMicrosoft } from "./rotary-embedding.js";
import { ceil, floor, round } from "./rounding.js";
import { scatter, scatterElements } from "./scatter.js";
import { scatterND } from "./scatter-nd.js";
import { shape, size } from "./shape.js";
import { shrink } from "./shrink.js";
import { hardSigmoid, hardSwish, sigmoid } from "./sigmoid.js";
import { abs, neg, sign } from "./sign.js";
import { skipLayerNormalization, skipSimplifiedLayerNormalization } from "./skip-normalization.js";
import { slice } from "./slice.js";
import { logSoftmax, softmax } from "./softmax.js";
import { softplus } from "./softplus.js";
import { softsign } from "./softsign.js";
import { split } from "./split.js";
import { squeeze, unsqueeze } from "./squeeze.js";
import { mean, sum } from "./sum.js";
import { quickGelu, swiglu, swish } from "./swish.js";
import { tensorScatter } from "./tensor-scatter.js";
import { tile } from "./tile.js";
import { topK } from "./top-k.js";
import { transpose } from "./transpose.js";
import { trilu } from "./trilu.js";
import { unique } from "./unique.js";
import { upsample } from "./upsample.js";
import { where } from "./where.js";

/** Every definition, in alphabetical order of the files. */
export const DEFINITIONS: readonly OperatorDefinition[] = [
  argMax,
  argMin,
  add,
  div,
  mul,
  sub,
  attention,
  averagePool,
  batchNormalization,
  bitShift,
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  cast,
  castLike,
  causalConvWithState,
  clip,
  equal,
  greater,
  greaterOrEqual,
  less,
  lessEqual,
  compress,
  concat,
  constantOfShape,
  constant,
  convTranspose,
  conv,
  cumProd,
  cumSum,
  depthToSpace,
  spaceToDepth,
  dropout,
  dynamicQuantizeLinear,
  einsum,
  celu,
  elu,
  selu,
  expand,
  eyeLike,
  flatten,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  cosh,
  erf,
  exp,
  log,
  sin,
  sinh,
  tan,
  tanh,
  fusedMatMul,
  gather,
  gatherElements,
  gatherND,
  biasGelu,
  fastGelu,
  gelu,
  microsoftGelu,
  gemm,
  globalAveragePool,
  globalMaxPool,
  groupNormalization,
  instanceNormalization,
  gru,
  hardmax,
  identity,
  isInfinite,
  isNotANumber,
  layerNormalization,
  rmsNormalization,
  simplifiedLayerNormalization,
  simplifiedLayerNormalizationMicrosoft,
  linearAttention,
  and,
  not,
  or,
  xor,
  lpNormalization,
  globalLpPool,
  lpPool,
  lrn,
  lstm,
  matmul,
  maxPool,
  meanVarianceNormalization,
  max,
  min,
  mish,
  mod,
  nonMaxSuppression,
  nonZero,
  oneHot,
  pad,
  pow,
  convInteger,
  qLinearConv,
  matmulInteger,
  qLinearMatMul,
  dequantizeLinear,
  quantizeLinear,
  range,
  leakyRelu,
  prelu,
  thresholdedRelu,
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
  resize,
  reverseSequence,
  rnn,
  reciprocal,
  sqrt,
  rotaryEmbedding,
  rotaryEmbeddingMicrosoft,
  ceil,
  floor,
  round,
  scatterND,
  scatter,
  scatterElements,
  shape,
  size,
  shrink,
  hardSigmoid,
  hardSwish,
  sigmoid,
  abs,
  neg,
  sign,
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
  slice,
  logSoftmax,
  softmax,
  softplus,
  softsign,
  split,
  squeeze,
  unsqueeze,
  mean,
  sum,
  quickGelu,
  swiglu,
  swish,
  tensorScatter,
  tile,
  topK,
  transpose,
  trilu,
  unique,
  upsample,
  where,
];

const BY_NAME = new Map<string, OperatorDefinition>(
  DEFINITIONS.map((d) => [`${d.domain}:${d.name}`, d]),
);

export function findDefinition(domain: string, name: string): OperatorDefinition | undefined {
  return BY_NAME.get(`${domain === "ai.onnx" ? "" : domain}:${name}`);
}

/** The schema version a node of opset `opset` uses, or `undefined` where it is too old. */
export function resolveVersion(
  definition: Pick<OperatorDefinition, "versions">,
  opset: number,
): number | undefined {
  return definition.versions.filter((v) => v <= opset).at(-1);
}
