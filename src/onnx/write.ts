import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AssayError, DTYPES, type Tensor } from "../../operators/index.js";
import { innerWeights } from "../graph/subgraphs.js";
import type {
  GraphNode,
  Model,
  NodeAttribute,
  Subgraph,
  SubgraphValue,
  ValueInfo,
} from "../graph/types.js";
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
  const hidden = innerWeights(graph.nodes);
  const domains = [...options.opsets].sort(([a], [b]) => (a < b ? -1 : 1));
  const proto = create(ModelProtoSchema, {
    irVersion: BigInt(options.irVersion ?? 8),
    producerName: options.producer,
    opsetImport: domains.map(([domain, version]) => ({ domain, version: BigInt(version) })),
    graph: create(GraphProtoSchema, {
      name: graph.name,
      node: graph.nodes.map((node) => nodeProto(node, weights)),
      initializer: [...weights].flatMap(([name, t]) =>
        hidden.has(name) ? [] : [tensorProto(t, name)],
      ),
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

function nodeProto(node: GraphNode, weights: Model["weights"]): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    domain: node.domain,
    opType: node.operator,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: [...node.attributes].map(([name, value]) => attributeProto(name, value, weights)),
  });
}

function attributeProto(name: string, a: NodeAttribute, weights: Model["weights"]): AttributeProto {
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
    case "graph":
      return create(AttributeProtoSchema, {
        name,
        type: Type.GRAPH,
        g: subgraphBytes(a.value, weights),
      });
    case "opaque":
      return fromBinary(AttributeProtoSchema, a.bytes);
  }
}

function subgraphBytes(graph: Subgraph, weights: Model["weights"]): Uint8Array {
  const proto = create(GraphProtoSchema, {
    name: graph.name,
    node: graph.nodes.map((node) => nodeProto(node, weights)),
    initializer: graph.initializers.map(({ name, weight }) =>
      tensorProto(weightOf(weights, weight), name),
    ),
    input: graph.inputs.map(subgraphValueProto),
    output: graph.outputs.map(subgraphValueProto),
  });
  return toBinary(GraphProtoSchema, proto);
}

function subgraphValueProto({ name, type }: SubgraphValue): ValueInfoProto {
  return type === null ? create(ValueInfoProtoSchema, { name }) : valueInfoProto({ name, ...type });
}

function weightOf(weights: Model["weights"], name: string): Tensor {
  const tensor = weights.get(name);
  if (tensor) return tensor;
  throw new AssayError("graph/invalid", `there is no weight "${name}"`);
}

const utf8 = new TextEncoder();
