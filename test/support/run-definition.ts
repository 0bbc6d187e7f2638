import {
  type AttributeValue,
  elementCount,
  findDefinition,
  type Lowering,
  type LoweringContext,
  type OperatorDefinition,
  type Tensor,
  type UniformTensor,
} from "../../operators/index.js";
import { runLowering } from "../../src/graph/run-lowering.js";

/** A node of one operator, with its inputs. */
export interface NodeUnderTest {
  readonly operator: string;
  readonly domain?: string;
  /** Since-version of the schema. */
  readonly version: number;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly inputs: readonly (Tensor | undefined)[];
  /** How many outputs the node names; 1 unless given. */
  readonly outputs?: number;
}

export function lowerNode(node: NodeUnderTest): Lowering {
  return definitionOf(node).lower(contextOf(node));
}

function definitionOf(node: NodeUnderTest): OperatorDefinition {
  const definition = findDefinition(node.domain ?? "", node.operator);
  if (!definition) throw new Error(`${node.operator} has no definition`);
  return definition;
}

function contextOf(node: NodeUnderTest): LoweringContext {
  return {
    node: `/${node.operator}`,
    version: node.version,
    attributes: new Map(Object.entries(node.attributes ?? {})),
    inputs: node.inputs.map((t) => t && { dtype: t.dtype, dims: t.dims }),
    values: node.inputs,
    outputCount: node.outputs ?? 1,
  };
}

/** A folded value with its elements written out. */
function materialised(t: Tensor | UniformTensor): Tensor {
  if (!("element" in t)) return t;
  const bytes = new Uint8Array(elementCount(t.dims) * t.element.length);
  for (let i = 0; i < bytes.length; i += t.element.length) bytes.set(t.element, i);
  return { dtype: t.dtype, dims: t.dims, bytes };
}

/** Runs every stage on the interpreter, or folds, and yields the outputs. */
export function runNode(node: NodeUnderTest): Tensor[] {
  const definition = definitionOf(node);
  if (definition.fold) return definition.fold(contextOf(node)).map(materialised);
  return runLowering(lowerNode(node), node.inputs);
}

export const int = (value: number): AttributeValue => ({ kind: "int", value: BigInt(value) });
export const ints = (...values: number[]): AttributeValue => ({
  kind: "ints",
  value: values.map(BigInt),
});
export const float = (value: number): AttributeValue => ({
  kind: "float",
  value: Math.fround(value),
});
export const text = (value: string): AttributeValue => ({ kind: "string", value });
export const texts = (...value: string[]): AttributeValue => ({ kind: "strings", value });
