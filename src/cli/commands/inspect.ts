import type { ArgumentsCamelCase, CommandModule } from "yargs";
import { AssayError, byteLength, type TensorType } from "../../../operators/index.js";
import { bind } from "../../graph/bind.js";
import { nodeCost, planCost } from "../../graph/cost.js";
import { modelDigest } from "../../graph/digests.js";
import type { Plan } from "../../graph/plan.js";
import type { Model, ValueInfo } from "../../graph/types.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { toHex } from "../../receipt/hex.js";
import { receiptFromJson } from "../../receipt/json.js";
import { isAbsent, RECEIPT_LAYOUT, receiptDigest } from "../../receipt/receipt.js";
import { isFolder, readFile } from "../../files/disk.js";
import { bytesText, countText, field, table, typeText } from "../format.js";
import { loadModelFile } from "../../files/load-model.js";
import { OUTPUT } from "../options.js";

const OPTIONS = {
  dim: {
    type: "string",
    array: true,
    default: [] as string[],
    describe: "value of a symbolic dimension, as symbol=number (default 1)",
  },
  ...OUTPUT,
} as const;

type Arguments = ArgumentsCamelCase<{ target: string; dim: string[]; json: boolean }>;

export const inspectCommand: CommandModule<object, Arguments> = {
  command: "inspect <target>",
  describe: "show what a model or a receipt is: operators, layers, sizes, digests, cost",
  builder: (yargs) =>
    yargs
      .positional("target", {
        type: "string",
        demandOption: true,
        describe: "an ONNX file, a receipt.json or a run folder",
      })
      .options(OPTIONS)
      .example("$0 inspect mnist.onnx", "operators, layers and digests")
      .example("$0 inspect my-run/receipt.json", "what a receipt says") as never,
  handler: (args) => {
    const receipt = isFolder(args.target) || args.target.endsWith(".json");
    process.stdout.write(receipt ? inspectReceipt(args) : inspectModel(args));
  },
};

function inspectReceipt({ target, json }: Arguments): string {
  const path = isFolder(target) ? `${target}/receipt.json` : target;
  const { receipt, signature } = receiptFromJson(readFile(path, "receipt"));
  const digest = toHex(receiptDigest(nodeHasher, receipt));
  const fields = RECEIPT_LAYOUT.map(({ name }): [string, string] => {
    const value = receipt[name];
    if (typeof value === "number") return [name, String(value)];
    return [name, isAbsent(value) ? "(absent)" : toHex(value)];
  });
  if (json)
    return `${JSON.stringify({ kind: "receipt", digest, ...Object.fromEntries(fields) })}\n`;
  const lines = fields.map(([name, value]) => field(name, value));
  return [field("receipt", digest), ...lines, field("signature", toHex(signature)), ""].join("\n");
}

function inspectModel({ target, dim, json }: Arguments): string {
  const model = loadModelFile(target);
  const digest = modelDigest(nodeHasher, model);
  const plan = bind(model, { types: guessedTypes(model, dimensions(dim)) });
  const { total } = planCost(plan);
  const facts = {
    kind: "model",
    model: toHex(digest.model),
    graph: toHex(digest.graph),
    weights: toHex(digest.weights),
    inputs: model.graph.inputs,
    outputs: model.graph.outputs,
    weightCount: model.weights.size,
    weightBytes: [...model.weights.values()].reduce((sum, t) => sum + t.bytes.length, 0),
    operators: operatorsOf(plan),
    segments: plan.segments.map((s) => ({ ...s, liveBytes: liveBytes(plan, s.live) })),
    cost: total,
  };
  return json ? `${JSON.stringify(facts)}\n` : describeModel(facts, plan);
}

function dimensions(specs: readonly string[]): Map<string, number> {
  return new Map(
    specs.map((spec): [string, number] => {
      const at = spec.lastIndexOf("=");
      const value = Number(spec.slice(at + 1));
      if (at <= 0 || !Number.isSafeInteger(value) || value < 0) {
        throw new AssayError("usage", `--dim takes symbol=number, got "${spec}"`);
      }
      return [spec.slice(0, at), value];
    }),
  );
}

function guessedTypes(model: Model, known: ReadonlyMap<string, number>): Map<string, TensorType> {
  const typeOf = ({ dtype, dims }: ValueInfo): TensorType => ({
    dtype,
    dims: (dims ?? []).map((d) => (typeof d === "number" ? d : (known.get(d ?? "") ?? 1))),
  });
  return new Map(model.graph.inputs.map((info) => [info.name, typeOf(info)]));
}

function operatorsOf(plan: Plan) {
  return plan.nodes.map((node, index) => ({
    index,
    layer: plan.segments.findIndex((s) => index >= s.first && index < s.end),
    name: node.name,
    operator: `${node.domain === "" ? "" : `${node.domain}.`}${node.operator}-${node.version}`,
    output: node.lowering.outputs.map(({ dtype, dims }) => ({ dtype, dims })),
    cost: nodeCost(plan, node),
  }));
}

function liveBytes(plan: Plan, live: readonly number[]): number {
  return live.reduce((sum, v) => sum + byteLength(plan.values[v] as TensorType), 0);
}

function describeModel(
  f: {
    model: string;
    graph: string;
    weights: string;
    weightCount: number;
    weightBytes: number;
    operators: ReturnType<typeof operatorsOf>;
    cost: { steps: number; bytes: number };
  },
  plan: Plan,
): string {
  const rows = f.operators.map((o) => [
    String(o.index),
    String(o.layer),
    o.name,
    o.operator,
    o.output.map(typeText).join(" "),
    countText(o.cost.steps),
    bytesText(o.cost.bytes),
  ]);
  const lines = [
    field("model", f.model),
    field("graph", f.graph),
    field("weights", `${f.weights} (${f.weightCount} tensors, ${bytesText(f.weightBytes)})`),
    ...plan.inputs.map((v) => field("input", `${v.name} ${typeText(v)}`)),
    ...plan.outputs.map((v) =>
      field("output", `${v.name} ${typeText(plan.values[v.value] as TensorType)}`),
    ),
    field("layers", `${plan.segments.length} segments, ${plan.nodes.length} operators`),
    field("cost", `${countText(f.cost.steps)} weighted steps, ${bytesText(f.cost.bytes)} touched`),
    "",
    table(["#", "layer", "name", "operator", "output", "steps", "bytes"], rows),
    "",
  ];
  return lines.join("\n");
}
