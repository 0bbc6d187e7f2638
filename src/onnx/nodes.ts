import { type OperatorDefinition, resolveVersion } from "../../operators/index.js";
import type { GraphNode } from "../graph/types.js";
import { readAttributes } from "./attributes.js";
import type { ExternalData } from "./external.js";
import type { Budget } from "./limits.js";
import { nodeNames } from "./names.js";
import { canonicalDomain } from "./opsets.js";
import { malformed, type UnsupportedList } from "./problems.js";
import { decodeMessage } from "./proto/decode.js";
import { type GraphProto, GraphProtoSchema, type NodeProto } from "./proto/onnx_pb.js";

/** Looks up a definition; "" is ai.onnx. */
export type DefinitionLookup = (domain: string, name: string) => OperatorDefinition | undefined;

export interface NodeContext {
  readonly opsets: ReadonlyMap<string, number>;
  /** Operators that the model defines itself, as `functionKey` gives them. */
  readonly functions: ReadonlySet<string>;
  readonly definitions: DefinitionLookup;
  readonly externalData: ExternalData | undefined;
  readonly unsupported: UnsupportedList;
  readonly budget: Budget;
  readonly subgraphDepth: number;
}

/** The nodes of a graph in file order, what cannot be run reported to `context.unsupported`. */
export function readNodes(
  nodes: readonly NodeProto[],
  names: readonly string[],
  context: NodeContext,
): GraphNode[] {
  return nodes.map((proto, i) => {
    const name = names[i] as string;
    const where = `graph.node[${i}] "${name}"`;
    return readNode(proto, name, where, context);
  });
}

function readNode(proto: NodeProto, name: string, where: string, context: NodeContext): GraphNode {
  const domain = canonicalDomain(proto.domain);
  const operator = displayName(domain, proto.opType);
  const report = (reason: string): void => context.unsupported.add(name, operator, reason);
  const version = resolve(proto, domain, where, context, report);
  if (proto.output.every((value) => value === "")) report("a node without outputs has no effect");
  reportSubgraphs(proto, name, where, context);
  const attributes = readAttributes(proto.attribute, {
    where,
    externalData: context.externalData,
    // An operator that is unknown has been reported as a whole.
    unsupported: version === undefined ? () => {} : report,
  });
  return {
    name,
    domain,
    operator: proto.opType,
    version: version ?? 0,
    attributes,
    inputs: proto.input,
    outputs: proto.output,
  };
}

/** Identifies an operator whichever way its domain is written. */
export function functionKey(domain: string, name: string): string {
  return `${canonicalDomain(domain)}:${name}`;
}

function displayName(domain: string, operator: string): string {
  return domain === "" ? operator : `${domain}.${operator}`;
}

/** Since-version of the node's operator; `undefined` where it was reported as unsupported. */
function resolve(
  proto: NodeProto,
  domain: string,
  where: string,
  context: NodeContext,
  report: (reason: string) => void,
): number | undefined {
  const name = proto.opType;
  if (name === "") throw malformed(where, "has no operator");
  if (context.functions.has(functionKey(proto.domain, name))) {
    report("functions defined in the model are not supported");
    return undefined;
  }
  const opset = context.opsets.get(domain);
  if (opset === undefined) {
    throw malformed(where, `its domain "${proto.domain}" is not in opset_import`);
  }
  const definition = context.definitions(domain, name);
  if (definition === undefined) {
    report("the operator is not supported");
    return undefined;
  }
  const version = resolveVersion(definition, opset);
  if (version === undefined) {
    report(`opset ${opset} is older than the first supported version, ${definition.versions[0]}`);
  }
  return version;
}

/** Reports what is unsupported inside a node's subgraphs, so that the list is complete. */
function reportSubgraphs(
  proto: NodeProto,
  name: string,
  where: string,
  context: NodeContext,
): void {
  for (const attribute of proto.attribute) {
    const graphs = attribute.g === undefined ? attribute.graphs : [attribute.g];
    graphs.forEach((bytes, i) => {
      const label = attribute.g === undefined ? `${attribute.name}[${i}]` : attribute.name;
      if (context.subgraphDepth === 0) throw malformed(where, "subgraphs are nested too deeply");
      const path = `${where}.${label}`;
      const graph: GraphProto = decodeMessage(GraphProtoSchema, bytes, context.budget, path);
      const inner = { ...context, subgraphDepth: context.subgraphDepth - 1 };
      const names = nodeNames(graph.node);
      graph.node.forEach((node, n) => {
        readNode(node, `${name}/${label}/${names[n]}`, `${path}.node[${n}]`, inner);
      });
    });
  }
}
