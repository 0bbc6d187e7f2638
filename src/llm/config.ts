import { AssayError } from "../../operators/index.js";
import { type Json, parseJson } from "./json.js";

/** What config.json of a Llama model says, as far as its computation depends on it. */
export interface LlamaConfig {
  readonly vocabulary: number;
  readonly layers: number;
  /** Width of the residual stream, and of the hidden layer of the feed-forward. */
  readonly width: number;
  readonly hidden: number;
  readonly heads: number;
  /** Heads of keys and values, shared by equally many query heads each. */
  readonly keyHeads: number;
  /** Elements of one head; even. */
  readonly headSize: number;
  readonly epsilon: number;
  readonly ropeTheta: number;
  /** Longest sequence that the model was made for. */
  readonly positions: number;
  /** Whether the table of embeddings is also the head. */
  readonly tied: boolean;
}

/** Members that would change the computation, with the only values that are supported. */
const FIXED: Readonly<Record<string, readonly Json[]>> = {
  model_type: ["llama"],
  hidden_act: ["silu"],
  attention_bias: [false],
  mlp_bias: [false],
  rope_scaling: [null],
  pretraining_tp: [1],
};

/**
 * Reads config.json as Hugging Face's transformers write it for Llama. Members without a bearing on
 * the computation are not looked at; left out ones have the defaults of transformers.
 *
 * Errors: `config/malformed`, `config/unsupported` (another architecture or activation, biases,
 * scaled rotary embeddings).
 */
export function readConfig(text: string): LlamaConfig {
  const members = parseJson(text, malformed);
  if (!(members instanceof Map)) throw malformed("config.json is no JSON object");
  checkFixed(members);
  const heads = count(members, "num_attention_heads");
  const width = count(members, "hidden_size");
  const config = {
    vocabulary: count(members, "vocab_size"),
    layers: count(members, "num_hidden_layers"),
    width,
    hidden: count(members, "intermediate_size"),
    heads,
    keyHeads: count(members, "num_key_value_heads", heads),
    headSize: count(members, "head_dim", width / heads),
    epsilon: positive(members, "rms_norm_eps", 1e-6),
    ropeTheta: positive(members, "rope_theta", 10000),
    positions: count(members, "max_position_embeddings", 2048),
    tied: flag(members, "tie_word_embeddings"),
  };
  if (heads % config.keyHeads !== 0 || config.headSize % 2 !== 0) {
    throw malformed(
      `${heads} heads of ${config.headSize} elements over ${config.keyHeads} heads of keys`,
    );
  }
  return config;
}

function checkFixed(members: ReadonlyMap<string, Json>): void {
  for (const [name, allowed] of Object.entries(FIXED)) {
    const value = members.get(name);
    if (value === undefined && name !== "model_type") continue;
    if (value !== undefined && allowed.includes(value)) continue;
    throw new AssayError("config/unsupported", `${name} is ${shown(value)}`, {
      hint: `supported is ${allowed.map(shown).join(", ")}`,
      facts: { name },
    });
  }
  if (members.has("rope_parameters") || members.has("quantization_config")) {
    throw new AssayError("config/unsupported", "rope_parameters or quantization_config is given");
  }
}

/** A whole number from 1 to 2^31. */
function count(members: ReadonlyMap<string, Json>, name: string, absent?: number): number {
  const value = members.get(name) ?? absent;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 2 ** 31) {
    return value;
  }
  throw malformed(`${name} is ${shown(value)}, no count`);
}

function positive(members: ReadonlyMap<string, Json>, name: string, absent: number): number {
  const value = members.get(name) ?? absent;
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw malformed(`${name} is ${shown(value)}, no positive number`);
}

function flag(members: ReadonlyMap<string, Json>, name: string): boolean {
  const value = members.get(name) ?? false;
  if (typeof value === "boolean") return value;
  throw malformed(`${name} is ${shown(value)}, neither true nor false`);
}

function shown(value: Json | undefined): string {
  if (value === undefined) return "left out";
  return typeof value === "object" && value !== null ? "a list or an object" : String(value);
}

function malformed(what: string): AssayError {
  return new AssayError("config/malformed", what);
}
