import { describe, expect, test } from "vitest";
import { type DType, f32Values, i64Tensor, type Tensor } from "../../operators/index.js";
import { readConfig } from "../../src/llm/config.js";
import { llamaModel } from "../../src/llm/llama.js";
import { outputsOf, single } from "../metamorphic/machines.js";
import { normals } from "../metamorphic/tensors.js";
import { CONFIG } from "./files.js";

const config = (changes: Readonly<Record<string, unknown>> = {}) =>
  readConfig(JSON.stringify({ ...CONFIG, ...changes }));

/** All tensors that the configuration asks for. */
function tensors(dtype: DType = "f32", head = true): Map<string, Tensor> {
  const [d, hidden, kv] = [CONFIG.hidden_size, CONFIG.intermediate_size, 4];
  const made = new Map<string, Tensor>();
  const add = (name: string, dims: number[]): void => {
    made.set(name, normals(dtype, dims, made.size + 1));
  };
  add("model.embed_tokens.weight", [CONFIG.vocab_size, d]);
  for (let l = 0; l < CONFIG.num_hidden_layers; l++) {
    const at = `model.layers.${l}`;
    for (const norm of ["input", "post_attention"]) add(`${at}.${norm}_layernorm.weight`, [d]);
    for (const p of ["q", "o"]) add(`${at}.self_attn.${p}_proj.weight`, [d, d]);
    for (const p of ["k", "v"]) add(`${at}.self_attn.${p}_proj.weight`, [kv, d]);
    for (const p of ["gate", "up"]) add(`${at}.mlp.${p}_proj.weight`, [hidden, d]);
    add(`${at}.mlp.down_proj.weight`, [d, hidden]);
  }
  add("model.norm.weight", [d]);
  if (head) add("lm_head.weight", [CONFIG.vocab_size, d]);
  return made;
}

async function logits(
  model: ReturnType<typeof llamaModel>,
  ids: readonly number[],
): Promise<Tensor> {
  const outputs = await outputsOf(model, { input_ids: i64Tensor([ids.length], ids) }, single());
  return [...outputs.values()][0] as Tensor;
}

describe("a Llama model from seeded weights", () => {
  test.each([
    ["f32", true],
    ["f32", false],
    ["f16", true],
    ["bf16", false],
  ] as const)("%s, a head of its own: %s", async (dtype, head) => {
    const model = llamaModel(config({ tie_word_embeddings: !head }), tensors(dtype, head));
    const y = await logits(model, [1, 5, 9]);
    expect([y.dtype, y.dims]).toEqual(["f32", [3, CONFIG.vocab_size]]);
    expect(f32Values(y).every(Number.isFinite)).toBe(true);
  });

  test("the past decides, the future does not", async () => {
    const model = llamaModel(config(), tensors());
    const [long, short, other] = [
      await logits(model, [1, 5, 9, 2]),
      await logits(model, [1, 5]),
      await logits(model, [2, 5]),
    ];
    expect(long.bytes.subarray(0, short.bytes.length)).toEqual(short.bytes);
    expect(other.bytes).not.toEqual(short.bytes);
  });

  test("weights are those of the file, bit for bit", () => {
    const given = tensors("bf16");
    const { weights } = llamaModel(config(), given);
    for (const [name, t] of given) expect(weights.get(name)).toBe(t);
  });

  test("a tensor missing, left over, of another shape or dtype is refused", () => {
    const without = tensors();
    without.delete("model.layers.1.mlp.up_proj.weight");
    const more = tensors().set("model.layers.2.mlp.up_proj.weight", normals("f32", [1], 1));
    const reshaped = tensors().set("model.norm.weight", normals("f32", [9], 1));
    const mixed = tensors().set("model.norm.weight", normals("f16", [8], 1));
    for (const wrong of [without, more, reshaped, mixed]) {
      expect(() => llamaModel(config(), wrong)).toThrow(
        expect.objectContaining({ code: "config/malformed" }),
      );
    }
    const tied = config({ tie_word_embeddings: true });
    expect(() => llamaModel(tied, tensors())).toThrow(/lm_head/);
  });
});

describe("config.json", () => {
  test("defaults of transformers", () => {
    const { num_key_value_heads, rope_theta, rms_norm_eps, tie_word_embeddings, ...rest } = CONFIG;
    expect(readConfig(JSON.stringify(rest))).toMatchObject({
      keyHeads: 2,
      headSize: 4,
      ropeTheta: 10000,
      epsilon: 1e-6,
      tied: false,
    });
    expect([num_key_value_heads, rope_theta, rms_norm_eps, tie_word_embeddings]).toHaveLength(4);
  });

  test.each([
    { model_type: "mistral" },
    { hidden_act: "gelu" },
    { attention_bias: true },
    { mlp_bias: true },
    { rope_scaling: { type: "linear", factor: 2 } },
    { rope_parameters: {} },
    { quantization_config: {} },
    { model_type: undefined },
  ])("another computation is unsupported: %o", (change) => {
    expect(() => config(change)).toThrow(expect.objectContaining({ code: "config/unsupported" }));
  });

  test.each([
    { hidden_size: 0 },
    { hidden_size: "8" },
    { hidden_size: 7 },
    { num_key_value_heads: 3 },
    { head_dim: 3 },
    { num_hidden_layers: 1.5 },
    { vocab_size: undefined },
    { rms_norm_eps: -1 },
    { rope_theta: null, rms_norm_eps: "x" },
    { tie_word_embeddings: 1 },
  ])("is malformed: %o", (change) => {
    expect(() => config(change)).toThrow(expect.objectContaining({ code: "config/malformed" }));
  });

  test.each(["", "[]", "{", '{"a":1,"a":1}', "nul", '{"a":01}'])("no object: %s", (text) => {
    expect(() => readConfig(text)).toThrow(expect.objectContaining({ code: "config/malformed" }));
  });
});
