/** A safetensors file from a header, as an object or as text, and the bytes after it. */
export function safetensorsFile(header: unknown, data: Uint8Array): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const bytes = new TextEncoder().encode(text);
  const length = new Uint8Array(new BigUint64Array([BigInt(bytes.length)]).buffer);
  return new Uint8Array(Buffer.concat([length, bytes, data]));
}

export const entry = (dtype: string, shape: readonly number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

export const CONFIG = {
  model_type: "llama",
  hidden_act: "silu",
  hidden_size: 8,
  intermediate_size: 12,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  num_hidden_layers: 2,
  vocab_size: 10,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: 64,
  tie_word_embeddings: false,
} as const;
