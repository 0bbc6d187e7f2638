import {
  type AttributeValue,
  type DType,
  findDefinition,
  resolveVersion,
  type Tensor,
} from "../../operators/index.js";
import type { GraphNode, Model } from "../../src/graph/types.js";

/** Small graphs for tests, written the short way. */
export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly name?: string;
}

export interface GraphSpec {
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype?: DType;
    readonly dims: readonly (number | string | null)[] | null;
  }[];
  /** Names, of f32 tensors unless said otherwise. */
  readonly outputs: readonly (string | { readonly name: string; readonly dtype: DType })[];
  readonly nodes: readonly NodeSpec[];
  /** Of ai.onnx; 20 unless given. */
  readonly opset?: number;
  readonly weights?: Readonly<Record<string, Tensor>>;
}

export function modelOf(spec: GraphSpec): Model {
  return {
    graph: {
      name: "test",
      inputs: spec.inputs.map((v) => ({ dtype: "f32" as const, ...v })),
      outputs: spec.outputs.map((v) => ({
        ...(typeof v === "string" ? { name: v, dtype: "f32" as const } : v),
        dims: null,
      })),
      nodes: spec.nodes.map((node, i) => nodeOf(node, i, spec.opset ?? 20)),
    },
    weights: new Map(Object.entries(spec.weights ?? {})),
  };
}

function nodeOf(
  { op, inputs, outputs, attributes = {}, name }: NodeSpec,
  index: number,
  opset: number,
): GraphNode {
  const definition = findDefinition("", op);
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

export const ints = (...values: readonly number[]): AttributeValue => ({
  kind: "ints",
  value: values.map(BigInt),
});

export const int = (value: number): AttributeValue => ({ kind: "int", value: BigInt(value) });
