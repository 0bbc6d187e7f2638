import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_BUDGET } from "../../src/dispute/budget.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import { MOVE_FIELDS, type MoveKind } from "../../src/dispute/moves.js";
import { startDispute } from "../../src/dispute/start.js";
import type { DisputeState } from "../../src/dispute/state.js";
import { TABLE } from "../../src/dispute/transition.js";
import { DEFINITION_CASES } from "../definitions/cases/index.js";
import type { DefinitionCase } from "../definitions/cases/types.js";
import { TINY_BUDGET } from "./zoo/budgets.js";
import { toyOfCase } from "./zoo/cases.js";
import { checkedReferee } from "./zoo/invariants.js";
import { describeRandomPlay, HEX, type World, worldOf } from "./zoo/random.js";
import { chain, type Toy, toy } from "./zoo/toy.js";

const AT = [0, 5, 17].map((node) => ({ node }));
const LSTM = toyOfCase(
  DEFINITION_CASES.find((c) => c.operator === "LSTM") as DefinitionCase,
) as Toy;
const WORLDS: readonly World[] = [
  worldOf(toy("layer"), DEFAULT_BUDGET, AT),
  worldOf(toy("operator"), DEFAULT_BUDGET, AT),
  worldOf(chain(70), DEFAULT_BUDGET, AT),
  worldOf(toy("layer"), TINY_BUDGET, AT),
  worldOf(LSTM, TINY_BUDGET, [{ node: 0, stage: 3, element: 1 }, { node: 0 }]),
];
describeRandomPlay("over whole runs and inside operators", WORLDS, 150);

test("whatever is sent in whatever phase is answered", async () => {
  const world = WORLDS[0] as World;
  const { rules, honest, wrong } = world;
  const started = startDispute(rules, {
    receipt: honest.receipt,
    nonce: new Uint8Array(32),
    now: 0,
  });
  if ("refusal" in started) throw new Error(started.refusal.message);
  let { state } = started;
  const states: DisputeState[] = [state];
  const sides = {
    asserter: new HonestAsserter(rules, honest.provider),
    challenger: new HonestChallenger(rules, (wrong[1] ?? honest).provider),
  };
  while (state.phase.name !== "ended") {
    const move = await sides[TABLE[state.phase.name].mover].respond(state);
    const result = checkedReferee(rules, state, move, 0);
    if ("refusal" in result) throw new Error(result.refusal.message);
    state = result.state;
    states.push(state);
  }
  const kinds = Object.keys(MOVE_FIELDS) as MoveKind[];
  const fields = [...new Set(Object.values(MOVE_FIELDS).flat())] as string[];
  const value = fc.oneof(
    fc.anything(),
    fc.constant(HEX),
    fc.uint8Array(),
    fc.integer({ min: -2, max: 20 }),
    fc.array(fc.array(fc.constant(HEX))),
  );
  const arbitrary = fc.record({
    at: fc.nat(states.length - 1),
    kind: fc.constantFrom(...kinds),
    sender: fc.constantFrom("asserter", "challenger", "anyone"),
    body: fc.record(Object.fromEntries(fields.map((f) => [f, value]))),
    raw: fc.option(fc.anything()),
    now: fc.oneof(fc.integer(), fc.constant(Number.NaN)),
  });
  fc.assert(
    fc.property(arbitrary, ({ at, kind, sender, body, raw, now }) => {
      const current = states[at] as DisputeState;
      const own = Object.fromEntries(
        (MOVE_FIELDS[kind] as readonly string[]).map((f) => [f, body[f]]),
      );
      const move = { dispute: current.id, sequence: current.sequence, sender, kind, ...own };
      const result = checkedReferee(rules, current, raw ?? move, now);
      expect("state" in result || "refusal" in result).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
