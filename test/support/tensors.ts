import { writerOf } from "../../operators/backends/interpreter/storage.js";
import { DTYPES, type DType, emptyTensor, type Tensor } from "../../operators/index.js";

/** A tensor from register values; integers may be given as numbers for every integer dtype. */
export function tensorFrom(
  dtype: DType,
  dims: readonly number[],
  values: readonly (number | bigint)[],
): Tensor {
  const t = emptyTensor(dtype, dims);
  const write = writerOf(dtype, t.bytes);
  const wide = DTYPES[dtype].register === "i64";
  values.forEach((v, i) => {
    write(i, wide ? BigInt(v) : v);
  });
  return t;
}

/** Each element's bits in hex, most significant digit first. */
export function bitsOf(t: Tensor): string[] {
  const { size } = DTYPES[t.dtype];
  return Array.from({ length: t.bytes.length / size }, (_, i) =>
    [...t.bytes.subarray(i * size, (i + 1) * size)]
      .reverse()
      .map((b) => b.toString(16).padStart(2, "0"))
      .join(""),
  );
}

/** Values 1, 2, 3, …, wrapped to the dtype. */
export function counting(dtype: DType, dims: readonly number[]): Tensor {
  const count = dims.reduce((n, d) => n * d, 1);
  return tensorFrom(
    dtype,
    dims,
    Array.from({ length: count }, (_, i) => (dtype === "bool" ? i % 2 : i + 1)),
  );
}
