import type { GraphNode, Subgraph, SubgraphValue } from "../graph/types.js";
import { nodeNames } from "./names.js";
import { type NodeContext, readNodes } from "./nodes.js";
import { malformed } from "./problems.js";
import { decodeMessage } from "./proto/decode.js";
import { GraphProtoSchema, type ValueInfoProto } from "./proto/onnx_pb.js";
import { freeInputs, readValueInfo } from "./value-info.js";
import { runOrder } from "./wiring.js";

/**
 * A graph inside a node. Its nodes come in an order in which they can run; names that it does not
 * define are those of the graphs around it, where they are checked. What cannot be run is reported
 * with `path` before it. Throws `onnx/malformed`.
 */
export function readSubgraph(
  bytes: Uint8Array,
  where: string,
  path: string,
  outer: NodeContext,
): Subgraph {
  if (outer.subgraphDepth === 0) throw malformed(where, "subgraphs are nested too deeply");
  const graph = decodeMessage(GraphProtoSchema, bytes, outer.budget, where);
  const context = { ...outer, path, subgraphDepth: outer.subgraphDepth - 1 };
  const names = nodeNames(graph.node);
  const initializers = context.weights.readInner(graph, where, path);
  const inputs = readValues(freeInputs(graph), `${where}.input`, context);
  const outputs = readValues(graph.output, `${where}.output`, context);
  const nodes = readNodes(graph.node, names, where, context);
  const order = runOrder(graph, nodes, where, "inner");
  return {
    name: graph.name,
    inputs,
    outputs,
    initializers,
    nodes: order.map((i) => nodes[i] as GraphNode),
  };
}

function readValues(
  protos: readonly ValueInfoProto[],
  where: string,
  { path, unsupported }: NodeContext,
): SubgraphValue[] {
  return protos.map((proto, i) => {
    const { name } = proto;
    if (proto.type?.value.case === undefined) return { name, type: null };
    const value = readValueInfo(proto, `${where}[${i}]`);
    if (!("unsupported" in value)) return { name, type: { dtype: value.dtype, dims: value.dims } };
    unsupported.add(`${path}${name}`, "", `in a subgraph: ${value.unsupported}`);
    return { name, type: null };
  });
}
