import { performance } from "node:perf_hooks";
import { AssayError, type Tensor } from "../../../operators/index.js";
import type { Settlement } from "../../dispute/settle.js";
import { createMachine } from "../../execute/backend.js";
import { modelDigest } from "../../graph/digests.js";
import type { Plan } from "../../graph/plan.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { commitTensor } from "../../merkle/tensor-tree.js";
import { disputeRuns } from "../../verify/against.js";
import { costOf, describeOutcome } from "../../verify/describe.js";
import {
  interpreterRunner,
  type ProgramRunner,
  recomputeWith,
  wasmRunner,
} from "../../verify/recompute.js";
import { EXIT } from "../errors.js";
import { isFolder } from "../../files/disk.js";
import { bytesText, countText, millisText } from "../format.js";
import { loadModelFile } from "../../files/load-model.js";
import { keptRun, type OpenedRun, openRun } from "../run-folder.js";
import type { VerifyArguments } from "./verify-run.js";

/**
 * Plays the dispute between two run folders. Exit code 1 where the target is at fault, 0 where it
 * stands, 2 where the two are not about the same claim.
 */
export async function verifyAgainst(args: VerifyArguments, other: string): Promise<number> {
  if (args.model === undefined) {
    throw new AssayError("usage", "--against needs --model", {
      hint: "both parties and the referee derive the plan from the model",
    });
  }
  for (const folder of [args.target, other]) {
    if (!isFolder(folder)) {
      throw new AssayError("run/incomplete", `${folder} is not a run folder`, {
        hint: "only a run folder holds what its executor needs to answer a dispute",
      });
    }
  }
  const started = performance.now();
  const runs = [openRun(args.target), openRun(other)] as const;
  const model = loadModelFile(args.model);
  const digest = modelDigest(nodeHasher, model);
  const outputsOf = (run: OpenedRun): Uint8Array[] =>
    run.outputs.map((t: Tensor) => commitTensor(nodeHasher, t));
  const kept = runs.map((run) => keptRun(run, model, outputsOf(run)));
  const [a, b] = kept as [(typeof kept)[0], (typeof kept)[0]];
  const settlement = await disputeRuns({
    hasher: nodeHasher,
    model,
    digest,
    plan: a.plan,
    a: { receipt: runs[0].signed.receipt, run: a },
    b: { receipt: runs[1].signed.receipt, run: b },
    machine: () => createMachine(args),
    recompute: recomputeWith(runnerFor(args)),
  });
  const elapsed = performance.now() - started;
  const facts = factsOf(args, other, a.plan, settlement, elapsed);
  process.stdout.write(args.json ? `${JSON.stringify(facts)}\n` : describeSettlement(facts));
  return facts.outcome === "refuted"
    ? EXIT.refuted
    : facts.outcome === "could-not-check"
      ? EXIT.failed
      : EXIT.ok;
}

/** The referee computes where the parties do: all backends give the same bits. */
function runnerFor(args: VerifyArguments): ProgramRunner {
  return createMachine(args).name === "wasm" ? wasmRunner() : interpreterRunner;
}

type Facts = ReturnType<typeof factsOf>;

function factsOf(
  args: VerifyArguments,
  other: string,
  plan: Plan,
  settlement: Settlement,
  elapsedMs: number,
) {
  if (settlement.kind === "refused") {
    const { code, message } = settlement.refusal;
    return { outcome: "could-not-check" as const, reason: `${message} (${code})`, elapsedMs };
  }
  if (settlement.kind === "agree") {
    return {
      outcome: "not-refuted" as const,
      reason: "both runs commit to the same bits",
      elapsedMs,
    };
  }
  const party = (side: "a" | "b") => {
    const record = settlement.against[side];
    const cost = costOf(record);
    return {
      run: side === "a" ? args.target : other,
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
  const outcome = mine.atFault ? ("refuted" as const) : ("not-refuted" as const);
  const reason = mine.atFault
    ? `${mine.run} is at fault: ${mine.verdict}`
    : `${theirs.run} is at fault: ${theirs.verdict}`;
  return { outcome, reason, parties, elapsedMs };
}

function describeSettlement(facts: Facts): string {
  const lines: string[] = [];
  for (const p of facts.parties ?? []) {
    lines.push(`  ${p.atFault ? "✗" : "✓"} ${p.run}: ${p.verdict}`);
    lines.push(`    ${p.rounds} moves, ${bytesText(p.moveBytes)} shown to the referee`);
    if (p.cost) lines.push(`    ${costText(p.cost)}`);
  }
  const headline = {
    refuted: "REFUTED",
    "not-refuted": "NOT REFUTED",
    "could-not-check": "COULD NOT CHECK",
  }[facts.outcome];
  lines.push("", `${headline}: ${facts.reason} (${millisText(facts.elapsedMs)})`, "");
  return lines.join("\n");
}

/** The referee's work against the run's. */
export function costText(cost: {
  operator: { steps: number; bytes: number };
  run: { steps: number; bytes: number };
}): string {
  const share = ((100 * cost.operator.steps) / cost.run.steps).toFixed(2);
  return (
    `the referee recomputed one operator: ${countText(cost.operator.steps)} of ` +
    `${countText(cost.run.steps)} steps (${share} % of the run), ` +
    `${bytesText(cost.operator.bytes)} of tensors`
  );
}
