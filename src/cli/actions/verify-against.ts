import { performance } from "node:perf_hooks";
import { AssayError, type Tensor } from "../../../operators/basis.js";
import type { Settlement } from "../../dispute/settle.js";
import { createMachine } from "../../execute/backend.js";
import { isFolder } from "../../files/disk.js";
import type { ModelDigest } from "../../graph/digests.js";
import type { Plan } from "../../graph/plan.js";
import type { Model } from "../../graph/types.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { commitTensor } from "../../merkle/tensor-tree.js";
import { disputeRuns } from "../../verify/against.js";
import { checkReceipt, type Pins } from "../../verify/check.js";
import { costOf, describeOutcome } from "../../verify/describe.js";
import { keptRun } from "../../verify/kept-run.js";
import { type OpenedRun, openRun } from "../../verify/open-run.js";
import {
  interpreterRunner,
  type ProgramRunner,
  recomputeWith,
  wasmRunner,
} from "../../verify/recompute.js";
import type { VerificationReport } from "../../verify/report.js";
import { type AgainstFacts, describeAgainst } from "../against-report.js";
import type { Io } from "../command.js";
import type { VerifyArguments } from "../commands/verify-run.js";
import { EXIT } from "../errors.js";
import { evidenceOf, pinsOf } from "../evidence.js";
import { type DigestedModel, digestedModel } from "../model-digest.js";
import { jsonLine } from "../printable.js";
import { styleFor } from "../style.js";

/**
 * Plays the dispute between two run folders. Both receipts are checked first: a dispute convicts
 * whoever signed, so a claim that nobody signed, or whose own outputs are not its own, is none.
 * Exit code 1 where the target is at fault, 0 where it stands, 2 where the two are not about the
 * same claim.
 */
export async function verifyAgainst(args: VerifyArguments, other: string, io: Io): Promise<number> {
  const modelFile = requireUsage(args, other);
  const pins = pinsOf(args);
  const started = performance.now();
  const [target, against] = [openRun(args.target), openRun(other)];
  const known = digestedModel(modelFile, args, io);
  const { model } = known;
  const mine = await checkOf(target, known, pins);
  const theirs = await checkOf(against, known, {});
  const facts =
    outcomeOfChecks(mine.report, theirs.report, other) ??
    (await disputeFacts(args, other, model, mine, theirs));
  const all: AgainstFacts = {
    ...facts,
    signerPinned: pins.executor !== undefined,
    elapsedMs: performance.now() - started,
  };
  io.stdout.write(args.json ? jsonLine(all) : describeAgainst(all, styleFor(io.stdout, io.env)));
  if (all.outcome === "refuted") return EXIT.refuted;
  return all.outcome === "not-refuted" ? EXIT.ok : EXIT.failed;
}

function requireUsage(args: VerifyArguments, other: string): string {
  const { model, mode, share, beacon, input, salt, profile } = args;
  if (model === undefined) {
    throw new AssayError("usage", "--against needs --model", {
      hint: "both parties and the referee derive the plan from the model",
    });
  }
  if ([mode, share, beacon, salt, profile, ...input].some((v) => v !== undefined)) {
    throw new AssayError(
      "usage",
      "--against takes no --mode, --share, --beacon, --input, --salt or --profile",
      {
        hint: "a dispute is about what the two run folders hold",
      },
    );
  }
  for (const folder of [args.target, other]) {
    if (isFolder(folder)) continue;
    throw new AssayError("run/incomplete", `${folder} is not a run folder`, {
      hint: "only a run folder holds what its executor needs to answer a dispute",
    });
  }
  return model;
}

interface Checked {
  readonly run: OpenedRun;
  readonly report: VerificationReport;
  readonly digest: ModelDigest;
}

async function checkOf(run: OpenedRun, model: DigestedModel, pins: Pins): Promise<Checked> {
  const held = await evidenceOf({ input: [] }, run.signed, run, model);
  const report = checkReceipt(nodeHasher, run.signed, pins, held);
  return { run, report, digest: held.model as ModelDigest };
}

type Facts = Omit<AgainstFacts, "signerPinned" | "elapsedMs">;

/** What is wrong with a claim before anybody disputes it. */
function outcomeOfChecks(
  mine: VerificationReport,
  theirs: VerificationReport,
  other: string,
): Facts | undefined {
  if (mine.outcome === "refuted") {
    return { outcome: "refuted", reason: mine.reason, findings: mine.findings };
  }
  if (mine.outcome === "could-not-check") return { outcome: mine.outcome, reason: mine.reason };
  if (theirs.outcome === "verified") return undefined;
  return {
    outcome: "could-not-check",
    reason: `${other} is no claim to dispute with: ${theirs.reason}`,
    findings: theirs.findings,
  };
}

async function disputeFacts(
  args: VerifyArguments,
  other: string,
  model: Model,
  mine: Checked,
  theirs: Checked,
): Promise<Facts> {
  const contestant = ({ run }: Checked) => {
    const outputs = run.outputs.map((t: Tensor) => commitTensor(nodeHasher, t));
    return { receipt: run.signed.receipt, run: keptRun(run, model, outputs) };
  };
  const [a, b] = [contestant(mine), contestant(theirs)];
  const settlement = await disputeRuns({
    hasher: nodeHasher,
    model,
    digest: mine.digest,
    plan: a.run.plan,
    a,
    b,
    machine: () => createMachine(args),
    recompute: recomputeWith(runnerFor(args)),
  });
  return settlementFacts([args.target, other], a.run.plan, settlement);
}

/** The referee computes where the parties do: all backends give the same bits. */
function runnerFor(args: VerifyArguments): ProgramRunner {
  return createMachine(args).name === "interpreter" ? interpreterRunner : wasmRunner();
}

/** Agreement is no verification: both may be wrong in the same way. */
const AGREE =
  "both runs commit to the same bits, so there is nothing to dispute; --mode replay verifies one";

function settlementFacts(
  runs: readonly [string, string],
  plan: Plan,
  settlement: Settlement,
): Facts {
  if (settlement.kind === "refused") {
    const { code, message } = settlement.refusal;
    return { outcome: "could-not-check", reason: `${message} (${code})` };
  }
  if (settlement.kind === "agree") {
    return { outcome: "could-not-check", reason: AGREE };
  }
  const party = (side: "a" | "b") => {
    const record = settlement.against[side];
    const cost = costOf(record);
    return {
      run: runs[side === "a" ? 0 : 1],
      atFault: settlement.atFault.includes(side),
      verdict: describeOutcome(plan, record.outcome),
      outcome: record.outcome,
      rounds: record.rounds,
      moveBytes: record.moveBytes,
      ...(cost ? { cost } : {}),
    };
  };
  const parties = [party("a"), party("b")] as const;
  const [mine, theirs] = parties;
  if (mine.atFault) {
    return { outcome: "refuted", reason: `${mine.run} is at fault: ${mine.verdict}`, parties };
  }
  if (theirs.atFault) {
    const reason = `${mine.run} stands against ${theirs.run}, which is at fault: ${theirs.verdict}`;
    return { outcome: "not-refuted", reason, parties };
  }
  return { outcome: "could-not-check", reason: "neither run could be convicted", parties };
}
