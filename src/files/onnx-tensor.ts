import type { Tensor } from "../../operators/index.js";
import { AssayError } from "../../operators/index.js";
import { budgetOf, DEFAULT_LIMITS } from "../onnx/limits.js";
import { malformed } from "../onnx/problems.js";
import { decodeMessage } from "../onnx/proto/decode.js";
import { TensorProtoSchema } from "../onnx/proto/onnx_pb.js";
import { readTensor } from "../onnx/tensor.js";

/**
 * Reads a `.pb` file that holds one ONNX TensorProto. Raw data is a view into `bytes`; NaNs become
 * canonical. `where` names the file in messages. Throws `onnx/malformed`, `onnx/unsupported`.
 */
export function readOnnxTensor(bytes: Uint8Array, where = "tensor"): Tensor {
  const proto = decodeMessage(TensorProtoSchema, bytes, budgetOf(DEFAULT_LIMITS), where);
  if (proto.dataType === 0) throw malformed(where, "is not a tensor: it has no data type");
  const tensor = readTensor(proto, where);
  if ("unsupported" in tensor) {
    throw new AssayError("onnx/unsupported", `${where}: ${tensor.unsupported}`, {
      facts: { where },
    });
  }
  return tensor;
}
