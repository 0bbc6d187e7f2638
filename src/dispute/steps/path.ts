import { pathHoldsPartials } from "../move-limit.js";
import { type Body, MOVE_FIELDS, type MoveKind } from "../moves.js";
import { readFields } from "../reading.js";
import { demand } from "../refusals.js";
import type { Path, Phase, PhaseName } from "../state.js";
import type { Next, Step, StepContext } from "./step.js";

/** What one body does in a phase: the table's entry, without envelope and clock. */
export type Apply = (context: StepContext, phase: Phase, body: Body) => Next;

/**
 * Plays the way that the challenger named in one move: its own moves follow from the path, the
 * asserter's are the answers, in order. Ends where the path does; a fault on the way ends it earlier.
 * Each answer is checked by the rule of its own kind, so a path decides nothing that single moves
 * would not.
 */
export const openPath =
  (apply: Apply): Step<"openPath", "openPath"> =>
  (context, { path }, move) => {
    const past = pastPath(context, path);
    demand(Array.isArray(move.answers), "malformed", "answers is a list");
    const answers = move.answers.slice(0, MOST_ANSWERS + 1).map(readBody);
    let phase: Phase = { name: "openBoundaries", segment: path.segment };
    while (!past.includes(phase.name)) {
      const named = namedBy(path, phase);
      const body = named ?? answers.shift();
      demand(body !== undefined, "wrong-count", `an answer to ${phase.name} is missing`);
      demand(named !== undefined || ANSWERS.includes(body.kind), "malformed", "an answer");
      ({ phase } = apply(context, phase, body));
    }
    // A fault on the way leaves answers over: nobody needs them any more.
    const over = phase.name === "ended" || answers.length === 0;
    demand(over, "wrong-count", "more answers than the path has questions");
    return { phase };
  };

const MOST_ANSWERS = 4;

const ANSWERS: readonly MoveKind[] = [
  "openBoundaries",
  "openSegment",
  "openIntermediates",
  "openPartials",
];

/** Where the moves go on one by one. */
function pastPath({ rules }: StepContext, path: Path): PhaseName[] {
  const posting: PhaseName = pathHoldsPartials(rules, path) ? "selectSpan" : "openPartials";
  return ["ended", "openOperator", "openReads", posting];
}

/** The challenger's move in this phase, as the path has it. */
function namedBy({ node, target, element }: Path, { name }: Phase): Body | undefined {
  if (name === "nameOperator") return { kind: "nameOperator", node };
  if (name !== "locateElement") return undefined;
  demand(target !== null && element !== null, "malformed", "the path ends at its operator");
  return { kind: "nameElement", target, element };
}

function readBody(given: unknown): Body {
  demand(typeof given === "object" && given !== null, "malformed", "an answer is an object");
  const { kind } = given as { kind?: unknown };
  demand(typeof kind === "string" && Object.hasOwn(MOVE_FIELDS, kind), "malformed", "its kind");
  readFields(given, ["kind", ...MOVE_FIELDS[kind as MoveKind]], kind);
  return given as Body;
}
