import { DTYPES, type DType, elementCount } from "./dtype.js";
import { AssayError } from "./errors.js";

/**
 * A dense tensor: row-major elements as little-endian bytes, the form in which they are hashed, so
 * that nothing depends on the host's endianness. `bytes` may be a view into a larger buffer.
 */
export interface Tensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

export interface TensorType {
  readonly dtype: DType;
  readonly dims: readonly number[];
}

export function byteLength(type: TensorType): number {
  return elementCount(type.dims) * DTYPES[type.dtype].size;
}

/** A tensor over given bytes. Throws `operator/invalid` where their number does not fit the dims. */
export function tensorOf(dtype: DType, dims: readonly number[], bytes: Uint8Array): Tensor {
  const expected = byteLength({ dtype, dims });
  if (bytes.length !== expected) {
    throw new AssayError(
      "operator/invalid",
      `${dtype}[${dims}] has ${expected} bytes, got ${bytes.length}`,
    );
  }
  return { dtype, dims: [...dims], bytes };
}

export function emptyTensor(dtype: DType, dims: readonly number[]): Tensor {
  return { dtype, dims: [...dims], bytes: new Uint8Array(byteLength({ dtype, dims })) };
}

export function f32Tensor(dims: readonly number[], values: ArrayLike<number>): Tensor {
  const t = emptyTensor("f32", dims);
  checkCount(t, values.length);
  const view = viewOf(t.bytes);
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    if (Number.isNaN(v)) view.setUint32(i * 4, 0x7fc00000, true);
    else view.setFloat32(i * 4, v, true);
  }
  return t;
}

export function i64Tensor(dims: readonly number[], values: readonly (number | bigint)[]): Tensor {
  const t = emptyTensor("i64", dims);
  checkCount(t, values.length);
  const view = viewOf(t.bytes);
  values.forEach((v, i) => {
    view.setBigInt64(i * 8, BigInt(v), true);
  });
  return t;
}

function checkCount(t: Tensor, count: number): void {
  if (count !== elementCount(t.dims)) {
    throw new AssayError("operator/invalid", `${t.dtype}[${t.dims}] does not hold ${count} values`);
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** f32 values as JavaScript numbers. */
export function f32Values(t: Tensor): Float32Array {
  if (t.dtype !== "f32") throw new AssayError("operator/invalid", `expected f32, got ${t.dtype}`);
  const view = viewOf(t.bytes);
  const values = new Float32Array(t.bytes.length / 4);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(i * 4, true);
  return values;
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function sameType(a: TensorType, b: TensorType): boolean {
  return (
    a.dtype === b.dtype &&
    a.dims.length === b.dims.length &&
    a.dims.every((d, i) => d === b.dims[i])
  );
}
