import type { ArgumentsCamelCase, CommandModule } from "yargs";
import { AssayError, bytesEqual, type Tensor } from "../../../operators/index.js";
import { createMachine } from "../../execute/backend.js";
import { planFor } from "../../execute/run-model.js";
import { bindingDigest, type ModelDigest, modelDigest } from "../../graph/digests.js";
import type { Granularity, Plan } from "../../graph/plan.js";
import type { Model } from "../../graph/types.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { receiptFromJson } from "../../receipt/json.js";
import type { SignedReceipt } from "../../receipt/receipt.js";
import { checkReceipt, type Evidence, type Pins } from "../../verify/check.js";
import { replayRun } from "../../verify/replay.js";
import type { VerificationMode, VerificationReport } from "../../verify/report.js";
import { sampleRun } from "../../verify/sample.js";
import { EXIT } from "../errors.js";
import { isFolder, readFile } from "../../files/disk.js";
import { loadInputs } from "../inputs.js";
import { loadModelFile } from "../../files/load-model.js";
import { BACKEND, hexOption, MODEL_INPUT, memoryLimit, OUTPUT } from "../options.js";
import { startProgress } from "../progress.js";
import { type OpenedRun, openRun } from "../run-folder.js";
import { interruptible } from "../signals.js";
import { verifyAgainst } from "./verify-against.js";

const OPTIONS = {
  model: { alias: "m", type: "string", describe: "the ONNX file that the receipt is about" },
  ...MODEL_INPUT,
  mode: {
    choices: ["check", "sample", "replay"] as const,
    describe: "how much to verify (default: replay with a model, else check)",
  },
  share: { type: "number", describe: "sample mode: share of the segments, above 0 to 1" },
  beacon: {
    type: "string",
    describe: "sample mode: public randomness fixed after the receipt, hex",
  },
  against: { type: "string", describe: "another run's folder: play the dispute between the two" },
  "expect-model": { type: "string", describe: "the model digest that you rely on" },
  "expect-executor": { type: "string", describe: "the executor address that you rely on" },
  "expect-context": { type: "string", describe: "the 32-byte context that you rely on" },
  ...BACKEND,
  ...OUTPUT,
} as const;

export type VerifyArguments = ArgumentsCamelCase<{
  target: string;
  model?: string;
  input: string[];
  mode?: VerificationMode;
  share?: number;
  beacon?: string;
  against?: string;
  expectModel?: string;
  expectExecutor?: string;
  expectContext?: string;
  backend: "auto" | "wasm" | "interpreter";
  threads: number;
  memoryLimit?: number;
  json: boolean;
}>;

export const verifyRunCommand: CommandModule<object, VerifyArguments> = {
  command: "verify-run <target>",
  describe: "verify a run folder or a receipt; exit 0 verified, 1 refuted, 2 could not check",
  builder: (yargs) =>
    yargs
      .positional("target", {
        type: "string",
        demandOption: true,
        describe: "a run folder, or a receipt.json",
      })
      .options(OPTIONS)
      .example("$0 verify-run my-run -m mnist.onnx", "re-execute everything and compare")
      .example("$0 verify-run a -m mnist.onnx --against b", "who is at fault, and where") as never,
  handler: async (args) => {
    process.exitCode = args.against
      ? await verifyAgainst(args, args.against)
      : await verifyRun(args);
  },
};

async function verifyRun(args: VerifyArguments): Promise<number> {
  const run = isFolder(args.target) ? openRun(args.target) : undefined;
  const signed = run?.signed ?? receiptFromJson(readFile(args.target, "receipt"));
  const mode = args.mode ?? (args.model ? "replay" : "check");
  const model = args.model === undefined ? undefined : loadModelFile(args.model);
  const held = evidenceOf(args, signed, run, model);
  const pins = pinsOf(args);
  const report = await verify(args, mode, signed, pins, held, run, model);
  process.stdout.write(args.json ? `${JSON.stringify(report)}\n` : describeReport(report));
  return exitCode(report);
}

function exitCode({ outcome }: VerificationReport): number {
  return outcome === "verified" ? EXIT.ok : outcome === "refuted" ? EXIT.refuted : EXIT.failed;
}

async function verify(
  args: VerifyArguments,
  mode: VerificationMode,
  signed: SignedReceipt,
  pins: Pins,
  held: Evidence,
  run: OpenedRun | undefined,
  model: Model | undefined,
): Promise<VerificationReport> {
  const hasher = nodeHasher;
  if (mode === "check") return checkReceipt(hasher, signed, pins, held);
  const { model: digest, plan, inputs } = held;
  if (!model || !digest) return lacking(signed, pins, held, mode, "no model was given (--model)");
  if (!plan || !inputs)
    return lacking(signed, pins, held, mode, "the inputs were not given (--input)");
  const progress = startProgress("verifying");
  return interruptible((signal) => {
    const request = {
      hasher,
      signed,
      model,
      pins,
      evidence: { ...held, model: digest, plan, inputs },
      machine: createMachine(args),
      ...memoryLimit(args.memoryLimit),
      signal,
      progress: (done: number, total: number) => progress.update(done, total),
    };
    // A plan other than the receipt's shows in the findings; its boundaries cannot be cut then.
    const boundaries = sharedBoundaries(run, plan, signed);
    const work =
      mode === "replay"
        ? replayRun({ ...request, ...(boundaries ? { boundaries } : {}) })
        : sampleRun({ ...request, ...drawOf(args), ...publishedOf(run, plan, boundaries) });
    return work.finally(() => progress.finish());
  });
}

function sharedBoundaries(run: OpenedRun | undefined, plan: Plan, { receipt }: SignedReceipt) {
  if (!run || !bytesEqual(bindingDigest(nodeHasher, plan), receipt.binding)) return undefined;
  return run.boundaries(plan);
}

function publishedOf(
  run: OpenedRun | undefined,
  plan: Plan,
  boundaries: Uint8Array[][] | undefined,
) {
  const kept = boundaries && run?.kept(plan);
  return boundaries && kept ? { boundaries, kept } : {};
}

function drawOf(args: VerifyArguments): { share: number; beacon: Uint8Array } {
  const { share, beacon } = args;
  if (share === undefined || beacon === undefined) {
    throw new AssayError("usage", "--mode sample needs --share and --beacon", {
      hint: "a beacon is public randomness that nobody knew when the receipt was made",
    });
  }
  if (!(share > 0 && share <= 1)) throw new AssayError("usage", "--share is above 0 and at most 1");
  const digits = beacon.replace(/^0x/, "");
  if (digits.length < 32) throw new AssayError("usage", "--beacon has at least 16 bytes of hex");
  return { share, beacon: hexOption("beacon", beacon, Math.ceil(digits.length / 2)) };
}

function lacking(
  signed: SignedReceipt,
  pins: Pins,
  held: Evidence,
  mode: VerificationMode,
  reason: string,
): VerificationReport {
  const report = checkReceipt(nodeHasher, signed, pins, held);
  if (report.outcome === "refuted") return { ...report, mode };
  return { ...report, mode, outcome: "could-not-check", reason };
}

/** Everything the caller holds besides the receipt, derived from files it named. */
export function evidenceOf(
  args: VerifyArguments,
  signed: SignedReceipt,
  run: OpenedRun | undefined,
  model: Model | undefined,
): Evidence {
  const outputs = run ? { outputs: run.outputs } : {};
  const salt = run?.description.salt ? { salt: run.description.salt } : {};
  if (!model) return { ...outputs, ...salt };
  const digest: ModelDigest = modelDigest(nodeHasher, model);
  const inputs = args.input.length > 0 ? loadInputs(model.graph, args.input) : run?.inputs;
  if (!inputs) return { ...outputs, ...salt, model: digest };
  const plan = planOfReceipt(model, inputs, signed, run?.description.granularity);
  const ordered = plan.inputs.map((v) => inputs.get(v.name) as Tensor);
  return { ...outputs, ...salt, model: digest, plan, inputs: ordered };
}

/** A bare receipt does not say its granularity in clear: the binding digest tells which it is. */
function planOfReceipt(
  model: Model,
  inputs: ReadonlyMap<string, Tensor>,
  { receipt }: SignedReceipt,
  granularity: Granularity | undefined,
): Plan {
  if (granularity) return planFor(model, inputs, granularity);
  const layer = planFor(model, inputs, "layer");
  if (bytesEqual(bindingDigest(nodeHasher, layer), receipt.binding)) return layer;
  const operator = planFor(model, inputs, "operator");
  return bytesEqual(bindingDigest(nodeHasher, operator), receipt.binding) ? operator : layer;
}

function pinsOf(args: VerifyArguments): Pins {
  return {
    ...(args.expectModel ? { model: hexOption("expect-model", args.expectModel, 32) } : {}),
    ...(args.expectExecutor
      ? { executor: hexOption("expect-executor", args.expectExecutor, 20) }
      : {}),
    ...(args.expectContext ? { context: hexOption("expect-context", args.expectContext, 32) } : {}),
  };
}

const MARK = { ok: "✓", wrong: "✗", skipped: "·" } as const;
const HEADLINE = {
  verified: "VERIFIED",
  refuted: "REFUTED",
  "could-not-check": "COULD NOT CHECK",
} as const;

function describeReport(report: VerificationReport): string {
  const lines = report.findings.map((f) => `  ${MARK[f.result]} ${f.what.padEnd(17)} ${f.detail}`);
  const where = report.firstDifference;
  if (where) {
    lines.push(`    the runs part in segment ${where.segment}: ${where.operators.join(", ")}`);
  }
  lines.push("", `${HEADLINE[report.outcome]}: ${report.reason}`, "");
  return lines.join("\n");
}
