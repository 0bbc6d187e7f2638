import type { PlanNode } from "../../graph/plan.js";
import { toHex } from "../../receipt/hex.js";
import type { Hex } from "../moves.js";
import { readBytes, readIndex } from "../reading.js";
import { demand } from "../refusals.js";
import { spanEnds } from "../spans.js";
import type { Stretch } from "../state.js";
import { programOf } from "../targets.js";
import { decodeWords, wordBytes } from "../words.js";
import { claimedElement } from "./claim.js";
import { stretchPhase } from "./inside.js";
import type { Step, StepContext } from "./step.js";
import { refuted } from "./tile.js";

/** From one element into its fold, until a stretch is left that the referee computes itself. */

/** The asserter posts the states at the ends of the spans. */
export const openPartials: Step<"openPartials", "openPartials"> = (context, phase, move) => {
  const { name: _, ...stretch } = phase;
  const program = programAt(context, stretch);
  const { budget } = context.rules;
  const width = wordBytes(program.init);
  const count = spanEnds(budget, program, stretch.from, stretch.to).length - 1;
  const words = readBytes(move.words, "words");
  demand(words.length === count * width, "wrong-count", `${count} states of ${width} bytes`);
  for (let i = 0; i < count; i++) {
    const state = words.subarray(i * width, (i + 1) * width);
    demand(decodeWords(program.init, state) !== undefined, "malformed", `state ${i} has a NaN`);
  }
  const element = claimedElement(context, stretch, move.claim);
  if (element.kind === "improper") return { phase: refuted(element.evidence) };
  const { claimed } = element;
  return { phase: { name: "selectSpan", ...stretch, claimed, words: toHex(words) } };
};

/** The challenger picks the first span whose end it knows to be wrong. */
export const selectSpan: Step<"selectSpan", "selectSpan"> = (context, phase, move) => {
  const { name: _, words, ...stretch } = phase;
  const program = programAt(context, stretch);
  const ends = spanEnds(context.rules.budget, program, stretch.from, stretch.to);
  const span = readIndex(move.span, 0, ends.length, "span");
  const digits = 2 * wordBytes(program.init);
  const state = (i: number): Hex => `0x${words.slice(2 + i * digits, 2 + (i + 1) * digits)}`;
  const part: Stretch = {
    ...stretch,
    from: span === 0 ? stretch.from : (ends[span - 1] as number),
    to: ends[span] as number,
    before: span === 0 ? stretch.before : state(span - 1),
    after: span === ends.length - 1 ? stretch.after : state(span),
  };
  return { phase: stretchPhase(context.rules, part) };
};

function programAt({ rules }: StepContext, { operator, target }: Stretch) {
  return programOf(rules.plan.nodes[operator.node] as PlanNode, target);
}
