import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elementCount } from "../../../operators/index.js";
import type { Budget } from "../../../src/dispute/budget.js";
import { deadline } from "../../../src/dispute/clock.js";
import { HonestAsserter } from "../../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../../src/dispute/honest-challenger.js";
import type { Side } from "../../../src/dispute/moves.js";
import { type Body, MOVE_FIELDS, type Move, type MoveKind } from "../../../src/dispute/moves.js";
import { envelop, type Party } from "../../../src/dispute/party.js";
import {
  type GameClock,
  longestGame,
  playDispute,
  virtualClock,
} from "../../../src/dispute/play.js";
import type { Rules } from "../../../src/dispute/rules.js";
import type { startDispute } from "../../../src/dispute/start.js";
import type { DisputeState } from "../../../src/dispute/state.js";
import { isRecomputedWhole } from "../../../src/dispute/steps/inside.js";
import { sliceCount, targetOf, targetsInOrder } from "../../../src/dispute/targets.js";
import type { Plan, PlanNode } from "../../../src/graph/plan.js";
import { checkedReferee } from "./invariants.js";
import { flip, flipByte } from "./parties.js";
import { type Corruption, type Run, rulesOf, runOf } from "./run.js";
import type { Toy } from "./toy.js";

/** Random strategies: every rule holds after every move, every game ends, honesty never loses. */
export interface World {
  readonly rules: Rules;
  readonly honest: Run;
  readonly wrong: readonly Run[];
}

export function worldOf(toy: Toy, budget: Budget, wrong: readonly Corruption[]): World {
  return {
    rules: rulesOf(toy, { budget }),
    honest: runOf(toy),
    wrong: wrong.map((c) => runOf(toy, { corrupt: [c] })),
  };
}

/** A deterministic source of choices for one game. */
type Dice = (sides: number) => number;

function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

export const HEX = `0x${"5a".repeat(32)}`;

/** A value like `value`, wrong in one place. */
function mutate(dice: Dice, value: unknown): unknown {
  if (typeof value === "string") return dice(4) === 0 ? "0x00" : flip(value);
  if (typeof value === "number")
    return [value + 1, value - 1, 0.5, Number.NaN, 2 ** 53, "1"][dice(6)];
  if (value instanceof Uint8Array) {
    return dice(3) === 0 || value.length === 0
      ? value.slice(1)
      : flipByte(value, dice(value.length));
  }
  if (Array.isArray(value)) return mutateList(dice, value);
  if (typeof value !== "object" || value === null) return [null, undefined, [], {}, HEX][dice(5)];
  const keys = Object.keys(value);
  const key = keys[dice(keys.length)];
  if (key === undefined) return null;
  return { ...value, [key]: mutate(dice, (value as Record<string, unknown>)[key]) };
}

function mutateList(dice: Dice, list: readonly unknown[]): unknown {
  const at = dice(list.length);
  const choice = dice(5);
  if (choice === 0) return [...list, list[at] ?? HEX];
  if (choice === 1) return list.slice(0, -1);
  if (choice === 2) return [...list].reverse();
  return list.map((entry, i) => (i === at ? mutate(dice, entry) : entry));
}

const JUNK: Record<string, () => unknown> = {
  segment: () => 1,
  target: () => 1,
  element: () => 0,
  span: () => 0,
  input: () => 2,
  child: () => 0,
  node: () => 3,
  before: () => null,
  outputs: () => null,
};

/** Some move with the right fields and nothing right in them. */
function junk(dice: Dice): Body {
  const kinds = Object.keys(MOVE_FIELDS) as MoveKind[];
  const kind = kinds[dice(kinds.length)] as MoveKind;
  const fields = MOVE_FIELDS[kind] as readonly string[];
  return { kind, ...Object.fromEntries(fields.map((f) => [f, JUNK[f]?.() ?? []])) } as never;
}

/** Plays like `honestly`, but for a habit drawn anew at each turn. */
function erratic(dice: Dice, side: Side, honestly: Party, clock: GameClock, world: World): Party {
  return {
    respond: async (state) => {
      const wait = [0, 1, 50, 100, 500, 1000, 1001][dice(7)] as number;
      if (dice(3) === 0) await clock.waitUntil(clock.now() + wait);
      const habit = dice(8);
      if (habit === 0) return undefined;
      if (habit === 1) return envelop(state, side, junk(dice));
      const move =
        side === "challenger" ? pointAnywhere(dice, state, world) : await honestly.respond(state);
      if (habit === 2 && move) return mutate(dice, move) as Move;
      return move ?? (await honestly.respond(state));
    },
  };
}

function pointAnywhere(dice: Dice, state: DisputeState, { rules }: World): Move | undefined {
  const { plan } = rules;
  const { phase } = state;
  const say = (body: Body): Move => envelop(state, "challenger", body);
  if (phase.name === "locate") {
    if (dice(3) === 0) return say({ kind: "descend" });
    const segment = dice(plan.segments.length);
    if (dice(2) === 0) return say({ kind: "nameSegment", segment });
    const node = anyNode(dice, plan, segment);
    const inside = isRecomputedWhole(rules, node) ? NOWHERE : anyElement(dice, plan, node);
    return say({ kind: "accuse", segment, node, ...inside });
  }
  if (phase.name === "selectNode") return say({ kind: "select", child: dice(phase.nodes.length) });
  if (phase.name === "nameOperator") {
    return say({ kind: "nameOperator", node: anyNode(dice, plan, phase.segment) });
  }
  if (phase.name === "locateElement") {
    const { node } = phase.operator;
    const { target, element } = anyElement(dice, plan, node);
    if (dice(2) === 0) return say({ kind: "nameElement", target, element });
    const slices = sliceCount(plan.nodes[node] as PlanNode) > 0 && dice(2) === 0;
    return say(slices ? { kind: "descendSlices" } : { kind: "descendTensor", target });
  }
  if (phase.name === "selectSpan") return say({ kind: "selectSpan", span: dice(3) });
  return undefined;
}

const NOWHERE = { target: null, element: null };

function anyNode(dice: Dice, plan: Plan, segment: number): number {
  const { first, end } = plan.segments[segment] ?? { first: 0, end: 1 };
  return first + dice(end - first);
}

function anyElement(dice: Dice, plan: Plan, index: number) {
  const node = plan.nodes[index] as PlanNode;
  const targets = targetsInOrder(node);
  const target = targets[dice(targets.length)] as number;
  return { target, element: dice(elementCount(targetOf(node, target)?.type.dims ?? [])) };
}

/** Takes its time, but never more than it has. */
function unhurried(dice: Dice, side: Side, honestly: Party, clock: GameClock): Party {
  return {
    respond: async (state) => {
      const left = deadline(state.clock, side) - clock.now();
      if (dice(2) === 0) await clock.waitUntil(clock.now() + dice(left + 1));
      return honestly.respond(state);
    },
  };
}

const gamesIn = (worlds: readonly World[]) =>
  fc.record({ seed: fc.nat(), world: fc.constantFrom(...worlds), run: fc.nat(2) });

async function game(
  world: World,
  receipt: Parameters<typeof startDispute>[1]["receipt"],
  asserter: Party,
  challenger: Party,
  clock: GameClock,
) {
  const nonce = new Uint8Array(32);
  const played = await playDispute({
    rules: world.rules,
    receipt,
    nonce,
    asserter,
    challenger,
    clock,
    referee: checkedReferee,
  });
  if ("refusal" in played) throw new Error(played.refusal.message);
  expect(played.rounds).toBeLessThanOrEqual(longestGame(world.rules));
  return played.outcome;
}

/** The three properties, over some worlds. */
export function describeRandomPlay(where: string, worlds: readonly World[], games: number): void {
  describe(`random play ${where}`, () => {
    const GAMES = gamesIn(worlds);

    test("an honest asserter never loses to an erratic challenger", async () => {
      await fc.assert(
        fc.asyncProperty(GAMES, async ({ seed, world, run }) => {
          const { rules, honest, wrong } = world;
          const clock = virtualClock();
          const dice = diceOf(seed);
          const asserter = unhurried(
            dice,
            "asserter",
            new HonestAsserter(rules, honest.provider),
            clock,
          );
          const grudge = new HonestChallenger(rules, (wrong[run % wrong.length] as Run).provider);
          const challenger = erratic(dice, "challenger", grudge, clock, world);
          const outcome = await game(world, honest.receipt, asserter, challenger, clock);
          expect(outcome.kind).not.toBe("refuted");
          if (outcome.kind === "defaulted") expect(outcome.side).toBe("challenger");
        }),
        { numRuns: games },
      );
    });

    test("an honest challenger always beats an erratic asserter of a wrong run", async () => {
      await fc.assert(
        fc.asyncProperty(GAMES, async ({ seed, world, run }) => {
          const { rules, honest, wrong } = world;
          const clock = virtualClock();
          const dice = diceOf(seed);
          const claim = wrong[run % wrong.length] as Run;
          const owner = new HonestAsserter(rules, claim.provider);
          const asserter = erratic(dice, "asserter", owner, clock, world);
          const challenger = unhurried(
            dice,
            "challenger",
            new HonestChallenger(rules, honest.provider),
            clock,
          );
          const outcome = await game(world, claim.receipt, asserter, challenger, clock);
          if (outcome.kind === "defaulted") expect(outcome.side).toBe("asserter");
          else expect(outcome.kind).toBe("refuted");
        }),
        { numRuns: games },
      );
    });

    test("two erratic sides always come to an end", async () => {
      await fc.assert(
        fc.asyncProperty(GAMES, async ({ seed, world, run }) => {
          const { rules, honest, wrong } = world;
          const clock = virtualClock();
          const dice = diceOf(seed);
          const claim = wrong[run % wrong.length] as Run;
          const asserter = erratic(
            dice,
            "asserter",
            new HonestAsserter(rules, claim.provider),
            clock,
            world,
          );
          const challenger = erratic(
            dice,
            "challenger",
            new HonestChallenger(rules, honest.provider),
            clock,
            world,
          );
          const outcome = await game(world, claim.receipt, asserter, challenger, clock);
          expect(["refuted", "defaulted", "not-refuted"]).toContain(outcome.kind);
        }),
        { numRuns: games },
      );
    });
  });
}
