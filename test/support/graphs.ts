import {
  type AttributeValue,
  type DType,
  findDefinition,
  isFloat,
  resolveVersion,
  type Tensor,
} from "../../operators/index.js";
import { findControlFlow } from "../../src/graph/control/index.js";
import type { GraphNode, Model, NodeAttribute, Subgraph } from "../../src/graph/types.js";

/** Small graphs for tests, written the short way. */
export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, NodeAttribute>>;
  readonly name?: string;
}

export interface GraphSpec {
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype?: DType;
    readonly dims: readonly (number | string | null)[] | null;
  }[];
  /** Names, of tensors of the first float input's dtype, or f32, unless said otherwise. */
  readonly outputs: readonly (string | { readonly name: string; readonly dtype: DType })[];
  readonly nodes: readonly NodeSpec[];
  readonly weights?: Readonly<Record<string, Tensor>>;
}

const OPSET = 20;

/** A model of opset 20, or of another; graphs inside its nodes are of opset 20. */
export function modelOf(spec: GraphSpec, opset = OPSET): Model {
  return {
    graph: {
      name: "test",
      inputs: spec.inputs.map((v) => ({ dtype: "f32" as const, ...v })),
      outputs: spec.outputs.map((v) => ({
        ...(typeof v === "string" ? { name: v, dtype: floatDType(spec) } : v),
        dims: null,
      })),
      nodes: spec.nodes.map((node, i) => nodeOf(node, i, opset)),
    },
    weights: new Map(Object.entries(spec.weights ?? {})),
  };
}

function floatDType({ inputs }: GraphSpec): DType {
  const dtypes = inputs.map((v) => v.dtype ?? "f32");
  return dtypes.find((d) => isFloat(d)) ?? "f32";
}

function nodeOf(
  { op, inputs, outputs, attributes = {}, name }: NodeSpec,
  index: number,
  opset: number,
): GraphNode {
  const definition = findControlFlow("", op) ?? findDefinition("", op);
  const version = definition && resolveVersion(definition, opset);
  if (version === undefined) throw new Error(`${op} has no definition for opset ${opset}`);
  return {
    name: name ?? `${op}_${index}`,
    domain: "",
    operator: op,
    version,
    attributes: new Map(Object.entries(attributes)),
    inputs,
    outputs,
  };
}

export interface SubgraphSpec {
  readonly inputs?: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeSpec[];
  /** The name inside, and the weight of the model that it is. */
  readonly weights?: Readonly<Record<string, string>>;
  /** Dims that it declares for its outputs, f32. */
  readonly declared?: readonly number[];
}

/** A graph that an If, Loop or Scan runs. */
export function subgraph(spec: SubgraphSpec): NodeAttribute {
  const type = spec.declared ? { dtype: "f32" as const, dims: spec.declared } : null;
  const value: Subgraph = {
    name: "inner",
    inputs: (spec.inputs ?? []).map((name) => ({ name, type: null })),
    outputs: spec.outputs.map((name) => ({ name, type })),
    initializers: Object.entries(spec.weights ?? {}).map(([name, weight]) => ({ name, weight })),
    nodes: spec.nodes.map((node, i) => nodeOf(node, i, OPSET)),
  };
  return { kind: "graph", value };
}

export const ints = (...values: readonly number[]): AttributeValue => ({
  kind: "ints",
  value: values.map(BigInt),
});

export const int = (value: number): AttributeValue => ({ kind: "int", value: BigInt(value) });
