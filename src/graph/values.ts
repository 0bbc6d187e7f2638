import {
  AssayError,
  byteLength,
  elementCount,
  type Tensor,
  type TensorType,
  tensorOf,
  type UniformTensor,
} from "../../operators/basis.js";

/**
 * A value that is known when shapes are bound: a whole tensor, or a uniform one.
 */
export type KnownValue = Tensor | UniformTensor;

/** Nodes are folded at binding only when everything they read and write is this small. */
export const FOLD_LIMIT = 1024;

export function isUniform(value: KnownValue): value is UniformTensor {
  return "element" in value;
}

export function isFoldable(type: TensorType): boolean {
  return elementCount(type.dims) <= FOLD_LIMIT;
}

/** Whether a weight is there, and not only its type. */
export function isWhole(weight: TensorType): weight is Tensor {
  return "bytes" in weight;
}

/** Writes a known value's bytes into `into`. */
export function fillValue(value: KnownValue, into: Uint8Array): void {
  if (!isUniform(value)) {
    into.set(value.bytes);
    return;
  }
  if (into.length === 0) return;
  into.set(value.element);
  // Doubling copies: memmove speed without a loop over elements.
  for (let done = value.element.length; done < into.length; done *= 2) {
    into.copyWithin(done, 0, Math.min(done, into.length - done));
  }
}

/** A known value as a tensor. Throws `model/too-large` where memory does not hold it. */
export function materialize(value: KnownValue): Tensor {
  if (!isUniform(value)) return value;
  const bytes = allocate(value);
  fillValue(value, bytes);
  return tensorOf(value.dtype, value.dims, bytes);
}

function allocate(type: TensorType): Uint8Array {
  try {
    return new Uint8Array(byteLength(type));
  } catch (cause) {
    const message = `a constant ${type.dtype}[${type.dims}] does not fit into memory`;
    throw new AssayError("model/too-large", message, { cause });
  }
}
