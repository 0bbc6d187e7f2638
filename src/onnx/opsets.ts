import { malformed, type UnsupportedList } from "./problems.js";
import type { ModelProto } from "./proto/onnx_pb.js";

/** The newest opset of ai.onnx whose operators' versions are known; a newer one may redefine them. */
export const NEWEST_OPSET = 28;

/** The newest published version of the file format itself (ONNX 1.21). */
export const NEWEST_IR = 13;

/** The name under which a domain is known here: ai.onnx is "". */
export function canonicalDomain(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

/** Opset per domain, as the model imports them. */
export function readOpsets(
  model: ModelProto,
  unsupported: UnsupportedList,
): ReadonlyMap<string, number> {
  const ir = model.irVersion;
  if (ir < 1n) throw malformed("ir_version", `${ir} is not a version`);
  if (ir > BigInt(NEWEST_IR)) {
    unsupported.add("model", "", `file format version ${ir} is newer than ${NEWEST_IR}`);
  }
  const opsets = new Map<string, number>();
  model.opsetImport.forEach(({ domain, version }, i) => {
    const where = `opset_import[${i}]`;
    const name = canonicalDomain(domain);
    if (version < 1n || version > 0x7fffffffn) {
      throw malformed(where, `${version} is not an opset version`);
    }
    if (opsets.has(name)) throw malformed(where, `domain "${domain}" is imported twice`);
    opsets.set(name, Number(version));
  });
  // The format had no opset_import before version 3; such files mean the first opset.
  if (opsets.size === 0 && ir < 3n) opsets.set("", 1);
  const main = opsets.get("") ?? 1;
  if (main > NEWEST_OPSET) {
    unsupported.add("model", "", `opset ${main} is newer than ${NEWEST_OPSET}`);
  }
  return opsets;
}
