import { describe, expect, test } from "vitest";
import { POLICIES, POPULATIONS, playersOf } from "../../bench/contest-populations.js";
import { type Figures, simulate } from "../../bench/contest-simulation.js";
import { type Sizes, search } from "./contest-search.js";

const PACES = [{}, { slow: 0.01, silent: 0.05 }];

/** What docs/settlement.md proves, for any outcomes. */
function expectProven(n: number, { rounds, opened, decided }: Omit<Figures, "ms" | "moot">): void {
  expect(decided).toBeLessThanOrEqual(n - 1);
  expect(opened).toBeLessThanOrEqual(2 * n - 3);
  expect(rounds).toBeLessThanOrEqual(4 * Math.log2(n));
}

/** What no search has found exceeded. */
function expectFound(n: number, { rounds }: Pick<Figures, "rounds">): void {
  expect(rounds).toBeLessThanOrEqual(Math.ceil(Math.log2(n)) + 1);
}

/** The steps of the proof that rounds grow with the logarithm. */
function expectSteps(states: readonly Sizes[]): void {
  const isMajority = ({ n, a }: Sizes) => 2 * a > n;
  const isFull = (x: Sizes) => isMajority(x) && x.u * (x.n - x.a) <= x.a;
  const g = (x: Sizes) => (isMajority(x) ? x.a * (x.n - x.a) : x.n ** 2 / 4);
  const e = ({ n, a, u }: Sizes) => a / u + n - a;
  for (const [i, after] of states.slice(1).entries()) {
    const before = states[i] as Sizes;
    expect(g(after)).toBeLessThanOrEqual(isFull(before) ? g(before) : g(before) / 2);
    if (!isMajority(before) || !isMajority(after) || before.root !== after.root) continue;
    // A quotient of two doubles: a hair's breadth for the rounding.
    expect(e(after)).toBeLessThanOrEqual((isFull(before) ? e(before) / 2 : e(before)) + 1e-9);
    if (isFull(before)) expect(after.u).toBeGreaterThanOrEqual(2 * before.u);
  }
}

function contestsOf(n: number, lies: string, seeds: number): Figures[] {
  const claims = POPULATIONS[lies] as (typeof POPULATIONS)[string];
  return Object.values(POLICIES).flatMap((policy) =>
    PACES.flatMap((paces) =>
      Array.from({ length: seeds }, (_, seed) =>
        simulate(playersOf(claims, n, seed, paces), policy, seed),
      ),
    ),
  );
}

describe("one honest executor among many", () => {
  const cases = [2, 8, 64].flatMap((n) =>
    Object.keys(POPULATIONS).map((lies) => [n, lies] as const),
  );

  test.each(cases)("%i executors, the others %s", (n, lies) => {
    for (const figures of contestsOf(n, lies, n > 8 ? 3 : 10)) {
      expectProven(n, figures);
      expectFound(n, figures);
      expect(figures.opened).toBe(figures.decided + figures.moot);
    }
  });

  test("512 executors", () => {
    for (const claims of Object.values(POPULATIONS)) {
      const players = playersOf(claims, 512, 1, PACES[1]);
      const figures = simulate(players, POLICIES["against the truth"] as never, 1);
      expectProven(512, figures);
      expectFound(512, figures);
    }
  });

  test("where all differ or all agree, no dispute is opened in vain", () => {
    for (const lies of ["all different", "all the same"]) {
      for (const { opened, decided, rounds } of contestsOf(64, lies, 2)) {
        expect({ opened, decided, rounds }).toEqual({ opened: 63, decided: 63, rounds: 6 });
      }
    }
  });

  test("a round takes at most the two clocks and an extension per move", () => {
    for (const { ms, rounds } of contestsOf(8, "two camps", 3)) {
      expect(ms).toBeLessThanOrEqual(rounds * (2 * 4 * 3600_000 + 30 * 900_000));
    }
  });
});

describe("contests in which everything is the attacker's choice but the honest one", () => {
  const sizes = [5, 8, 11, 16, 23, 32];

  test.each(sizes.flatMap((n) => [false, true].map((saboteurs) => [n, saboteurs] as const)))(
    "%i executors, saboteurs among them: %s",
    (n, saboteurs) => {
      let rounds = 0;
      for (const played of search(n, 1000, saboteurs)) {
        expectProven(n, played);
        expectFound(n, played);
        expectSteps(played.states);
        rounds = Math.max(rounds, played.rounds);
      }
      expect(rounds).toBeGreaterThanOrEqual(Math.ceil(Math.log2(n)));
    },
  );
});
