import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { AssayError, type Machine, type Tensor } from "../../../operators/index.js";
import { type BackendName, createMachine } from "../../execute/backend.js";
import type { Corruption } from "../../execute/drill.js";
import { HashThread, wantsHashThread } from "../../execute/hash-thread.js";
import { runFiles } from "../../execute/run-folder.js";
import { planFor, type Run, runModel } from "../../execute/run-model.js";
import { requireReplaceable, writeFolderAtomic } from "../../files/disk.js";
import { loadModelFile } from "../../files/load-model.js";
import { describeWrongDims, wrongDims } from "../../graph/declared.js";
import { modelDigest } from "../../graph/digests.js";
import type { Granularity, Plan } from "../../graph/plan.js";
import type { Model } from "../../graph/types.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import type { Command, Io } from "../command.js";
import { compareTensors } from "../compare.js";
import { EXIT } from "../errors.js";
import { expectedTensors, loadInputs } from "../inputs.js";
import { loadKey } from "../keys.js";
import { announceNeed, memoryLimit } from "../memory.js";
import { BACKEND, hexOption, MODEL_INPUT, OUTPUT } from "../options.js";
import { jsonLine, printable } from "../printable.js";
import { startProgress } from "../progress.js";
import { describeRun, type RunTimes, runFacts } from "../run-report.js";
import { interruptible } from "../signals.js";
import { suggestion } from "../suggest.js";

export interface RunArguments {
  readonly model: string;
  readonly input: readonly string[];
  readonly out: string;
  readonly force: boolean;
  readonly backend: BackendName;
  readonly threads: number;
  readonly memoryLimit?: number;
  readonly granularity: Granularity;
  readonly key?: string;
  readonly context?: string;
  readonly salt: boolean;
  readonly corrupt?: string;
  readonly expect: readonly string[];
  readonly rtol: number;
  readonly atol: number;
  readonly json: boolean;
  readonly verbose: boolean;
}

const TOLERANCE = { test: (n: number) => n >= 0 && Number.isFinite(n), range: "a number from 0" };

export const runCommand: Command<RunArguments> = {
  name: "run",
  area: "Runs and receipts",
  summary: "run a model, commit to every layer and sign a receipt",
  details:
    "Runs an ONNX model and writes a run folder: a signed receipt, the outputs as .npy, and what its executor needs to defend the run. What crosses a layer is committed to on the way.",
  target: { name: "model", describe: "an ONNX file" },
  options: {
    ...MODEL_INPUT,
    out: {
      alias: "o",
      value: "folder",
      required: true,
      group: "Writing",
      describe: "folder for the run; new or empty",
    },
    force: { group: "Writing", describe: "replace an earlier run in --out" },
    key: {
      value: "file",
      group: "The receipt",
      otherwise: "a local key, made on first use",
      describe: "sign with this key, 64 hex digits",
    },
    granularity: {
      value: "name",
      choices: ["layer", "operator"],
      default: "layer",
      group: "The receipt",
      describe: "commit after every layer, or after every operator",
    },
    context: {
      value: "hex",
      group: "The receipt",
      describe: "32 bytes that say what the run is for, such as a ledger's job",
    },
    salt: {
      group: "The receipt",
      describe: "mask the roots, so that nobody can guess inputs from the receipt",
    },
    expect: {
      value: "name=file",
      many: true,
      group: "Comparing",
      describe: "compare an output with someone else's; exit code 1 if it is outside tolerance",
    },
    rtol: {
      value: "number",
      number: TOLERANCE,
      default: 1e-3,
      group: "Comparing",
      describe: "relative tolerance of --expect",
    },
    atol: {
      value: "number",
      number: TOLERANCE,
      default: 1e-5,
      group: "Comparing",
      describe: "absolute tolerance of --expect",
    },
    ...BACKEND,
    corrupt: {
      value: "op[:element]",
      group: "Drills",
      describe:
        "falsify one element of the output of an operator, by index or name, and carry on from there; the receipt does not show it, a dispute does",
    },
    ...OUTPUT,
  },
  examples: [
    {
      what: "Run a model and write a receipt",
      command: "assay run mnist.onnx -i Input3=digit.npy -o my-run",
    },
    {
      what: "Cheat on purpose, to see a dispute find it",
      command: "assay run mnist.onnx -i Input3=digit.npy -o drill --corrupt 5",
    },
    {
      what: "Compare with what another runtime gave",
      command: "assay run mnist.onnx -i Input3=digit.npy -o my-run --expect Plus214=theirs.npy",
    },
  ],
  run: (args, io) => interruptible((signal) => run(args, io, signal)),
};

async function run(args: RunArguments, io: Io, signal: AbortSignal): Promise<number> {
  requireReplaceable(args.out, args.force);
  const context =
    args.context === undefined ? {} : { context: hexOption("context", args.context, 32) };
  const model = loadModelFile(args.model);
  const inputs = loadInputs(model.graph, args.input);
  const plan = planFor(model, inputs, args.granularity);
  for (const wrong of wrongDims(model.graph, plan)) {
    io.stderr.write(`note: ${printable(describeWrongDims(wrong))}\n`);
  }
  const expected = expectedTensors(plan, args.expect);
  const corruption =
    args.corrupt === undefined ? {} : { corruption: corruptionOf(plan, args.corrupt) };
  const key = loadKey(args.key, io.env, io.disk);
  const salt = args.salt ? new Uint8Array(randomBytes(32)) : undefined;
  const extras = { key, ...context, ...corruption, ...(salt ? { salt } : {}) };
  const { result, times, backend } = await execute(args, io, model, inputs, plan, extras, signal);
  signal.throwIfAborted();
  writeFolderAtomic(args.out, runFiles(result, salt), args.force, io.disk);
  const comparisons = [...expected].map(([name, theirs]) => {
    return { name, ...compareTensors(result.outputs.get(name) as Tensor, theirs, args) };
  });
  const facts = runFacts(args, result, backend, times, comparisons);
  io.stdout.write(args.json ? jsonLine(facts) : describeRun(facts));
  return comparisons.every((c) => c.within) ? EXIT.ok : EXIT.refuted;
}

interface Extras {
  readonly key: Uint8Array;
  readonly context?: Uint8Array;
  readonly salt?: Uint8Array;
  readonly corruption?: Corruption;
}

async function execute(
  args: RunArguments,
  io: Io,
  model: Model,
  inputs: ReadonlyMap<string, Tensor>,
  plan: Plan,
  extras: Extras,
  signal: AbortSignal,
): Promise<{ result: Run; times: RunTimes; backend: Machine["name"] }> {
  const hashing = performance.now();
  const digest = modelDigest(nodeHasher, model);
  const weightsHashMs = performance.now() - hashing;
  const machine = createMachine(args);
  const thread = wantsHashThread(plan) ? new HashThread() : undefined;
  const progress = startProgress("running", "operators", io.stderr);
  const started = performance.now();
  const result = await runModel({
    model,
    digest,
    inputs,
    plan,
    machine,
    hasher: nodeHasher,
    keepBoundaries: true,
    signal,
    onPlan: (_plan, need) => announceNeed(io, args.verbose, need),
    progress: (done, total) => progress.update(done, total),
    memoryLimit: memoryLimit(args.memoryLimit),
    ...(thread ? { commit: thread.commit } : {}),
    ...extras,
  }).finally(async () => {
    progress.finish();
    await thread?.close();
  });
  const runMs = performance.now() - started;
  return { result, times: { weightsHashMs, runMs }, backend: machine.name };
}

/**
 * `<index or name>[:<element>]`; names may hold colons, so a name that fits as a whole wins. Throws
 * `usage`.
 */
export function corruptionOf(plan: Plan, spec: string): Corruption {
  const whole = operatorIndex(plan, spec);
  if (whole !== undefined) return { node: whole };
  const colon = spec.lastIndexOf(":");
  const [name, element] = [spec.slice(0, Math.max(0, colon)), spec.slice(colon + 1)];
  const node = colon < 0 ? undefined : operatorIndex(plan, name);
  if (node !== undefined && /^\d{1,15}$/.test(element)) return { node, element: Number(element) };
  const names = plan.nodes.map((n) => n.name);
  const all = `give an index from 0 to ${names.length - 1} or a name; assay inspect lists them`;
  if (node !== undefined) {
    throw new AssayError("usage", `--corrupt: "${element}" is not the number of an element`, {
      hint: `${spec.slice(0, colon)}:0 is the first element of that operator's output`,
    });
  }
  throw new AssayError("usage", `--corrupt: there is no operator "${colon < 0 ? spec : name}"`, {
    hint:
      names.length === 0
        ? "the model computes nothing"
        : suggestion(colon < 0 ? spec : name, names, all),
  });
}

function operatorIndex(plan: Plan, text: string): number | undefined {
  const byName = plan.nodes.findIndex((n) => n.name === text);
  if (byName >= 0) return byName;
  return /^\d{1,9}$/.test(text) && Number(text) < plan.nodes.length ? Number(text) : undefined;
}
