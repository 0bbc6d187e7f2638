import { AssayError, type DType, type Tensor } from "../../operators/index.js";
import type { Model } from "../graph/types.js";
import type { LlamaConfig } from "./config.js";
import { float, GraphWriter } from "./graph-writer.js";

/** Swish and Attention are as old as this. */
const OPSET = 24;

/**
 * A Llama model in Hugging Face's layout as a graph: input_ids i64 [T] → logits f32 [T, vocabulary],
 * one causal pass. Weights are the file's, bit for bit; bf16 and f16 ones are widened by Cast nodes
 * (which loses nothing), and everything is computed in f32.
 *
 * In each block: RMSNormalization; queries, keys and values by Gemm with the file's [out, in]
 * matrices; RotaryEmbedding over the halves of a head; grouped causal Attention; RMSNormalization;
 * down(silu(gate(x)) · up(x)). The tables of cosines and sines are nodes: angle = fl(position ÷
 * θ^(2i ÷ d)). Dividing rounds once less than transformers, which multiplies with a reciprocal: the
 * largest error of stories260K's logits falls from 2.1e-5 to 1.5e-5 (it is 1.5e-5 with exact tables).
 *
 * Errors: `config/malformed` for a tensor that is missing, left over or of another shape than
 * config.json says, and for mixed dtypes.
 */
export function llamaModel(config: LlamaConfig, tensors: ReadonlyMap<string, Tensor>): Model {
  const writer = new LlamaWriter(config, tensors);
  return writer.write();
}

interface Tables {
  readonly cos: string;
  readonly sin: string;
}

class LlamaWriter {
  private readonly w = new GraphWriter(OPSET);
  private readonly unused: Set<string>;
  private readonly dtype: DType | undefined;

  constructor(
    private readonly config: LlamaConfig,
    private readonly tensors: ReadonlyMap<string, Tensor>,
  ) {
    this.unused = new Set(tensors.keys());
    this.dtype = [...tensors.values()][0]?.dtype;
  }

  write(): Model {
    const { w, config } = this;
    w.integers("axis_0", [1], [0]);
    const table = this.weight("model.embed_tokens.weight", [config.vocabulary, config.width]);
    let x = w.node("/embed", "Gather", [table, "input_ids"]);
    const tables = this.rotaryTables();
    for (let layer = 0; layer < config.layers; layer++) {
      x = this.attention(layer, x, tables);
      x = this.feedForward(layer, x);
    }
    x = this.norm("/norm", x, "model.norm.weight");
    const head = config.tied
      ? table
      : this.weight("lm_head.weight", [config.vocabulary, config.width]);
    const logits = w.node("/lm_head", "Gemm", [x, head], { transB: 1 });
    if (this.unused.size > 0) throw malformed(`"${[...this.unused][0]}" belongs to no layer`);
    return w.model(
      "llama",
      [{ name: "input_ids", dtype: "i64", dims: ["T"] }],
      [{ name: logits, dtype: "f32", dims: ["T", config.vocabulary] }],
    );
  }

  /** cos and sin of every position and pair, [1, T, headSize ÷ 2]. */
  private rotaryTables(): Tables {
    const { w } = this;
    const at = "/rope";
    const { headSize, ropeTheta } = this.config;
    const [zero, one, two] = [0, 1, 2].map((v) => w.integers(`rope.${v}`, [], [v])) as [
      string,
      string,
      string,
    ];
    const f32 = (x: string): string => w.node(at, "Cast", [x], { to: FLOAT });
    const size = w.integers("rope.size", [], [headSize]);
    const pairs = f32(w.node(at, "Range", [zero, size, two]));
    const exponents = w.node(at, "Div", [pairs, w.number("rope.d", headSize)]);
    const powers = w.node(at, "Pow", [w.number("rope.theta", ropeTheta), exponents]);
    const length = w.node(at, "Squeeze", [w.node(at, "Shape", ["input_ids"])]);
    const positions = f32(w.node(at, "Range", [zero, length, one]));
    const column = w.node(at, "Unsqueeze", [positions, w.integers("axis_1", [1], [1])]);
    const angles = w.node(at, "Div", [column, powers]);
    const table = (f: "Cos" | "Sin"): string =>
      w.node(at, "Unsqueeze", [w.node(at, f, [angles]), "axis_0"]);
    return { cos: table("Cos"), sin: table("Sin") };
  }

  private attention(layer: number, x: string, { cos, sin }: Tables): string {
    const { w, config } = this;
    const { heads, keyHeads, headSize, width } = config;
    const [file, at] = [`model.layers.${layer}`, `/layers.${layer}/attn`];
    const h = this.norm(`/layers.${layer}/ln1`, x, `${file}.input_layernorm.weight`);
    const project = (which: string, count: number, turn: boolean): string => {
      const name = `${file}.self_attn.${which}_proj.weight`;
      const rows = this.linear(`${at}/${which}`, h, name, [count * headSize, width]);
      const sequence = w.node(`${at}/${which}`, "Unsqueeze", [rows, "axis_0"]);
      if (!turn) return sequence;
      const inputs = [sequence, cos, sin];
      return w.node(`${at}/${which}`, "RotaryEmbedding", inputs, { num_heads: count });
    };
    const operands = [
      project("q", heads, true),
      project("k", keyHeads, true),
      project("v", keyHeads, false),
    ];
    const mixed = w.node(at, "Attention", operands, {
      is_causal: 1,
      q_num_heads: heads,
      kv_num_heads: keyHeads,
    });
    const rows = w.node(at, "Squeeze", [mixed, "axis_0"]);
    const name = `${file}.self_attn.o_proj.weight`;
    const out = this.linear(`${at}/o`, rows, name, [width, heads * headSize]);
    return w.node(at, "Add", [x, out]);
  }

  private feedForward(layer: number, x: string): string {
    const { w } = this;
    const { hidden, width } = this.config;
    const [file, at] = [`model.layers.${layer}`, `/layers.${layer}/mlp`];
    const h = this.norm(`/layers.${layer}/ln2`, x, `${file}.post_attention_layernorm.weight`);
    const weight = (which: string): string => `${file}.mlp.${which}_proj.weight`;
    const gate = this.linear(`${at}/gate`, h, weight("gate"), [hidden, width]);
    const up = this.linear(`${at}/up`, h, weight("up"), [hidden, width]);
    const active = w.node(at, "Mul", [w.node(at, "Swish", [gate]), up]);
    const down = this.linear(`${at}/down`, active, weight("down"), [width, hidden]);
    return w.node(at, "Add", [x, down]);
  }

  private norm(path: string, x: string, name: string): string {
    const epsilon = float(this.config.epsilon);
    const scale = this.weight(name, [this.config.width]);
    return this.w.node(path, "RMSNormalization", [x, scale], { axis: -1, epsilon });
  }

  private linear(path: string, x: string, name: string, dims: readonly number[]): string {
    return this.w.node(path, "Gemm", [x, this.weight(name, dims)], { transB: 1 });
  }

  /** A tensor of the file, in f32. */
  private weight(name: string, dims: readonly number[]): string {
    const tensor = this.tensors.get(name);
    if (!tensor) throw malformed(`the tensor "${name}" is missing`);
    if (tensor.dims.join() !== dims.join() || tensor.dtype !== this.dtype) {
      throw malformed(
        `"${name}" is ${tensor.dtype}[${tensor.dims}], expected ${this.dtype}[${dims}]`,
      );
    }
    this.unused.delete(name);
    this.w.weight(name, tensor);
    return tensor.dtype === "f32" ? name : this.w.node(`/${name}`, "Cast", [name], { to: FLOAT });
  }
}

/** f32, as ONNX numbers dtypes. */
const FLOAT = 1;

function malformed(what: string): AssayError {
  return new AssayError("config/malformed", what);
}
