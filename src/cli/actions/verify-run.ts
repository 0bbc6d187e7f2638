import { AssayError } from "../../../operators/basis.js";
import { isFolder, readFile } from "../../files/disk.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { MAX_RECEIPT_TEXT, receiptFromJson } from "../../receipt/json.js";
import { checkReceipt } from "../../verify/check.js";
import type { OpenedRun } from "../../verify/open-run.js";
import type { VerificationMode, VerificationReport } from "../../verify/report.js";
import type { Io } from "../command.js";
import type { VerifyArguments } from "../commands/verify-run.js";
import { EXIT, errorObject } from "../errors.js";
import { evidenceOf, pinsOf } from "../evidence.js";
import type { DigestedModel } from "../model-digest.js";
import { hexOption } from "../options.js";
import { jsonLine } from "../printable.js";
import { styleFor } from "../style.js";
import { describeReport } from "../verify-report.js";
import type { Reexecuted, Work } from "./re-execute.js";

/** An error is the third outcome: it could not be checked, and the exit code is 2. */
export async function verify(args: VerifyArguments, io: Io): Promise<number> {
  try {
    return await (args.against === undefined
      ? verifyAlone(args, io)
      : (await import("./verify-against.js")).verifyAgainst(args, args.against, io));
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
  const run = isFolder(args.target) ? await opened(args.target) : undefined;
  const signed = run?.signed ?? receiptFromJson(readFile(args.target, "receipt", MAX_RECEIPT_TEXT));
  const known = args.model === undefined ? undefined : await modelOf(args.model, args, io);
  const model = known?.model;
  const held = await evidenceOf(args, signed, run, known);
  const { report: found, profile } =
    mode === "check"
      ? { report: checkReceipt(nodeHasher, signed, pins, held) }
      : await reexecuted({ args, io, mode, draw, signed, pins, held, run, model });
  const report = known ? withCacheNoted(found, known) : found;
  if (args.json) io.stdout.write(jsonLine(profile ? { ...report, profile } : report));
  else {
    io.stdout.write(describeReport(report, styleFor(io.stdout, io.env)));
    if (profile) io.stdout.write((await import("../profile-report.js")).describeProfile(profile));
  }
  return exitCode(report);
}

// A look at a receipt takes milliseconds: what only other work needs is loaded where it is wanted.
async function opened(folder: string): Promise<OpenedRun> {
  return (await import("../../verify/open-run.js")).openRun(folder);
}

async function modelOf(path: string, args: VerifyArguments, io: Io): Promise<DigestedModel> {
  return (await import("../model-digest.js")).digestedModel(path, args, io);
}

/** What was not computed anew is no finding of this verification, and the report says so. */
function withCacheNoted(report: VerificationReport, known: DigestedModel): VerificationReport {
  if (known.weightsHash === "computed") return report;
  const detail = "weights hashed when this file was first looked at; --no-cache hashes them anew";
  const noted = { what: "weights", result: "skipped", detail } as const;
  return { ...report, findings: [...report.findings, noted] };
}

async function reexecuted(work: Omit<Work, "signal">): Promise<Reexecuted> {
  const { reexecute } = await import("./re-execute.js");
  const { interruptible } = await import("../signals.js");
  return interruptible((signal) => reexecute({ ...work, signal }));
}

function exitCode({ outcome }: VerificationReport): number {
  return outcome === "verified" ? EXIT.ok : outcome === "refuted" ? EXIT.refuted : EXIT.failed;
}

function modeOf({ mode, share, beacon, model, profile }: VerifyArguments): VerificationMode {
  const drawn = share !== undefined || beacon !== undefined;
  if (drawn && mode !== undefined && mode !== "sample") {
    throw new AssayError("usage", `--share and --beacon are for --mode sample, not ${mode}`);
  }
  const chosen = mode ?? (drawn ? "sample" : model === undefined ? "check" : "replay");
  if (profile !== undefined && chosen !== "replay") {
    throw new AssayError("usage", `--profile is for --mode replay, not ${chosen}`);
  }
  return chosen;
}

export interface Draw {
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
