import type { DisputeCost, Outcome } from "../dispute/evidence.js";
import type { Finding } from "../verify/report.js";
import { bytesText, countText, millisText } from "./format.js";
import { printable } from "./printable.js";
import type { Style } from "./style.js";

/** What `verify-run --against` found: the same facts as text and under `--json`. */
export interface AgainstFacts {
  /** A target that stood this dispute is not thereby verified. */
  readonly outcome: "refuted" | "not-refuted" | "could-not-check";
  readonly reason: string;
  /** Where a receipt was found wrong before any dispute. */
  readonly findings?: readonly Finding[];
  /** The target and the other run, each defended against the other. */
  readonly parties?: readonly [PartyFacts, PartyFacts];
  readonly signerPinned: boolean;
  readonly elapsedMs: number;
}

export interface PartyFacts {
  readonly run: string;
  readonly atFault: boolean;
  readonly verdict: string;
  readonly outcome: Outcome;
  readonly rounds: number;
  readonly moveBytes: number;
  readonly cost?: DisputeCost;
}

export function describeAgainst(facts: AgainstFacts, style: Style): string {
  const wrong = (facts.findings ?? []).filter((f) => f.result === "wrong");
  const lines = [
    ...wrong.map((f) => `  ${style.bad("✗")} ${printable(`${f.what.padEnd(17)} ${f.detail}`)}`),
    ...(facts.parties ?? []).flatMap((p) => partyLines(p, style)),
    "",
    `${headlineOf(facts, style)}: ${printable(facts.reason)} (${millisText(facts.elapsedMs)})`,
    ...(facts.outcome === "not-refuted" && !facts.signerPinned
      ? ["  the signer was not pinned"]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

function headlineOf({ outcome }: AgainstFacts, style: Style): string {
  if (outcome === "refuted") return style.bad(style.bold("REFUTED"));
  return style.bold(outcome === "not-refuted" ? "NOT REFUTED" : "COULD NOT CHECK");
}

function partyLines(p: PartyFacts, style: Style): string[] {
  const mark = p.atFault ? style.bad("✗") : style.good("✓");
  return [
    `  ${mark} ${printable(`${p.run}: ${p.verdict}`)}`,
    `    ${p.rounds} moves, ${bytesText(p.moveBytes)} shown to the referee`,
    ...(p.cost ? [`    ${costText(p.cost)}`] : []),
  ];
}

/** The referee's work against the run's. */
function costText({ referee, operator, run }: DisputeCost): string {
  const of = `of ${countText(run.steps)} steps`;
  // Inside an operator its share is so small that a percentage says nothing.
  if (referee.steps < operator.steps) {
    return `the referee recomputed one stretch of an operator: ${countText(referee.steps)} ${of}`;
  }
  const share = ((100 * operator.steps) / run.steps).toFixed(2);
  return (
    `the referee recomputed one operator: ${countText(operator.steps)} ${of} ` +
    `(${share} % of the run), ${bytesText(operator.bytes)} of tensors`
  );
}
