import { type OperatorDefinition, resolveVersion } from "../../operators/index.js";
import { findControlFlow } from "../graph/control/index.js";
import { subgraphsOf } from "../graph/subgraphs.js";
import type { GraphNode, NodeAttributes, Subgraph } from "../graph/types.js";
import { knowsAttribute } from "./attribute-names.js";
import { readAttributes } from "./attributes.js";
import type { ExternalData } from "./external.js";
import type { Budget } from "./limits.js";
import { canonicalDomain } from "./opsets.js";
import { malformed, type UnsupportedList } from "./problems.js";
import type { NodeProto } from "./proto/onnx_pb.js";
import type { WeightTable } from "./weights.js";

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
  readonly weights: WeightTable;
  /** How many subgraphs more may be inside each other. */
  readonly subgraphDepth: number;
  /** Before readable names: "", "If_3/then_branch/". */
  readonly path: string;
  /** Reads the GraphProto in an attribute of the node at `path`. */
  subgraph(bytes: Uint8Array, where: string, path: string, context: NodeContext): Subgraph;
}

/** The nodes of a graph in file order, what cannot be run reported to `context.unsupported`. */
export function readNodes(
  nodes: readonly NodeProto[],
  names: readonly string[],
  where: string,
  context: NodeContext,
): GraphNode[] {
  return nodes.map((proto, i) => {
    const name = names[i] as string;
    return readNode(proto, name, `${where}.node[${i}] "${name}"`, context);
  });
}

function readNode(proto: NodeProto, name: string, where: string, context: NodeContext): GraphNode {
  const domain = canonicalDomain(proto.domain);
  const operator = displayName(domain, proto.opType);
  const path = `${context.path}${name}`;
  const report = (reason: string): void => context.unsupported.add(path, operator, reason);
  const version = resolve(proto, domain, where, context, report);
  const attributes = readAttributes(proto.attribute, {
    where,
    externalData: context.externalData,
    // An operator that is unknown has been reported as a whole.
    unsupported: version === undefined ? () => {} : report,
    subgraph: (label, bytes) =>
      context.subgraph(bytes, `${where}.${label}`, `${path}/${label}/`, context),
  });
  if (version !== undefined) reportUnknown(operator, version, attributes, report);
  const { input, output, opType } = proto;
  const node = { name, domain, operator: opType, version: version ?? 0, attributes };
  const read: GraphNode = { ...node, inputs: input, outputs: output };
  if (version !== undefined && !findControlFlow(domain, opType)) {
    for (const { label } of subgraphsOf(read))
      report(`attribute ${label}: a subgraph is not supported`);
  }
  return read;
}

/** A subgraph that nothing runs is reported as such. */
function reportUnknown(
  operator: string,
  version: number,
  attributes: NodeAttributes,
  report: (reason: string) => void,
): void {
  for (const [name, { kind }] of attributes) {
    if (kind !== "graph" && !knowsAttribute(operator, version, name)) {
      report(`there is no attribute ${name}`);
    }
  }
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
  const definition = findControlFlow(domain, name) ?? context.definitions(domain, name);
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
