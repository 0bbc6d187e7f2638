import { AssayError, type DType, type Tensor } from "../../operators/basis.js";
import { type ExpectedTensor, fitTensor } from "./fit.js";
import { readJsonTensor } from "./json-tensor.js";
import { readNpy } from "./npy.js";
import { readOnnxTensor } from "./onnx-tensor.js";

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
  return expected === undefined ? tensor : fitTensor(name, tensor, expected);
}

function readByEnding(name: string, bytes: Uint8Array, dtype: DType | undefined): Tensor {
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  if (ending === "npy") return readNpy(bytes, name);
  if (ending === "pb") return readOnnxTensor(bytes, name);
  if (ending === "json") return readJsonTensor(bytes, dtype, name);
  throw new AssayError("usage", `${name}: a tensor file ends in .npy, .pb or .json`);
}
