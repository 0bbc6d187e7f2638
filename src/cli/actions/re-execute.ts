import type { Machine } from "../../../operators/index.js";
import { createMachine } from "../../execute/backend.js";
import { openHashThread, wantsHashThread } from "../../execute/hash-thread.js";
import { Profiler, unmeasured } from "../../execute/profiler.js";
import type { Model } from "../../graph/types.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import type { SignedReceipt } from "../../receipt/receipt.js";
import type { Evidence, Pins } from "../../verify/check.js";
import type { OpenedRun } from "../../verify/open-run.js";
import type { VerificationMode, VerificationReport } from "../../verify/report.js";
import { LACKING, type VerifyRequest, verifyRun } from "../../verify/verify-run.js";
import type { Io } from "../command.js";
import type { VerifyArguments } from "../commands/verify-run.js";
import { publishedBy } from "../evidence.js";
import { announceNeed, memoryLimit } from "../memory.js";
import { keepProfile, type ProfileFacts, requireNewProfile } from "../profile-report.js";
import { startProgress } from "../progress.js";

import type { Draw } from "./verify-run.js";

/** What `sample` and `replay` work with. */
export interface Work {
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

/** What came of it, and with `--profile` where the time went. */
export interface Reexecuted {
  readonly report: VerificationReport;
  readonly profile?: ProfileFacts;
}

export async function reexecute(work: Work): Promise<Reexecuted> {
  const { args, io, held } = work;
  const { profile: file } = args;
  if (file === undefined || !held.plan) return { report: await reportOn(work, undefined) };
  requireNewProfile(file);
  const profiler = new Profiler();
  const report = await reportOn(work, profiler);
  return { report, profile: keepProfile(file, held.plan, profiler, io) };
}

async function reportOn(work: Work, profiler: Profiler | undefined): Promise<VerificationReport> {
  const { args, io, mode, draw, signed, pins, held, run, model, signal } = work;
  const published = held.plan && publishedBy(run, held.plan, signed);
  const missing = published && "missing" in published ? published.missing : undefined;
  const progress = startProgress("verifying", draw ? "segments" : "operators", io.stderr);
  const measure = profiler?.measure ?? unmeasured;
  const hashThread =
    mode === "replay" && held.plan && wantsHashThread(held.plan)
      ? openHashThread(profiler?.hashed)
      : undefined;
  const request: VerifyRequest = {
    mode,
    hasher: nodeHasher,
    signed,
    pins,
    evidence: held,
    memoryLimit: memoryLimit(args.memoryLimit),
    onNeed: (need) => announceNeed(io, args.verbose, need),
    signal,
    progress: (done, total) => progress.update(done, total),
    ...(model ? { model, machine: machineOf(work, profiler) } : {}),
    hashThread,
    ...(profiler ? { measure } : {}),
    ...draw,
    ...(published && !("missing" in published) ? published : {}),
  };
  const report = await measure("run", "run", 0, () => verifyRun(request)).finally(async () => {
    progress.finish();
    await hashThread?.close();
  });
  if (report.outcome !== "could-not-check") return report;
  const flag = FLAGS[report.reason];
  if (flag !== undefined) return { ...report, reason: `${report.reason} (${flag})` };
  return draw && missing !== undefined ? { ...report, reason: missing } : report;
}

function machineOf({ args, held }: Work, profiler: Profiler | undefined): Machine {
  const machine = createMachine(args);
  return profiler && held.plan ? profiler.machine(machine, held.plan) : machine;
}
