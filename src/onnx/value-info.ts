import type { ValueInfo } from "../graph/types.js";
import { readDType, type Unsupported } from "./data-types.js";
import { malformed } from "./problems.js";
import type { GraphProto, TensorShapeProto_Dimension, ValueInfoProto } from "./proto/onnx_pb.js";

/**
 * The declared type of a graph input or output. A dimension that is negative, unnamed or absent is
 * unknown (null), so are all of them where there is no shape. Throws `onnx/malformed` where there is no type at all.
 */
export function readValueInfo(proto: ValueInfoProto, where: string): ValueInfo | Unsupported {
  const type = proto.type?.value;
  if (type?.case === undefined) throw malformed(where, `"${proto.name}" has no type`);
  if (type.case !== "tensorType") {
    return { unsupported: `a ${type.case.replace("Type", "")} is not a tensor` };
  }
  const dtype = readDType(type.value.elemType);
  if (typeof dtype !== "string") return dtype;
  const shape = type.value.shape;
  const dims = shape?.dim.map((d, i) => readDimension(d, `${where}.dim[${i}]`)) ?? null;
  return { name: proto.name, dtype, dims };
}

function readDimension(
  { value }: TensorShapeProto_Dimension,
  where: string,
): number | string | null {
  if (value.case === "dimParam") return value.value === "" ? null : value.value;
  if (value.case === undefined || value.value < 0n) return null;
  if (value.value >= 2n ** 48n) throw malformed(where, `${value.value} is too large`);
  return Number(value.value);
}

/** Declared inputs without those that files older than version 4 list for each initializer. */
export function freeInputs(graph: GraphProto): ValueInfoProto[] {
  const initialized = new Set(graph.initializer.map((t) => t.name));
  for (const t of graph.sparseInitializer) initialized.add(t.values?.name ?? "");
  return graph.input.filter((v) => !initialized.has(v.name));
}
