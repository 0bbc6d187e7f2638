/**
 * Which attributes an operator's schema has, so that one that it does not know is refused: an
 * attribute without effect is a misspelt one, or one that became an input ("axes" of ReduceSum), and
 * the model would not mean what it says.
 *
 * `name<7`: since version 7 no more. `*`: any, as the schemas of operators say that ONNX Runtime
 * added to ai.onnx before ONNX had them. Source: the schemas of ONNX up to opset 28, of ONNX Runtime
 * for com.microsoft.
 */
const NAMES: Readonly<Record<string, string>> = {
  ...sharing("Abs Ceil Exp Floor Log Neg Reciprocal Relu Sigmoid Sqrt Tanh", "consumed_inputs<6"),
  ...sharing("Max Mean Min Sum", "consumed_inputs<6"),
  ...sharing("Add Div Mul Sub", "axis<7 broadcast<7 consumed_inputs<6"),
  ...sharing("And Equal Greater Less Or Pow Xor", "axis<7 broadcast<7"),
  ...sharing("Acos Acosh Asin Asinh Atan Atanh Cos Cosh Sin Sinh Tan", ""),
  ...sharing("BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Not", ""),
  ...sharing("Erf GreaterOrEqual IsNaN LessOrEqual Mish Round Sign Softplus Softsign", ""),
  ...sharing("Expand Identity MatMul Size Where", ""),
  ...sharing("MatMulInteger QLinearMatMul DynamicQuantizeLinear", ""),
  ...sharing("Det GlobalAveragePool GlobalMaxPool HardSwish NonZero", ""),
  ...sharing("ArgMax ArgMin", "axis keepdims select_last_index"),
  ...sharing("Conv ConvInteger QLinearConv", "auto_pad dilations group kernel_shape pads strides"),
  ...sharing("CumProd CumSum", "exclusive reverse"),
  ...sharing("Hardmax LogSoftmax Softmax", "axis"),
  ...sharing("InstanceNormalization", "consumed_inputs<6 epsilon"),
  ...sharing("ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp", reductionUntil(18)),
  ...sharing("ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare", reductionUntil(18)),
  ...sharing("ReduceSum", reductionUntil(13)),
  Attention:
    "is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision",
  AveragePool: "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides",
  BatchNormalization: "consumed_inputs<6 epsilon is_test<7 momentum spatial<9 training_mode",
  Bernoulli: "dtype seed",
  BitCast: "to",
  BitShift: "direction",
  BlackmanWindow: "output_datatype periodic",
  Cast: "round_mode saturate to",
  CastLike: "round_mode saturate",
  CausalConvWithState: "activation",
  Celu: "alpha",
  CenterCropPad: "axes",
  Clip: "consumed_inputs<6 max<11 min<11",
  Col2Im: "dilations pads strides",
  Compress: "axis",
  Concat: "axis",
  Constant:
    "sparse_value value value_float value_floats value_int value_ints value_string value_strings",
  ConstantOfShape: "value",
  ConvTranspose: "auto_pad dilations group kernel_shape output_padding output_shape pads strides",
  DFT: "axis<20 inverse onesided",
  DeformConv: "dilations group kernel_shape offset_group pads strides",
  DepthToSpace: "blocksize mode",
  DequantizeLinear: "axis block_size output_dtype",
  Dropout: "consumed_inputs<6 is_test<7 ratio<12 seed",
  Einsum: "equation",
  Elu: "alpha consumed_inputs<6",
  EyeLike: "dtype k",
  Flatten: "axis",
  GRU: "activation_alpha activation_beta activations clip direction hidden_size layout linear_before_reset output_sequence<7",
  Gather: "axis",
  GatherElements: "axis",
  GatherND: "batch_dims",
  Gelu: "approximate",
  Gemm: "alpha beta broadcast<7 transA transB",
  GlobalLpPool: "p",
  GridSample: "align_corners mode padding_mode",
  GroupNormalization: "epsilon num_groups stash_type",
  HammingWindow: "output_datatype periodic",
  HannWindow: "output_datatype periodic",
  HardSigmoid: "alpha beta consumed_inputs<6",
  If: "else_branch then_branch",
  IsInf: "detect_negative detect_positive",
  LRN: "alpha beta bias size",
  LSTM: "activation_alpha activation_beta activations clip direction hidden_size input_forget layout output_sequence<7",
  LayerNormalization: "axis epsilon stash_type *<17",
  LeakyRelu: "alpha consumed_inputs<6",
  LinearAttention: "chunk_size kv_num_heads q_num_heads scale update_rule",
  Loop: "body",
  LpNormalization: "axis p",
  LpPool: "auto_pad ceil_mode dilations kernel_shape p pads strides",
  MaxPool: "auto_pad ceil_mode dilations kernel_shape pads storage_order strides",
  MaxRoiPool: "pooled_shape spatial_scale",
  MaxUnpool: "kernel_shape pads strides",
  MeanVarianceNormalization: "axes",
  MelWeightMatrix: "output_datatype",
  Mod: "fmod",
  Multinomial: "dtype sample_size seed",
  NegativeLogLikelihoodLoss: "ignore_index reduction",
  NonMaxSuppression: "center_point_box",
  OneHot: "axis",
  PRelu: "consumed_inputs<6",
  Pad: "mode pads<11 paddings<2 value<11",
  QuantizeLinear: "axis block_size output_dtype precision saturate",
  RMSNormalization: "axis epsilon stash_type",
  RNN: "activation_alpha activation_beta activations clip direction hidden_size layout output_sequence<7",
  Range: "stash_type",
  Reshape: "allowzero consumed_inputs<5 shape<5",
  Resize:
    "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value keep_aspect_ratio_policy mode nearest_mode",
  ReverseSequence: "batch_axis time_axis",
  RoiAlign:
    "coordinate_transformation_mode mode output_height output_width sampling_ratio spatial_scale",
  RotaryEmbedding: "interleaved num_heads rotary_embedding_dim",
  STFT: "onesided",
  Scan: "body directions<9 num_scan_inputs scan_input_axes scan_input_directions scan_output_axes scan_output_directions",
  Scatter: "axis",
  ScatterElements: "axis reduction",
  ScatterND: "reduction",
  Selu: "alpha consumed_inputs<6 gamma",
  Shape: "end start",
  Shrink: "bias lambd",
  SimplifiedLayerNormalization: "*",
  Slice: "axes<10 ends<10 starts<10",
  SoftmaxCrossEntropyLoss: "ignore_index reduction",
  SpaceToDepth: "blocksize",
  Split: "axis num_outputs split<13",
  Squeeze: "axes<13",
  SwiGLU: "alpha",
  Swish: "alpha",
  TensorScatter: "axis mode",
  ThresholdedRelu: "alpha",
  Tile: "",
  TopK: "axis k<10 largest sorted",
  Transpose: "perm",
  Trilu: "upper",
  Unique: "axis sorted",
  Unsqueeze: "axes<13",
  Upsample: "height_scale<7 mode scales<9 width_scale<7",
  "com.microsoft.BiasGelu": "",
  "com.microsoft.FastGelu": "",
  "com.microsoft.FusedMatMul": "alpha transA transB transBatchA transBatchB",
  "com.microsoft.Gelu": "",
  "com.microsoft.QuickGelu": "alpha",
  "com.microsoft.RotaryEmbedding":
    "interleaved is_packed_batching num_heads rotary_embedding_dim scale",
  "com.microsoft.SimplifiedLayerNormalization": "*",
  "com.microsoft.SkipLayerNormalization": "epsilon",
  "com.microsoft.SkipSimplifiedLayerNormalization": "epsilon",
};

function sharing(operators: string, names: string): Record<string, string> {
  return Object.fromEntries(operators.split(" ").map((operator) => [operator, names]));
}

function reductionUntil(version: number): string {
  return `axes<${version} keepdims noop_with_empty_axes`;
}

/** By operator: the first version that has an attribute no more, infinite where every one has it. */
const ENDS: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map(
  Object.entries(NAMES).map(([operator, names]) => [operator, endsOf(names)]),
);

function endsOf(names: string): Map<string, number> {
  return new Map(
    names
      .split(" ")
      .filter((name) => name !== "")
      .map((entry) => {
        const [name = "", end] = entry.split("<");
        return [name, end === undefined ? Number.POSITIVE_INFINITY : Number(end)];
      }),
  );
}

/** Whether operators of this name are in the table; one that is not may have any attribute. */
export function hasAttributeNames(operator: string): boolean {
  return ENDS.has(operator);
}

/** Whether since-version `version` of an operator, named with its domain, has an attribute. */
export function knowsAttribute(operator: string, version: number, name: string): boolean {
  const ends = ENDS.get(operator);
  if (!ends) return true;
  return [ends.get(name), ends.get("*")].some((end) => end !== undefined && version < end);
}
