import { findDefinition, type TensorType } from "../../operators/index.js";
import type { Graph, GraphNode, Model, ValueInfo } from "../graph/types.js";
import type { ExternalData } from "./external.js";
import { budgetOf, DEFAULT_LIMITS, type OnnxLimits } from "./limits.js";
import { nodeNames } from "./names.js";
import { type DefinitionLookup, functionKey, readNodes } from "./nodes.js";
import { readOpsets } from "./opsets.js";
import { malformed, UnsupportedList } from "./problems.js";
import { decodeMessage } from "./proto/decode.js";
import { ModelProtoSchema, type ValueInfoProto } from "./proto/onnx_pb.js";
import { readSubgraph } from "./subgraph.js";
import { readTensor } from "./tensor.js";
import { freeInputs, readValueInfo } from "./value-info.js";
import { type WeightReader, WeightTable } from "./weights.js";
import { runOrder } from "./wiring.js";

export interface ImportOptions {
  /** Reads tensors that the model keeps in other files; without it such models are refused. */
  readonly externalData?: ExternalData;
  readonly limits?: Partial<OnnxLimits>;
  /** Which operators exist; the library's own by default. */
  readonly definitions?: DefinitionLookup;
}

/**
 * Reads an ONNX file: nodes in file order (see `runOrder`), nothing rewritten, weights as views into `bytes` (which
 * must not change afterwards). An input that is also an initializer is a weight: its value is part
 * of the model and cannot be overridden.
 *
 * Throws `onnx/malformed` where the file breaks the format, and one `onnx/unsupported` that lists
 * everything in the model that cannot be run (`facts.items`: node, operator, reason).
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): Model {
  return importWith(bytes, options, (proto, where) =>
    readTensor(proto, where, options.externalData),
  );
}

/** The same, with another way to read the initializers; tensors in attributes are read as ever. */
export function importWith<T extends TensorType>(
  bytes: Uint8Array,
  options: ImportOptions,
  readWeight: WeightReader<T>,
): { readonly graph: Graph; readonly weights: ReadonlyMap<string, T> } {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const budget = budgetOf(limits);
  const model = decodeMessage(ModelProtoSchema, bytes, budget, "");
  const unsupported = new UnsupportedList();
  const graph = model.graph;
  if (graph === undefined) throw malformed("model", "has no graph");
  const opsets = readOpsets(model, unsupported);
  const weights = new WeightTable(readWeight, unsupported);
  weights.readOuter(graph);
  const inputs = readValues(freeInputs(graph), "input", unsupported);
  const outputs = readValues(graph.output, "output", unsupported);
  const nodes = readNodes(graph.node, nodeNames(graph.node), "graph", {
    opsets,
    functions: new Set(model.functions.map((f) => functionKey(f.domain, f.name))),
    definitions: options.definitions ?? findDefinition,
    externalData: options.externalData,
    unsupported,
    budget,
    weights,
    subgraphDepth: limits.subgraphDepth,
    path: "",
    subgraph: readSubgraph,
  });
  const order = runOrder(graph, nodes, "graph", "outermost");
  unsupported.throwIfAny();
  const ordered = order.map((i) => nodes[i] as GraphNode);
  const { name } = graph;
  return { graph: { name, inputs, outputs, nodes: ordered }, weights: weights.tensors };
}

function readValues(
  protos: readonly ValueInfoProto[],
  kind: "input" | "output",
  unsupported: UnsupportedList,
): ValueInfo[] {
  return protos.flatMap((proto, i) => {
    const value = readValueInfo(proto, `graph.${kind}[${i}]`);
    if (!("unsupported" in value)) return [value];
    unsupported.add(proto.name, "", `${kind}: ${value.unsupported}`);
    return [];
  });
}
