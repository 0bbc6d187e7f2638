import { toBinary } from "@bufbuild/protobuf";
import type { NodeAttribute, NodeAttributes, Subgraph } from "../graph/types.js";
import type { ExternalData } from "./external.js";
import { malformed } from "./problems.js";
import {
  type AttributeProto,
  type AttributeProto_AttributeType,
  AttributeProtoSchema,
  AttributeProto_AttributeType as Type,
} from "./proto/onnx_pb.js";
import { readTensor } from "./tensor.js";

export interface AttributeContext {
  /** Path of the node, for messages. */
  readonly where: string;
  readonly externalData: ExternalData | undefined;
  /** Called with a reason for each attribute that nothing here can use. */
  unsupported(reason: string): void;
  /** Reads the GraphProto in the attribute `name`. */
  subgraph(name: string, bytes: Uint8Array): Subgraph;
}

/**
 * A node's attributes by name, in file order. What nothing here can use (a list of subgraphs, a sparse
 * tensor, a tensor of an unsupported type) is reported and kept as opaque bytes: the serialised
 * AttributeProto. Throws `onnx/malformed`.
 */
export function readAttributes(
  protos: readonly AttributeProto[],
  context: AttributeContext,
): NodeAttributes {
  const attributes = new Map<string, NodeAttribute>();
  protos.forEach((proto, i) => {
    const where = `${context.where}.attribute[${i}]`;
    if (proto.name === "") throw malformed(where, "has no name");
    if (attributes.has(proto.name)) throw malformed(where, `"${proto.name}" is given twice`);
    if (proto.refAttrName !== "") throw malformed(where, "refers to a function's attribute");
    attributes.set(proto.name, readAttribute(proto, `${where} "${proto.name}"`, context));
  });
  return attributes;
}

function readAttribute(
  proto: AttributeProto,
  where: string,
  context: AttributeContext,
): NodeAttribute {
  const type = typeOf(proto, where);
  switch (type) {
    case Type.FLOAT:
      return { kind: "float", value: proto.f ?? 0 };
    case Type.INT:
      return { kind: "int", value: proto.i ?? 0n };
    case Type.STRING: {
      const value = readText(proto.s ?? new Uint8Array(0));
      return value === undefined ? opaque(proto, NOT_TEXT) : { kind: "string", value };
    }
    case Type.FLOATS:
      return { kind: "floats", value: proto.floats };
    case Type.INTS:
      return { kind: "ints", value: proto.ints };
    case Type.STRINGS: {
      const value = proto.strings.map(readText);
      const all = value.every((s): s is string => s !== undefined);
      return all ? { kind: "strings", value } : opaque(proto, NOT_TEXT);
    }
    case Type.TENSOR: {
      if (proto.t === undefined) throw malformed(where, "has no tensor");
      const tensor = readTensor(proto.t, where, context.externalData);
      if (!("unsupported" in tensor)) return { kind: "tensor", value: tensor };
      context.unsupported(`attribute ${proto.name}: ${tensor.unsupported}`);
      return opaque(proto, "a tensor");
    }
    case Type.GRAPH:
      if (proto.g === undefined) throw malformed(where, "has no graph");
      return { kind: "graph", value: context.subgraph(proto.name, proto.g) };
    default: {
      const what = PRESENCE.find((p) => p.type === type)?.what ?? `type ${type}`;
      context.unsupported(`attribute ${proto.name}: ${what} is not supported`);
      return opaque(proto, what);
    }
  }
}

const NOT_TEXT = "bytes that are not UTF-8";

function opaque(proto: AttributeProto, what: string): NodeAttribute {
  return { kind: "opaque", what, bytes: toBinary(AttributeProtoSchema, proto) };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Which field carries which type, and how messages call it. */
const PRESENCE: readonly {
  readonly type: AttributeProto_AttributeType;
  readonly what: string;
  present(a: AttributeProto): boolean;
}[] = [
  { type: Type.FLOAT, what: "a float", present: (a) => a.f !== undefined },
  { type: Type.INT, what: "an int", present: (a) => a.i !== undefined },
  { type: Type.STRING, what: "a string", present: (a) => a.s !== undefined },
  { type: Type.TENSOR, what: "a tensor", present: (a) => a.t !== undefined },
  { type: Type.GRAPH, what: "a subgraph", present: (a) => a.g !== undefined },
  { type: Type.FLOATS, what: "floats", present: (a) => a.floats.length > 0 },
  { type: Type.INTS, what: "ints", present: (a) => a.ints.length > 0 },
  { type: Type.STRINGS, what: "strings", present: (a) => a.strings.length > 0 },
  { type: Type.TENSORS, what: "a list of tensors", present: (a) => a.tensors.length > 0 },
  { type: Type.GRAPHS, what: "a list of subgraphs", present: (a) => a.graphs.length > 0 },
  {
    type: Type.SPARSE_TENSOR,
    what: "a sparse tensor",
    present: (a) => a.sparseTensor !== undefined,
  },
  {
    type: Type.SPARSE_TENSORS,
    what: "a list of sparse tensors",
    present: (a) => a.sparseTensors.length > 0,
  },
  { type: Type.TYPE_PROTO, what: "a type", present: (a) => a.tp !== undefined },
  { type: Type.TYPE_PROTOS, what: "a list of types", present: (a) => a.typeProtos.length > 0 },
];

/**
 * The declared type; where an old file declares none, the type of the one field that is there.
 * Writers may leave out fields that hold zero, so a declared type needs no field.
 */
function typeOf(proto: AttributeProto, where: string): AttributeProto_AttributeType {
  const present = PRESENCE.filter((p) => p.present(proto));
  if (proto.type === Type.UNDEFINED) {
    const only = present[0];
    if (only === undefined || present.length > 1) throw malformed(where, "has no clear type");
    return only.type;
  }
  const declared = PRESENCE.find((p) => p.type === proto.type);
  if (declared === undefined) throw malformed(where, `type ${proto.type} does not exist`);
  const other = present.find((p) => p !== declared);
  if (other !== undefined) {
    throw malformed(where, `is declared as ${declared.what} but holds ${other.what}`);
  }
  return declared.type;
}
