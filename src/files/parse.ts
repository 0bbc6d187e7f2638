import {
  AssayError,
  type DType,
  elementCount,
  emptyTensor,
  readerOf,
  type Tensor,
  writerOf,
} from "../../operators/index.js";
import { readJsonTensor } from "./json-tensor.js";
import { readNpy } from "./npy.js";
import { readOnnxTensor } from "./onnx-tensor.js";

/** What the tensor is for. Symbols and null fit any size; null as a whole fits any rank. */
export interface ExpectedTensor {
  readonly dtype: DType;
  readonly dims: readonly (number | string | null)[] | null;
}

/**
 * Parses the content of a tensor file by the ending of its name: `.npy`, `.pb` (ONNX TensorProto)
 * or `.json`. Values are never rounded to fit, with one exception that loses nothing: f32 values
 * that are bf16 values, where bf16 is expected. One element is accepted for a scalar.
 *
 * Throws `npy/malformed`, `onnx/malformed`, `onnx/unsupported`, `json/malformed`; `input/mismatch`
 * where the tensor is not what is expected; `usage` for another ending.
 */
export function parseTensorFile(
  name: string,
  bytes: Uint8Array,
  expected?: ExpectedTensor,
): Tensor {
  const tensor = readByEnding(name, bytes, expected?.dtype);
  return expected === undefined ? tensor : fitted(name, tensor, expected);
}

function readByEnding(name: string, bytes: Uint8Array, dtype: DType | undefined): Tensor {
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  if (ending === "npy") return readNpy(bytes, name);
  if (ending === "pb") return readOnnxTensor(bytes, name);
  if (ending === "json") return readJsonTensor(bytes, dtype, name);
  throw new AssayError("usage", `${name}: a tensor file ends in .npy, .pb or .json`);
}

function fitted(name: string, t: Tensor, { dtype, dims }: ExpectedTensor): Tensor {
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
