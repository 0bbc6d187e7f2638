import { moverOf } from "../dispute/transition.js";
import type { Plan } from "../graph/plan.js";
import type { RuleBook } from "../settlement/rule-book.js";
import type { Entry, Id, Job, JobDispute, JobPhase, LedgerState } from "../settlement/state.js";
import { modelOf } from "../settlement/step.js";
import { describeOutcome } from "../verify/describe.js";
import { bytesText } from "./format.js";
import type { Style } from "./style.js";

/** What is known of a job, for machines; `describeJob` says the same to people. */
export interface JobFacts {
  readonly job: Id;
  readonly model: Id;
  readonly requester: Id;
  readonly mode: Job["mode"];
  readonly granularity: Job["granularity"];
  readonly fee: number;
  readonly executorsAsked: number;
  readonly audited: boolean | null;
  readonly phase: JobPhase;
  readonly executors: readonly EntryFacts[];
  readonly disputes: readonly DisputeFacts[];
}

export interface EntryFacts extends Pick<Entry, "executor" | "auditor" | "standing" | "wins"> {
  /** What two claims that say the same have in common. */
  readonly root: Id | null;
}

export interface DisputeFacts
  extends Pick<JobDispute, "id" | "kind" | "round" | "asserter" | "challenger" | "result"> {
  readonly moves: number;
  readonly moveBytes: number;
  /** In words. */
  readonly verdict: string;
}

export function jobFacts(state: LedgerState, job: Job, book: RuleBook): JobFacts {
  const { plan } = book.rulesOf(modelOf(state, job.model), job, state.parameters);
  const disputes = [...state.disputes.entries()].map(([, d]) => d).filter((d) => d.job === job.id);
  return {
    job: job.id,
    model: job.model,
    requester: job.requester,
    mode: job.mode,
    granularity: job.granularity,
    fee: job.fee,
    executorsAsked: job.size,
    audited: job.audited,
    phase: job.phase,
    executors: job.entries.map(({ executor, auditor, standing, wins, claim }) => {
      return { executor, auditor, standing, wins, root: claim?.root ?? null };
    }),
    disputes: disputes
      .sort((a, b) => a.opened - b.opened || (a.id < b.id ? -1 : 1))
      .map((d) => disputeFacts(plan, d)),
  };
}

function disputeFacts(plan: Plan, dispute: JobDispute): DisputeFacts {
  const { id, kind, round, asserter, challenger, result, state } = dispute;
  const { sequence: moves, moveBytes } = state;
  const verdict = verdictOf(plan, dispute);
  return { id, kind, round, asserter, challenger, moves, moveBytes, verdict, result };
}

function verdictOf(plan: Plan, { result, state }: JobDispute): string {
  if (result?.kind === "decided") return describeOutcome(plan, result.outcome);
  if (result) return "decided elsewhere: one of the two fell in another dispute";
  return `open: the ${moverOf(state) ?? "referee"} is to move (${state.phase.name})`;
}

export function describeJob(facts: JobFacts, style: Style): string {
  const { mode, granularity, executorsAsked, fee, audited } = facts;
  const asked = `${executorsAsked} ${executorsAsked === 1 ? "executor" : "executors"}`;
  const lines = [
    `  job        ${facts.job}`,
    `  model      ${facts.model}`,
    `  requester  ${facts.requester}`,
    `  terms      ${mode}, ${asked}, fee ${fee}, committed to after every ${granularity}`,
    `  phase      ${phaseText(facts.phase)}${audited === true ? ", audited" : ""}`,
    ...section(
      "executors",
      facts.executors.map((e) => entryLine(e, style)),
    ),
    ...section(
      "disputes",
      facts.disputes.flatMap((d) => disputeLines(d, style)),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `  ${title}`, ...lines];
}

const STANDINGS: Readonly<Record<Entry["standing"], string>> = {
  drawn: "drawn, has not committed yet",
  sealed: "has sealed its receipt",
  standing: "its receipt stands",
  absent: "did not commit in time",
  unrevealed: "committed and did not reveal",
  refuted: "convicted: its receipt is refuted",
  silent: "did not answer a challenge in time",
  failed: "out: its own challenge convicted nobody",
};

function entryLine({ executor, standing, auditor, wins }: EntryFacts, style: Style): string {
  const good = standing === "standing";
  const waits = standing === "drawn" || standing === "sealed";
  const mark = good ? style.good("✓") : waits ? "·" : style.bad("✗");
  const won = wins === 0 ? "" : `, ${wins} ${wins === 1 ? "match" : "matches"} won`;
  return `  ${mark} ${executor}  ${STANDINGS[standing]}${won}${auditor ? ", as auditor" : ""}`;
}

function disputeLines(d: DisputeFacts, style: Style): string[] {
  const kind = d.kind === "match" ? `match of round ${d.round}` : "challenge from outside";
  const shown = `${d.moves} ${d.moves === 1 ? "move" : "moves"}, ${bytesText(d.moveBytes)} shown`;
  const refuted = d.result?.kind === "decided" && d.result.loser === "asserter";
  return [
    `  ${kind}: ${d.challenger} challenges ${d.asserter}`,
    `    ${refuted ? style.bad(d.verdict) : d.verdict}`,
    `    ${shown}`,
  ];
}

/** A phase in words, with its deadline. */
export function phaseText(phase: JobPhase): string {
  switch (phase.name) {
    case "drawing":
      return `waits for the beacon and enough executors, until ${timeText(phase.until)}`;
    case "committing":
      return `executors run the model and seal their receipts, until ${timeText(phase.until)}`;
    case "calling":
      return `waits for the beacon to say whether it is audited, until ${timeText(phase.until)}`;
    case "revealing":
      return `executors reveal their receipts, until ${timeText(phase.until)}`;
    case "challengeable":
      return `can be challenged until ${timeText(phase.until)}`;
    case "ended":
      return `ended: ${ENDS[phase.end.kind]}`;
  }
}

const ENDS = {
  answered: "answered",
  "not-drawn": "nobody could be drawn; the fee went back",
  "not-run": "nobody ran it; the fee went back",
  "all-fell": "no receipt stands; the fee went back",
} as const;

/** 2026-01-02T03:04:05Z */
export function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString().replace(/\.\d+Z$/, "Z");
}
