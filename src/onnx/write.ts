import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type AttributeValue, DTYPES, type Tensor } from "../../operators/index.js";
import type { GraphNode, Model, ValueInfo } from "../graph/types.js";
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  AttributeProto_AttributeType as Type,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./proto/onnx_pb.js";

export interface WriteOptions {
  /** Opset per domain ("" is ai.onnx); must resolve to the versions that the nodes have. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: string;
  /** Version of the file format; 8 is read by every runtime of the last years. */
  readonly irVersion?: number;
}

/**
 * A model as an ONNX file, weights as raw data. The same model gives the same bytes everywhere, and
 * `importOnnx` gives the model back. Float attributes are f32 in the format and are rounded to it.
 */
export function writeOnnx(model: Model, options: WriteOptions): Uint8Array {
  const { graph, weights } = model;
  const domains = [...options.opsets].sort(([a], [b]) => (a < b ? -1 : 1));
  const proto = create(ModelProtoSchema, {
    irVersion: BigInt(options.irVersion ?? 8),
    producerName: options.producer,
    opsetImport: domains.map(([domain, version]) => ({ domain, version: BigInt(version) })),
    graph: create(GraphProtoSchema, {
      name: graph.name,
      node: graph.nodes.map(nodeProto),
      initializer: [...weights].map(([name, t]) => tensorProto(t, name)),
      input: graph.inputs.map(valueInfoProto),
      output: graph.outputs.map(valueInfoProto),
    }),
  });
  return toBinary(ModelProtoSchema, proto);
}

/** A tensor as the bytes of a TensorProto, the content of a `.pb` file. */
export function writeTensorProto(t: Tensor, name = ""): Uint8Array {
  return toBinary(TensorProtoSchema, tensorProto(t, name));
}

function tensorProto(t: Tensor, name: string): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: DTYPES[t.dtype].code,
    dims: t.dims.map(BigInt),
    rawData: t.bytes,
  });
}

function valueInfoProto(info: ValueInfo): ValueInfoProto {
  const dim = info.dims?.map((d) => ({ value: dimension(d) }));
  return create(ValueInfoProtoSchema, {
    name: info.name,
    type: {
      value: {
        case: "tensorType",
        value: { elemType: DTYPES[info.dtype].code, ...(dim ? { shape: { dim } } : {}) },
      },
    },
  });
}

function dimension(d: number | string | null) {
  if (typeof d === "number") return { case: "dimValue" as const, value: BigInt(d) };
  if (typeof d === "string") return { case: "dimParam" as const, value: d };
  return { case: undefined };
}

function nodeProto(node: GraphNode): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    domain: node.domain,
    opType: node.operator,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: [...node.attributes].map(([name, value]) => attributeProto(name, value)),
  });
}

function attributeProto(name: string, a: AttributeValue): AttributeProto {
  switch (a.kind) {
    case "float":
      return create(AttributeProtoSchema, { name, type: Type.FLOAT, f: a.value });
    case "int":
      return create(AttributeProtoSchema, { name, type: Type.INT, i: a.value });
    case "string":
      return create(AttributeProtoSchema, { name, type: Type.STRING, s: utf8.encode(a.value) });
    case "tensor":
      return create(AttributeProtoSchema, { name, type: Type.TENSOR, t: tensorProto(a.value, "") });
    case "floats":
      return create(AttributeProtoSchema, { name, type: Type.FLOATS, floats: [...a.value] });
    case "ints":
      return create(AttributeProtoSchema, { name, type: Type.INTS, ints: [...a.value] });
    case "strings": {
      const strings = a.value.map((s) => utf8.encode(s));
      return create(AttributeProtoSchema, { name, type: Type.STRINGS, strings });
    }
    case "opaque":
      return fromBinary(AttributeProtoSchema, a.bytes);
  }
}

const utf8 = new TextEncoder();
