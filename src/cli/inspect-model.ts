import { AssayError, byteLength, type TensorType } from "../../operators/basis.js";
import { bind } from "../graph/bind.js";
import { nodeCost, planCost } from "../graph/cost.js";
import { describeWrongDims, wrongDims } from "../graph/declared.js";
import type { Plan } from "../graph/plan.js";
import { subgraphsOf } from "../graph/subgraphs.js";
import type { Graph, GraphNode, Model, ValueInfo } from "../graph/types.js";
import { toHex } from "../receipt/hex.js";
import { bytesText, countText, field, plural, table, typeText } from "./format.js";
import type { DigestedModel } from "./model-digest.js";
import { suggestion } from "./suggest.js";

/** What `inspect` says about a model. */
export type ModelFacts = ReturnType<typeof modelFacts>;

/** Throws `usage` for a dimension that the model does not have. */
export function modelFacts(
  { model, digest, weightsHash }: DigestedModel,
  sizes: ReadonlyMap<string, number>,
) {
  const { graph, weights } = model;
  requireSymbols(graph, [...sizes.keys()]);
  return {
    kind: "model",
    model: toHex(digest.model),
    graph: toHex(digest.graph),
    weights: toHex(digest.weights),
    weightsHash,
    inputs: graph.inputs,
    outputs: graph.outputs,
    weightCount: weights.size,
    weightBytes: [...weights.values()].reduce((sum, t) => sum + t.bytes.length, 0),
    ...boundFacts(model, sizes),
  };
}

/**
 * What is known once dims are: dims that the file leaves open are taken as 1. A model whose shapes
 * depend on the values of inputs, or that dims of 1 do not fit, is shown as its file states it.
 */
function boundFacts(model: Model, sizes: ReadonlyMap<string, number>) {
  try {
    const plan = bind(model, { types: guessedTypes(model.graph, sizes) });
    return {
      bound: true as const,
      notes: wrongDims(model.graph, plan).map(describeWrongDims),
      operators: plannedOperators(plan),
      segments: plan.segments.map((s) => ({ ...s, liveBytes: liveBytes(plan, s.live) })),
      cost: planCost(plan).total,
    };
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    const operators = statedOperators(model.graph.nodes, "").map((o, index) => ({ index, ...o }));
    return { bound: false as const, reason: error.message, operators };
  }
}

/** Operators as the file states them: after an If or a Loop those of its subgraphs. */
function statedOperators(
  nodes: readonly GraphNode[],
  path: string,
): { readonly name: string; readonly operator: string }[] {
  return nodes.flatMap((node) => {
    const name = `${path}${node.name}`;
    const inner = subgraphsOf(node).flatMap(({ label, graph }) =>
      statedOperators(graph.nodes, `${name}/${label}/`),
    );
    return [{ name, operator: operatorText(node) }, ...inner];
  });
}

function symbolsOf(graph: Graph): string[] {
  const dims = graph.inputs.flatMap((v) => v.dims ?? []);
  return [...new Set(dims.filter((d) => typeof d === "string"))];
}

function requireSymbols(graph: Graph, names: readonly string[]): void {
  const symbols = symbolsOf(graph);
  const wrong = names.find((name) => !symbols.includes(name));
  if (wrong === undefined) return;
  const all = symbols.length === 0 ? "its inputs have none" : `it has ${symbols.join(", ")}`;
  throw new AssayError("usage", `--dim: the model has no symbolic dimension "${wrong}"`, {
    hint: suggestion(wrong, symbols, all),
  });
}

function guessedTypes(graph: Graph, sizes: ReadonlyMap<string, number>): Map<string, TensorType> {
  const typeOf = ({ dtype, dims }: ValueInfo): TensorType => ({
    dtype,
    dims: (dims ?? []).map((d) => (typeof d === "number" ? d : (sizes.get(d ?? "") ?? 1))),
  });
  return new Map(graph.inputs.map((info) => [info.name, typeOf(info)]));
}

function operatorText(node: Pick<GraphNode, "domain" | "operator" | "version">): string {
  return `${node.domain === "" ? "" : `${node.domain}.`}${node.operator}-${node.version}`;
}

function plannedOperators(plan: Plan) {
  return plan.segments.flatMap(({ first, end }, layer) =>
    plan.nodes.slice(first, end).map((node, i) => ({
      index: first + i,
      layer,
      name: node.name,
      operator: operatorText(node),
      output: node.lowering.outputs.map(({ dtype, dims }) => ({ dtype, dims })),
      cost: nodeCost(plan, node),
    })),
  );
}

function liveBytes(plan: Plan, live: readonly number[]): number {
  return live.reduce((sum, v) => sum + byteLength(plan.values[v] as TensorType), 0);
}

const LISTED = 20;
const ROWS = 100;

export function describeModel(f: ModelFacts, all: boolean): string {
  const lines = [
    field("model", f.model),
    field("graph", f.graph),
    field("weights", f.weights),
    field("", `${plural(f.weightCount, "tensor")}, ${bytesText(f.weightBytes)}`),
    ...valueLines("input", f.inputs),
    ...valueLines("output", f.outputs),
    ...(f.bound ? f.notes.map((note) => field("note", note)) : []),
    ...(f.bound
      ? [
          field(
            "layers",
            `${plural(f.segments.length, "segment")}, ${plural(f.operators.length, "operator")}`,
          ),
          field(
            "cost",
            `${countText(f.cost.steps)} weighted steps, ${bytesText(f.cost.bytes)} touched`,
          ),
        ]
      : [field("operators", `${f.operators.length}, not bound to shapes: ${f.reason}`)]),
    "",
    ...operatorTable(f, all ? Number.POSITIVE_INFINITY : ROWS),
    ...(!all && f.operators.length > ROWS ? ["--all lists every operator"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function operatorTable(f: ModelFacts, most: number): string[] {
  if (!f.bound) {
    const rows = f.operators.map((o) => [String(o.index), o.name, o.operator]);
    return table(["#", "name", "operator"], rows, most);
  }
  const rows = f.operators.map((o) => [
    String(o.index),
    String(o.layer),
    o.name,
    o.operator,
    o.output.map(typeText).join(" "),
    countText(o.cost.steps),
    bytesText(o.cost.bytes),
  ]);
  return table(["#", "layer", "name", "operator", "output", "steps", "bytes"], rows, most);
}

function valueLines(label: string, values: readonly ValueInfo[]): string[] {
  const shown = values.slice(0, LISTED).map(({ name, dtype, dims }) => {
    const shape = dims === null ? "of any shape" : `[${dims.map((d) => d ?? "?").join(",")}]`;
    return field(label, `${name} ${dtype}${dims === null ? " " : ""}${shape}`);
  });
  const more = values.length - LISTED;
  return more > 0 ? [...shown, field("", `and ${more} more`)] : shown;
}
