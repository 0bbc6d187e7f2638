import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { AssayError, type Machine, type Tensor } from "../../../operators/index.js";
import { createMachine } from "../../execute/backend.js";
import type { Corruption } from "../../execute/drill.js";
import { openHashThread, wantsHashThread } from "../../execute/hash-thread.js";
import { Profiler, unmeasured } from "../../execute/profiler.js";
import { runFiles } from "../../execute/run-folder.js";
import { planFor, type Run, type RunRequest, runModel } from "../../execute/run-model.js";
import { requireReplaceable, writeFolderAtomic } from "../../files/disk.js";
import { type LoadedModel, loadModelWithFiles } from "../../files/load-model.js";
import { describeWrongDims, wrongDims } from "../../graph/declared.js";
import type { Plan } from "../../graph/plan.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import type { Io } from "../command.js";
import type { RunArguments } from "../commands/run.js";
import { compareTensors } from "../compare.js";
import { EXIT } from "../errors.js";
import { expectedTensors, loadInputs } from "../inputs.js";
import { loadKey } from "../keys.js";
import { announceNeed, memoryLimit } from "../memory.js";
import { digestOf } from "../model-digest.js";
import { hexOption } from "../options.js";
import { jsonLine, printable } from "../printable.js";
import { describeProfile, keepProfile, requireNewProfile } from "../profile-report.js";
import { startProgress } from "../progress.js";
import { describeRun, type RunTimes, runFacts } from "../run-report.js";
import { interruptible } from "../signals.js";
import { suggestion } from "../suggest.js";

export function run(args: RunArguments, io: Io): Promise<number> {
  return interruptible((signal) => runUntil(signal, args, io));
}

async function runUntil(signal: AbortSignal, args: RunArguments, io: Io): Promise<number> {
  requireReplaceable(args.out, args.force);
  requireNewProfile(args.profile);
  const context =
    args.context === undefined ? {} : { context: hexOption("context", args.context, 32) };
  const loaded = loadModelWithFiles(args.model);
  const { model } = loaded;
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
  const profiler = args.profile === undefined ? undefined : new Profiler();
  const work = { args, io, loaded, inputs, plan, extras, profiler, signal };
  const { result, times, backend } = await execute(work);
  signal.throwIfAborted();
  writeFolderAtomic(args.out, runFiles(result, salt), args.force, io.disk);
  const comparisons = [...expected].map(([name, theirs]) => {
    return { name, ...compareTensors(result.outputs.get(name) as Tensor, theirs, args) };
  });
  const profile = profiler && keepProfile(args.profile as string, plan, profiler, io);
  const facts = runFacts(args, result, backend, times, comparisons);
  if (args.json) io.stdout.write(jsonLine(profile ? { ...facts, profile } : facts));
  else io.stdout.write(`${describeRun(facts)}${profile ? describeProfile(profile) : ""}`);
  return comparisons.every((c) => c.within) ? EXIT.ok : EXIT.refuted;
}

interface Extras {
  readonly key: Uint8Array;
  readonly context?: Uint8Array;
  readonly salt?: Uint8Array;
  readonly corruption?: Corruption;
}

interface Work {
  readonly args: RunArguments;
  readonly io: Io;
  readonly loaded: LoadedModel;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly plan: Plan;
  readonly extras: Extras;
  readonly profiler: Profiler | undefined;
  readonly signal: AbortSignal;
}

async function execute({
  args,
  io,
  loaded,
  inputs,
  plan,
  extras,
  profiler,
  signal,
}: Work): Promise<{ result: Run; times: RunTimes; backend: Machine["name"] }> {
  const { model, digest, weightsHash, weightsHashMs } = digestOf(loaded, args, io);
  const created = createMachine(args);
  const machine = profiler?.machine(created, plan) ?? created;
  const measure = profiler?.measure ?? unmeasured;
  const hashThread = wantsHashThread(plan) ? openHashThread(profiler?.hashed) : undefined;
  const progress = startProgress("running", "operators", io.stderr);
  const started = performance.now();
  const request: RunRequest = {
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
    hashThread,
    ...(profiler ? { measure } : {}),
    ...extras,
  };
  const result = await measure("run", "run", 0, () => runModel(request)).finally(async () => {
    progress.finish();
    await hashThread?.close();
  });
  const runMs = performance.now() - started;
  return { result, times: { weightsHash, weightsHashMs, runMs }, backend: machine.name };
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
