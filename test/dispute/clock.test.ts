import { expect, test } from "vitest";
import { deadline, passTurn, startClock } from "../../src/dispute/clock.js";
import type { Move } from "../../src/dispute/moves.js";
import { startDispute } from "../../src/dispute/start.js";
import type { DisputeState } from "../../src/dispute/state.js";
import { checkedReferee } from "./zoo/invariants.js";
import { rulesOf, runOf } from "./zoo/run.js";
import { toy } from "./zoo/toy.js";

const RULES = { perSide: 1000, extension: 100 };

test("only the side to move uses time", () => {
  const first = startClock(RULES, 5);
  expect(first).toEqual({ asserter: 1000, challenger: 1000, since: 5 });
  expect(deadline(first, "challenger")).toBe(1005);
  const second = passTurn(RULES, first, "challenger", "asserter", 305);
  expect(second).toEqual({ asserter: 1000, challenger: 700, since: 305 });
  expect(deadline(second, "asserter")).toBe(1305);
});

test("a turn never begins with less than the extension", () => {
  let clock = startClock(RULES, 0);
  clock = passTurn(RULES, clock, "challenger", "asserter", 950);
  expect(clock.challenger).toBe(50);
  clock = passTurn(RULES, clock, "asserter", "challenger", 960);
  expect(clock).toEqual({ asserter: 990, challenger: 100, since: 960 });
  expect(startClock({ perSide: 10, extension: 100 }, 0).asserter).toBe(100);
});

test("a side that moves twice in a row is topped up too", () => {
  const clock = passTurn(RULES, startClock(RULES, 0), "asserter", "asserter", 990);
  expect(clock.asserter).toBe(100);
});

const small = toy("layer");
const rules = rulesOf(small, { clock: RULES });
const begin = (): DisputeState => {
  const { receipt } = runOf(small);
  const started = startDispute(rules, { receipt, nonce: new Uint8Array(32), now: 0 });
  if ("refusal" in started) throw new Error(started.refusal.message);
  return started.state;
};
const move = (state: DisputeState, kind: "descend" | "timeout", sender: Move["sender"]): Move => {
  return { dispute: state.id, sequence: state.sequence, sender, kind };
};

test("the deadline belongs to the mover, the moment after to everyone", () => {
  const state = begin();
  const descend = move(state, "descend", "challenger");
  expect(checkedReferee(rules, state, descend, 1000)).toHaveProperty("state");
  expect(checkedReferee(rules, state, descend, 1001)).toMatchObject({ refusal: { code: "late" } });
  for (const sender of ["asserter", "challenger", "anyone"] as const) {
    const timeout = move(state, "timeout", sender);
    expect(checkedReferee(rules, state, timeout, 1000)).toMatchObject({
      refusal: { code: "too-early" },
    });
    expect(checkedReferee(rules, state, timeout, 1001)).toMatchObject({
      state: {
        phase: {
          name: "ended",
          outcome: {
            kind: "defaulted",
            side: "challenger",
            expected: ["descend", "nameSegment", "accuse", "challengeInputs"],
          },
        },
      },
    });
  }
});

test("time that runs backwards is refused, and after the end nothing is said", () => {
  const state = begin();
  const back = checkedReferee(rules, state, move(state, "descend", "challenger"), -1);
  expect(back).toMatchObject({ refusal: { code: "clock-backwards" } });
  const over = checkedReferee(rules, state, move(state, "timeout", "anyone"), 1001);
  if ("refusal" in over) throw new Error(over.refusal.message);
  const more = checkedReferee(rules, over.state, move(over.state, "timeout", "anyone"), 9999);
  expect(more).toMatchObject({ refusal: { code: "ended" } });
});
