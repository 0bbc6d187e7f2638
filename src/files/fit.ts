import {
  AssayError,
  type DType,
  elementCount,
  emptyTensor,
  readerOf,
  type Tensor,
  writerOf,
} from "../../operators/basis.js";

/** What the tensor is for. Symbols and null fit any size; null as a whole fits any rank. */
export interface ExpectedTensor {
  readonly dtype: DType;
  readonly dims: readonly (number | string | null)[] | null;
}

/**
 * The tensor of a file as what it is for. Values are never rounded, with one exception that loses
 * nothing: f32 values that are bf16 values, where bf16 is expected. One element is accepted for a
 * scalar. Throws `input/mismatch`.
 */
export function fitTensor(name: string, t: Tensor, { dtype, dims }: ExpectedTensor): Tensor {
  const typed = t.dtype === "f32" && dtype === "bf16" ? narrowed(name, t) : t;
  const mismatch = () => {
    const shown = dims === null ? "any shape" : dims.map((d) => d ?? "?").join(",");
    return new AssayError(
      "input/mismatch",
      `${name}: holds ${t.dtype}[${t.dims}] where ${dtype}[${shown}] is expected`,
      { hint: "convert the file; values are not rounded silently", facts: { name, dtype, dims } },
    );
  };
  if (typed.dtype !== dtype) throw mismatch();
  if (dims === null) return typed;
  if (dims.length === 0 && elementCount(t.dims) === 1) return { ...typed, dims: [] };
  const fits = (d: number, i: number) => typeof dims[i] !== "number" || dims[i] === d;
  if (dims.length !== t.dims.length || !t.dims.every(fits)) throw mismatch();
  return typed;
}

/** f32 as bf16, if every value is one. */
function narrowed(name: string, t: Tensor): Tensor {
  const narrow = emptyTensor("bf16", t.dims);
  const write = writerOf("bf16", narrow.bytes);
  const wide = readerOf("f32", t.bytes);
  const back = readerOf("bf16", narrow.bytes);
  for (let i = 0; i < narrow.bytes.length / 2; i++) {
    write(i, wide(i));
    if (!Object.is(back(i), wide(i))) {
      throw new AssayError("input/mismatch", `${name}: element ${i}, ${wide(i)}, is not a bf16`, {
        hint: "round the values to bf16 before you write them",
        facts: { name, element: i },
      });
    }
  }
  return narrow;
}
