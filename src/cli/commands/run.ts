import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { ArgumentsCamelCase, CommandModule } from "yargs";
import { AssayError, type Tensor } from "../../../operators/index.js";
import { createMachine } from "../../execute/backend.js";
import type { Corruption } from "../../execute/drill.js";
import { runFiles } from "../../execute/run-folder.js";
import { planFor, type Run, runModel } from "../../execute/run-model.js";
import { parseTensorFile } from "../../files/parse.js";
import { modelDigest } from "../../graph/digests.js";
import type { Plan } from "../../graph/plan.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { toHex } from "../../receipt/hex.js";
import { receiptDigest } from "../../receipt/receipt.js";
import { type Comparison, compareTensors } from "../compare.js";
import { EXIT } from "../errors.js";
import { readFile, requireReplaceable, writeFolderAtomic } from "../../files/disk.js";
import { bytesText, field, millisText, plural, typeText } from "../format.js";
import { loadInputs, parseAssignments } from "../inputs.js";
import { loadKey } from "../keys.js";
import { loadModelFile } from "../../files/load-model.js";
import { BACKEND, hexOption, MODEL_INPUT, memoryLimit, OUTPUT } from "../options.js";
import { startProgress } from "../progress.js";
import { interruptible } from "../signals.js";

const OPTIONS = {
  ...MODEL_INPUT,
  out: { alias: "o", type: "string", demandOption: true, describe: "folder for the run" },
  force: { type: "boolean", default: false, describe: "replace an earlier run in --out" },
  ...BACKEND,
  granularity: {
    choices: ["layer", "operator"] as const,
    default: "layer" as const,
    describe: "commit after every layer, or after every operator",
  },
  key: { type: "string", describe: "file with the signing key (default: a local key, made once)" },
  context: { type: "string", describe: "32 bytes of hex that say what the run is for" },
  salt: {
    type: "boolean",
    default: false,
    describe: "mask the roots, so inputs cannot be guessed",
  },
  corrupt: {
    type: "string",
    describe: "a drill: falsify <operator index or name>[:<element>] and defend it",
  },
  expect: {
    type: "string",
    array: true,
    default: [] as string[],
    describe: "compare an output with someone else's: name=file",
  },
  rtol: { type: "number", default: 1e-3, describe: "relative tolerance of --expect" },
  atol: { type: "number", default: 1e-5, describe: "absolute tolerance of --expect" },
  ...OUTPUT,
} as const;

type Arguments = ArgumentsCamelCase<{
  model: string;
  input: string[];
  out: string;
  force: boolean;
  backend: "auto" | "wasm" | "interpreter";
  threads: number;
  memoryLimit?: number;
  granularity: "layer" | "operator";
  key?: string;
  context?: string;
  salt: boolean;
  corrupt?: string;
  expect: string[];
  rtol: number;
  atol: number;
  json: boolean;
}>;

export const runCommand: CommandModule<object, Arguments> = {
  command: "run <model>",
  describe: "run a model, commit to every layer and sign a receipt",
  builder: (yargs) =>
    yargs
      .positional("model", { type: "string", demandOption: true, describe: "an ONNX file" })
      .options(OPTIONS)
      .example("$0 run mnist.onnx -i Input3=digit.npy -o my-run", "run and write a receipt")
      .example(
        "$0 run mnist.onnx -i Input3=digit.npy -o drill --corrupt 5",
        "cheat on purpose",
      ) as never,
  handler: async (args) => {
    process.exitCode = await run(args);
  },
};

async function run(args: Arguments): Promise<number> {
  requireReplaceable(args.out, args.force);
  const key = loadKey(args.key);
  const model = loadModelFile(args.model);
  const inputs = loadInputs(model.graph, args.input);
  const expected = expectedOutputs(args, model.graph.outputs);
  const plan = planFor(model, inputs, args.granularity);
  const corruption = args.corrupt === undefined ? undefined : corruptionOf(plan, args.corrupt);
  const hashing = performance.now();
  const digest = modelDigest(nodeHasher, model);
  const hashed = performance.now() - hashing;
  const machine = createMachine(args);
  const salt = args.salt ? new Uint8Array(randomBytes(32)) : undefined;
  const progress = startProgress("running");
  const started = performance.now();
  const result = await interruptible((signal) =>
    runModel({
      model,
      digest,
      inputs,
      granularity: args.granularity,
      machine,
      hasher: nodeHasher,
      key,
      keepBoundaries: true,
      signal,
      progress: (done, total) => progress.update(done, total),
      ...memoryLimit(args.memoryLimit),
      ...(args.context ? { context: hexOption("context", args.context, 32) } : {}),
      ...(salt ? { salt } : {}),
      ...(corruption ? { corruption } : {}),
    }).finally(() => progress.finish()),
  );
  const elapsed = performance.now() - started;
  writeFolderAtomic(args.out, runFiles(result, salt), args.force);
  const comparisons = compareAll(result, expected, args);
  const facts = factsOf(args, result, machine.name, { hashed, elapsed }, comparisons);
  process.stdout.write(args.json ? `${JSON.stringify(facts)}\n` : describeRun(facts));
  return comparisons.every(([, c]) => c.within) ? EXIT.ok : EXIT.refuted;
}

/** `<index or name>[:<element>]`; names may hold colons, so the longest name that fits wins. */
export function corruptionOf(plan: Plan, spec: string): Corruption {
  const colon = spec.lastIndexOf(":");
  const element = colon < 0 ? undefined : spec.slice(colon + 1);
  const whole = operatorIndex(plan, spec);
  if (whole !== undefined) return { node: whole };
  const node = colon < 0 ? undefined : operatorIndex(plan, spec.slice(0, colon));
  if (node === undefined || element === undefined || !/^\d{1,15}$/.test(element)) {
    throw new AssayError("usage", `--corrupt: there is no operator "${spec}"`, {
      hint: `give an index from 0 to ${plan.nodes.length - 1} or a name; assay inspect lists them`,
    });
  }
  return { node, element: Number(element) };
}

function operatorIndex(plan: Plan, text: string): number | undefined {
  const byName = plan.nodes.findIndex((n) => n.name === text);
  if (byName >= 0) return byName;
  return /^\d{1,9}$/.test(text) && Number(text) < plan.nodes.length ? Number(text) : undefined;
}

function expectedOutputs(
  args: Arguments,
  outputs: readonly { readonly name: string }[],
): Map<string, string> {
  return parseAssignments(
    "expect",
    args.expect,
    outputs.map((v) => v.name),
  );
}

function compareAll(
  result: Run,
  expected: ReadonlyMap<string, string>,
  tolerance: { rtol: number; atol: number },
): [string, Comparison][] {
  return [...expected].map(([name, file]) => {
    const mine = result.outputs.get(name) as Tensor;
    const theirs = parseTensorFile(file, readFile(file, `expected "${name}"`));
    return [name, compareTensors(mine, theirs, tolerance)];
  });
}

type Facts = ReturnType<typeof factsOf>;

function factsOf(
  args: Arguments,
  { signed, plan, trace, outputs, need }: Run,
  backend: string,
  times: { hashed: number; elapsed: number },
  comparisons: readonly [string, Comparison][],
) {
  const { corruption } = trace;
  return {
    out: args.out,
    receipt: toHex(receiptDigest(nodeHasher, signed.receipt)),
    model: toHex(signed.receipt.model),
    executor: toHex(signed.receipt.executor),
    operators: plan.nodes.length,
    segments: plan.segments.length,
    backend,
    threads: backend === "wasm" ? args.threads : 1,
    /** Operators that ran in the interpreter although another backend was asked for. */
    fallbacks: [] as string[],
    memoryBytes: need.totalBytes,
    activationBytes: need.activationBytes,
    weightsHashMs: times.hashed,
    runMs: times.elapsed,
    outputs: [...outputs].map(([name, t]) => ({ name, dtype: t.dtype, dims: t.dims })),
    ...(corruption
      ? { drill: { ...corruption, operator: plan.nodes[corruption.node]?.name ?? "" } }
      : {}),
    ...(comparisons.length > 0
      ? { expected: comparisons.map(([name, c]) => ({ name, ...c })) }
      : {}),
  };
}

function describeRun(f: Facts): string {
  const threads = f.backend === "wasm" ? `, ${plural(f.threads, "thread")}` : "";
  const lines = [
    field("model", `${f.model}`),
    field("", `${plural(f.operators, "operator")} in ${plural(f.segments, "segment")}`),
    field("backend", `${f.backend}${threads}, no fallbacks`),
    field(
      "memory",
      `${bytesText(f.memoryBytes)}, of it ${bytesText(f.activationBytes)} activations`,
    ),
    field(
      "time",
      `${millisText(f.runMs)} for the run, ${millisText(f.weightsHashMs)} to hash weights`,
    ),
    ...f.outputs.map((t) => field("output", `${t.name} ${typeText(t)}`)),
    field("receipt", f.receipt),
    field("signed by", f.executor),
    field("written to", f.out),
  ];
  if (f.drill) {
    const { node, operator, element, masked } = f.drill;
    const what = `operator ${node} (${operator}), element ${element} falsified`;
    lines.push(field("drill", masked ? `masked: ${what}, but no committed tensor changed` : what));
  }
  for (const c of f.expected ?? []) {
    const verdict = c.within ? "within tolerance" : "OUTSIDE TOLERANCE";
    lines.push(
      field(
        "expected",
        `${c.name}: ${verdict}; largest difference ${c.largest} at element ${c.at}, ${c.differing} of ${c.elements} elements differ in bits`,
      ),
    );
  }
  return `${lines.join("\n")}\n`;
}
