import {
  AssayError,
  type AttributeValue,
  f32Tensor,
  findDefinition,
  i64Tensor,
  resolveVersion,
  type Tensor,
} from "../../operators/index.js";
import type { GraphNode, Model, ValueInfo } from "../graph/types.js";

/** A number is an int attribute, a list ints; a float says so. */
type AttributeSpec = number | readonly number[] | AttributeValue;

export const float = (value: number): AttributeValue => ({
  kind: "float",
  value: Math.fround(value),
});

/** Writes the nodes of a model down one after another, each with one output. */
export class GraphWriter {
  private readonly nodes: GraphNode[] = [];
  private readonly taken = new Set<string>();
  readonly weights = new Map<string, Tensor>();

  constructor(private readonly opset: number) {}

  /** A node named `path/operator`; yields the name of its output. */
  node(
    path: string,
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeSpec>> = {},
  ): string {
    const definition = findDefinition("", operator);
    const version = definition && resolveVersion(definition, this.opset);
    if (version === undefined) {
      throw new AssayError("operator/unsupported", `${operator} is not in opset ${this.opset}`);
    }
    const name = this.free(`${path}/${operator}`);
    const entries = Object.entries(attributes).map(([key, a]) => [key, attribute(a)] as const);
    const output = `${name}:0`;
    this.nodes.push({
      name,
      domain: "",
      operator,
      version,
      attributes: new Map(entries),
      inputs,
      outputs: [output],
    });
    return output;
  }

  weight(name: string, tensor: Tensor): string {
    this.weights.set(name, tensor);
    return name;
  }

  /** Small numbers that the graph needs besides the weights of its file. */
  integers(name: string, dims: readonly number[], values: readonly number[]): string {
    return this.weight(name, i64Tensor(dims, values));
  }

  number(name: string, value: number): string {
    return this.weight(name, f32Tensor([], [Math.fround(value)]));
  }

  model(name: string, inputs: readonly ValueInfo[], outputs: readonly ValueInfo[]): Model {
    return { graph: { name, inputs, outputs, nodes: this.nodes }, weights: this.weights };
  }

  private free(name: string): string {
    let free = name;
    for (let i = 1; this.taken.has(free); i++) free = `${name}_${i}`;
    this.taken.add(free);
    return free;
  }
}

function attribute(spec: AttributeSpec): AttributeValue {
  if (typeof spec === "number") return { kind: "int", value: BigInt(spec) };
  if ("kind" in spec) return spec;
  return { kind: "ints", value: spec.map(BigInt) };
}
