import { AssayError } from "../../../operators/index.js";
import { type BackendName, createMachine } from "../../execute/backend.js";
import { isFolder, readFile } from "../../files/disk.js";
import { loadModelFile } from "../../files/load-model.js";
import type { Model } from "../../graph/types.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { MAX_RECEIPT_TEXT, receiptFromJson } from "../../receipt/json.js";
import type { SignedReceipt } from "../../receipt/receipt.js";
import type { Evidence, Pins } from "../../verify/check.js";
import { type OpenedRun, openRun } from "../../verify/open-run.js";
import type { VerificationMode, VerificationReport } from "../../verify/report.js";
import { LACKING, verifyRun } from "../../verify/verify-run.js";
import type { Command, Io } from "../command.js";
import { EXIT, errorObject } from "../errors.js";
import { type EvidenceArguments, evidenceOf, pinsOf, publishedBy } from "../evidence.js";
import { announceNeed, memoryLimit } from "../memory.js";
import { BACKEND, hexOption, MODEL_INPUT, OUTPUT } from "../options.js";
import { jsonLine } from "../printable.js";
import { startProgress } from "../progress.js";
import { interruptible } from "../signals.js";
import { styleFor } from "../style.js";
import { describeReport } from "../verify-report.js";
import { verifyAgainst } from "./verify-against.js";

export interface VerifyArguments extends EvidenceArguments {
  readonly target: string;
  readonly model?: string;
  readonly mode?: VerificationMode;
  readonly share?: number;
  readonly beacon?: string;
  readonly against?: string;
  readonly backend: BackendName;
  readonly threads: number;
  readonly memoryLimit?: number;
  readonly json: boolean;
  readonly verbose: boolean;
}

export const verifyRunCommand: Command<VerifyArguments> = {
  name: "verify-run",
  area: "Runs and receipts",
  summary: "verify a run folder or a receipt, or play a dispute between two runs",
  details:
    "Ends in one of three ways: verified, refuted (with what is wrong), or could not check (with the reason). What is left out is not checked, and the answer says so.",
  target: { name: "target", describe: "a run folder, or a receipt.json" },
  options: {
    model: {
      alias: "m",
      value: "file",
      group: "Inputs",
      describe: "the ONNX file that the receipt is about",
    },
    input: {
      ...MODEL_INPUT.input,
      otherwise: "those in the run folder",
    },
    salt: {
      value: "hex",
      group: "Inputs",
      otherwise: "that in the run folder",
      describe: "the salt of a salted receipt",
    },
    mode: {
      value: "name",
      choices: ["check", "sample", "replay"],
      group: "How much",
      otherwise: "replay with a model, else check",
      describe: "check the paper, re-execute a sample, or re-execute all",
    },
    share: {
      value: "number",
      number: { test: (n) => n > 0 && n <= 1, range: "a number above 0 and at most 1" },
      group: "How much",
      describe: "sample: share of the segments to re-execute",
    },
    beacon: {
      value: "hex",
      group: "How much",
      describe: "sample: public randomness that nobody knew when the receipt was made",
    },
    against: {
      value: "folder",
      group: "How much",
      describe: "another run of the same claim: play the dispute between the two",
    },
    "expect-model": {
      value: "hex",
      group: "Relying on",
      describe: "the model digest must be this",
    },
    "expect-executor": {
      value: "hex",
      group: "Relying on",
      describe: "the signer's address must be this",
    },
    "expect-context": {
      value: "hex",
      group: "Relying on",
      describe: "the 32-byte context must be this",
    },
    ...BACKEND,
    ...OUTPUT,
  },
  examples: [
    {
      what: "Re-execute everything and compare every bit",
      command: "assay verify-run their-run -m mnist.onnx",
    },
    {
      what: "Look at a receipt alone, in milliseconds",
      command: "assay verify-run receipt.json --expect-executor 0x52908400098527886e0f…",
    },
    {
      what: "Re-execute a tenth, drawn by public randomness",
      command: "assay verify-run their-run -m mnist.onnx --share 0.1 --beacon 8f1a…",
    },
    {
      what: "Two runs differ: who is at fault, and where",
      command: "assay verify-run their-run -m mnist.onnx --against my-run",
    },
  ],
  run: verify,
};

/** An error is the third outcome: it could not be checked, and the exit code is 2. */
async function verify(args: VerifyArguments, io: Io): Promise<number> {
  try {
    return await (args.against === undefined
      ? verifyAlone(args, io)
      : verifyAgainst(args, args.against, io));
  } catch (error) {
    if (!args.json) throw error;
    const { error: facts } = errorObject(error);
    const reason = error instanceof Error ? error.message : String(error);
    io.stdout.write(jsonLine({ outcome: "could-not-check", reason, error: facts }));
    return EXIT.failed;
  }
}

async function verifyAlone(args: VerifyArguments, io: Io): Promise<number> {
  const mode = modeOf(args);
  const draw = mode === "sample" ? drawOf(args) : undefined;
  const pins = pinsOf(args);
  const run = isFolder(args.target) ? openRun(args.target) : undefined;
  const signed = run?.signed ?? receiptFromJson(readFile(args.target, "receipt", MAX_RECEIPT_TEXT));
  const model = args.model === undefined ? undefined : loadModelFile(args.model);
  const held = evidenceOf(args, signed, run, model);
  const report = await interruptible((signal) =>
    reportOn({ args, io, mode, draw, signed, pins, held, run, model, signal }),
  );
  io.stdout.write(
    args.json ? jsonLine(report) : describeReport(report, styleFor(io.stdout, io.env)),
  );
  return exitCode(report);
}

function exitCode({ outcome }: VerificationReport): number {
  return outcome === "verified" ? EXIT.ok : outcome === "refuted" ? EXIT.refuted : EXIT.failed;
}

function modeOf({ mode, share, beacon, model }: VerifyArguments): VerificationMode {
  const drawn = share !== undefined || beacon !== undefined;
  if (drawn && mode !== undefined && mode !== "sample") {
    throw new AssayError("usage", `--share and --beacon are for --mode sample, not ${mode}`);
  }
  return mode ?? (drawn ? "sample" : model === undefined ? "check" : "replay");
}

interface Draw {
  readonly share: number;
  readonly beacon: Uint8Array;
}

function drawOf({ share, beacon }: VerifyArguments): Draw {
  if (share === undefined || beacon === undefined) {
    throw new AssayError("usage", "--mode sample needs --share and --beacon", {
      hint: "a beacon is public randomness that nobody knew when the receipt was made",
    });
  }
  const digits = beacon.replace(/^0x/i, "").length;
  if (digits < 32) throw new AssayError("usage", "--beacon has at least 16 bytes of hex");
  return { share, beacon: hexOption("beacon", beacon, Math.ceil(digits / 2)) };
}

interface Work {
  readonly args: VerifyArguments;
  readonly io: Io;
  readonly mode: VerificationMode;
  readonly draw: Draw | undefined;
  readonly signed: SignedReceipt;
  readonly pins: Pins;
  readonly held: Evidence;
  readonly run: OpenedRun | undefined;
  readonly model: Model | undefined;
  readonly signal: AbortSignal;
}

/** The flag that gives what is lacking. */
const FLAGS: Readonly<Record<string, string>> = {
  [LACKING.model]: "--model",
  [LACKING.inputs]: "--input",
};

async function reportOn(work: Work): Promise<VerificationReport> {
  const { args, io, mode, draw, signed, pins, held, run, model, signal } = work;
  const published = held.plan && publishedBy(run, held.plan, signed);
  const missing = published && "missing" in published ? published.missing : undefined;
  const progress = startProgress("verifying", draw ? "segments" : "operators", io.stderr);
  const report = await verifyRun({
    mode,
    hasher: nodeHasher,
    signed,
    pins,
    evidence: held,
    memoryLimit: memoryLimit(args.memoryLimit),
    onNeed: (need) => announceNeed(io, args.verbose, need),
    signal,
    progress: (done, total) => progress.update(done, total),
    ...(model && mode !== "check" ? { model, machine: createMachine(args) } : {}),
    ...draw,
    ...(published && !("missing" in published) ? published : {}),
  }).finally(() => progress.finish());
  if (report.outcome !== "could-not-check") return report;
  const flag = FLAGS[report.reason];
  if (flag !== undefined) return { ...report, reason: `${report.reason} (${flag})` };
  return draw && missing !== undefined ? { ...report, reason: missing } : report;
}
