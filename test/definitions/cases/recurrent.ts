import type { AttributeValue, DType, Tensor } from "../../../operators/index.js";
import { float, int, text, texts } from "../../support/run-definition.js";
import type { DefinitionCase } from "./types.js";

/** RNN, GRU, LSTM: directions, lengths, layouts, optional inputs, activations; LinearAttention. */

type Attributes = Readonly<Record<string, AttributeValue>>;

const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const;
type Recurrent = keyof typeof GATES;

interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
}

interface Options {
  readonly dtype?: DType;
  readonly attributes?: Attributes;
  /** Optional inputs that are there. */
  readonly bias?: boolean;
  readonly lengths?: readonly number[];
  readonly initial?: boolean;
  readonly peepholes?: boolean;
  readonly outputs?: number;
  readonly version?: number;
}

function recurrent(operator: Recurrent, sizes: Sizes, options: Options = {}): DefinitionCase {
  const { steps, batch, input, hidden } = sizes;
  const { dtype = "f32", attributes = {}, lengths } = options;
  const direction = attributes.direction;
  const both = direction?.kind === "string" && direction.value === "bidirectional";
  const directions = both ? 2 : 1;
  const layout = attributes.layout?.kind === "int" ? attributes.layout.value : 0n;
  const rows = GATES[operator] * hidden;
  const type = (...dims: number[]) => ({ dtype, dims });
  const state = layout === 0n ? type(directions, batch, hidden) : type(batch, directions, hidden);
  return {
    operator,
    domain: "",
    version: options.version ?? 22,
    attributes: { hidden_size: int(hidden), ...attributes },
    inputs: [
      layout === 0n ? type(steps, batch, input) : type(batch, steps, input),
      type(directions, rows, input),
      type(directions, rows, hidden),
      options.bias ? type(directions, 2 * rows) : undefined,
      lengths ? { dtype: "i32" as const, dims: [batch] } : undefined,
      options.initial ? state : undefined,
      ...(operator === "LSTM" ? [options.initial ? state : undefined] : []),
      ...(options.peepholes ? [type(directions, 3 * hidden)] : []),
    ],
    ...(lengths ? { values: { 4: lengthsOf(lengths) } } : {}),
    outputs: options.outputs ?? (operator === "LSTM" ? 3 : 2),
  };
}

function lengthsOf(values: readonly number[]): Tensor {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((v, i) => {
    view.setInt32(4 * i, v, true);
  });
  return { dtype: "i32", dims: [values.length], bytes };
}

const SMALL: Sizes = { steps: 3, batch: 2, input: 5, hidden: 4 };
const WIDE: Sizes = { steps: 5, batch: 3, input: 7, hidden: 9 };
const ONE: Sizes = { steps: 1, batch: 1, input: 1, hidden: 1 };

const OPTIONS: readonly (readonly [Sizes, Options])[] = [
  [ONE, {}],
  [ONE, { bias: true, initial: true }],
  [SMALL, {}],
  [SMALL, { dtype: "f16", bias: true }],
  [SMALL, { dtype: "bf16", initial: true, attributes: { direction: text("reverse") } }],
  [WIDE, { bias: true, initial: true }],
  [WIDE, { bias: true, attributes: { direction: text("reverse") } }],
  [WIDE, { initial: true, attributes: { direction: text("bidirectional") }, outputs: 1 }],
  [WIDE, { bias: true, lengths: [5, 0, 2], initial: true }],
  [WIDE, { lengths: [1, 5, 3], attributes: { direction: text("reverse") } }],
  [WIDE, { lengths: [4, 2, 5], bias: true, attributes: { direction: text("bidirectional") } }],
  [WIDE, { initial: true, attributes: { layout: int(1) } }],
  [WIDE, { bias: true, attributes: { layout: int(1), direction: text("bidirectional") } }],
  [WIDE, { attributes: { clip: float(0.5) }, bias: true, version: 7 }],
  [{ ...WIDE, batch: 0 }, { bias: true }],
  [{ ...SMALL, input: 0 }, {}],
  [{ ...SMALL, hidden: 33 }, { bias: true }],
];

const own: readonly DefinitionCase[] = [
  recurrent("RNN", SMALL, {
    bias: true,
    attributes: { direction: text("bidirectional"), activations: texts("Elu", "LeakyRelu") },
  }),
  recurrent("GRU", WIDE, {
    bias: true,
    initial: true,
    attributes: { linear_before_reset: int(1) },
  }),
  recurrent("GRU", SMALL, { attributes: { linear_before_reset: int(1) }, lengths: [1, 3] }),
  recurrent("GRU", SMALL, {
    bias: true,
    attributes: {
      activations: texts("HardSigmoid", "ScaledTanh"),
      activation_alpha: { kind: "floats", value: [0.25, 1.5] },
      activation_beta: { kind: "floats", value: [0.5, 0.75] },
    },
  }),
  recurrent("LSTM", WIDE, { bias: true, initial: true, peepholes: true }),
  recurrent("LSTM", SMALL, {
    peepholes: true,
    attributes: { direction: text("bidirectional"), input_forget: int(1) },
  }),
  recurrent("LSTM", SMALL, {
    bias: true,
    attributes: { activations: texts("Affine", "Softsign", "Softplus"), clip: float(3) },
  }),
  recurrent("LSTM", SMALL, {
    attributes: { activations: texts("ThresholdedRelu", "tanh", "SIGMOID") },
  }),
];

function linear(
  rule: string,
  heads: readonly [number, number],
  sizes: readonly [number, number],
  options: {
    dtype?: DType;
    past?: boolean;
    perHead?: boolean;
    steps?: number;
    scale?: number;
  } = {},
): DefinitionCase {
  const { dtype = "f32", steps = 3 } = options;
  const [q, kv] = heads;
  const [keySize, valueSize] = sizes;
  const tokens = [2, steps];
  const type = (...dims: number[]) => ({ dtype, dims });
  const gated = rule.startsWith("gated");
  const delta = rule.endsWith("delta");
  return {
    operator: "LinearAttention",
    domain: "",
    version: 27,
    attributes: {
      q_num_heads: int(q),
      kv_num_heads: int(kv),
      update_rule: text(rule),
      ...(options.scale === undefined ? {} : { scale: float(options.scale) }),
    },
    inputs: [
      type(...tokens, q * keySize),
      type(...tokens, kv * keySize),
      type(...tokens, kv * valueSize),
      options.past ? type(2, kv, keySize, valueSize) : undefined,
      gated ? type(...tokens, options.perHead ? kv : kv * keySize) : undefined,
      delta ? type(...tokens, options.perHead ? 1 : kv) : undefined,
    ],
    outputs: 2,
  };
}

const LINEAR = ["linear", "gated", "delta", "gated_delta"].flatMap((rule) => [
  linear(rule, [2, 2], [5, 7]),
  linear(rule, [6, 2], [4, 8], { past: true, scale: 0.5 }),
  linear(rule, [4, 1], [3, 3], { perHead: true, past: true, steps: 1 }),
  linear(rule, [2, 1], [8, 4], { dtype: "f16" }),
]);

export const RECURRENT_CASES: readonly DefinitionCase[] = [
  ...(Object.keys(GATES) as Recurrent[]).flatMap((operator) =>
    OPTIONS.map(([sizes, options]) => recurrent(operator, sizes, options)),
  ),
  ...own,
  ...LINEAR,
];
