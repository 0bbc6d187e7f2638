import { create, toBinary } from "@bufbuild/protobuf";
import type { Tensor, TensorType } from "../../operators/index.js";
import type { Skeleton } from "../graph/types.js";
import { FOLD_LIMIT, isFoldable } from "../graph/values.js";
import type { Unsupported } from "./data-types.js";
import { ABSENT, type ExternalData, isAbsent } from "./external.js";
import { type ImportOptions, importWith } from "./import.js";
import { type Budget, budgetOf, DEFAULT_LIMITS, type OnnxLimits } from "./limits.js";
import { malformed } from "./problems.js";
import { decodeMessage } from "./proto/decode.js";
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "./proto/onnx_pb.js";
import { holdsData, readTensor, readTensorType, twice } from "./tensor.js";

/**
 * The skeleton of an ONNX file: an ONNX file with the same graph, in which every initializer of more
 * than 1024 elements, also of a subgraph, is a name, a dtype and dims. Smaller ones stay, because a plan may
 * depend on their values, and so do tensors in attributes, which the graph digest covers; both lie
 * inside, wherever they lay before. Everything that no digest covers is left out.
 *
 * The same file gives the same bytes, and a skeleton gives itself. The data of large weights is not
 * looked at, and need not be there. Throws what `importOnnx` throws for a model that cannot be run.
 */
export function skeletonOf(
  bytes: Uint8Array,
  { externalData, limits = {} }: Pick<ImportOptions, "externalData" | "limits"> = {},
): Uint8Array {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const context = { externalData, budget: budgetOf(all), subgraphDepth: all.subgraphDepth };
  const { irVersion, opsetImport, functions, graph } = decodeMessage(
    ModelProtoSchema,
    bytes,
    context.budget,
    "",
  );
  if (graph === undefined) throw malformed("model", "has no graph");
  strip(graph, "graph", context);
  const proto = create(ModelProtoSchema, { irVersion, opsetImport, functions, graph });
  const skeleton = toBinary(ModelProtoSchema, proto);
  importSkeleton(skeleton, limits);
  return skeleton;
}

/**
 * Reads a skeleton that anybody may have made, with all checks of `importOnnx`. Absent weights come
 * as their types; whatever their dims, nothing of their size is allocated. Throws `onnx/malformed`
 * also where a weight of at most 1024 elements is absent, or a larger one is not: a model has one
 * skeleton.
 */
export function importSkeleton(bytes: Uint8Array, limits: Partial<OnnxLimits> = {}): Skeleton {
  return importWith<Tensor | TensorType>(bytes, { limits }, readWeight);
}

function readWeight(proto: TensorProto, where: string): Tensor | TensorType | Unsupported {
  const type = readTensorType(proto, where);
  if ("unsupported" in type) return type;
  if (proto.dataLocation !== TensorProto_DataLocation.EXTERNAL) {
    if (isFoldable(type)) return readTensor(proto, where);
    throw notSkeletal(where, `has more than ${FOLD_LIMIT} elements and is not absent`);
  }
  if (holdsData(proto)) throw twice(where);
  if (!isAbsent(proto)) throw notSkeletal(where, "lies in another file");
  if (!isFoldable(type)) return type;
  throw notSkeletal(
    where,
    `is absent, but with at most ${FOLD_LIMIT} elements it may decide a plan`,
  );
}

function notSkeletal(where: string, message: string) {
  return malformed(where, message, { hint: "this is not the skeleton of a model; make it again" });
}

interface Context {
  readonly externalData: ExternalData | undefined;
  readonly budget: Budget;
  readonly subgraphDepth: number;
}

/** Changes the decoded message, which nobody else has. */
function strip(graph: GraphProto, where: string, context: Context): void {
  graph.initializer = graph.initializer.map((proto, i) =>
    reduced(proto, `${where}.initializer[${i}] "${proto.name}"`, context.externalData),
  );
  graph.node.forEach((node, i) => {
    for (const attribute of node.attribute) {
      const at = `${where}.node[${i}].attribute "${attribute.name}"`;
      if (attribute.t) attribute.t = inlined(attribute.t, at, context.externalData);
      if (attribute.g) attribute.g = strippedSubgraph(attribute.g, at, context);
    }
  });
}

function strippedSubgraph(bytes: Uint8Array, where: string, context: Context): Uint8Array {
  if (context.subgraphDepth === 0) throw malformed(where, "subgraphs are nested too deeply");
  const graph = decodeMessage(GraphProtoSchema, bytes, context.budget, where);
  strip(graph, where, { ...context, subgraphDepth: context.subgraphDepth - 1 });
  return toBinary(GraphProtoSchema, graph);
}

function reduced(
  proto: TensorProto,
  where: string,
  externalData: ExternalData | undefined,
): TensorProto {
  const type = readTensorType(proto, where);
  if ("unsupported" in type || isFoldable(type)) return inlined(proto, where, externalData);
  const { name, dims, dataType } = proto;
  return create(TensorProtoSchema, {
    name,
    dims,
    dataType,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [{ key: "location", value: ABSENT }],
  });
}

/** With raw data. One that is not supported stays, so that importing names it with all others. */
function inlined(
  proto: TensorProto,
  where: string,
  externalData: ExternalData | undefined,
): TensorProto {
  const tensor = readTensor(proto, where, externalData);
  if ("unsupported" in tensor) return proto;
  const { name, dims, dataType } = proto;
  return create(TensorProtoSchema, { name, dims, dataType, rawData: tensor.bytes });
}
