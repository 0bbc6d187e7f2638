import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { Budget } from "../limits.js";
import { malformed } from "../problems.js";
import { scanMessage } from "./scan.js";

/**
 * Decodes untrusted bytes. `bytes` fields are views into them, nothing is copied. Throws
 * `onnx/malformed` or `onnx/unsupported` (see `scanMessage`) and nothing else.
 */
export function decodeMessage<S extends DescMessage>(
  schema: S,
  bytes: Uint8Array,
  budget: Budget,
  where: string,
): MessageShape<S> {
  scanMessage(schema, bytes, budget, where);
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw malformed(where, "cannot be decoded", { cause });
  }
}
