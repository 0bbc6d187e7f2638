import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import {
  type Pairing,
  pairInOrder,
  pairings,
  type Standing,
} from "../../src/settlement/contest.js";

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const standings = fc
  .array(fc.record({ root: fc.nat(5), wins: fc.nat(6) }), { maxLength: 40 })
  .chain((some) => {
    // Half of the time one root gets the majority.
    const majority = fc.constantFrom(0, 2 * some.length);
    return fc
      .tuple(fc.constant(some), majority)
      .map(([own, more]) => [
        ...own,
        ...Array.from({ length: more }, (_, i) => ({ root: 0, wins: i % 3 })),
      ]);
  })
  .map((all): Standing[] =>
    all.map(({ root, wins }, i) => ({ id: `id${i}`, root: `r${root}`, wins })),
  );

const sidesOf = (pairs: readonly Pairing[]): string[] =>
  pairs.flatMap(({ asserter, challenger }) => [asserter, challenger]);

function shapeOf(standing: readonly Standing[], pairs: readonly Pairing[]) {
  const groups = new Map<string, number>();
  for (const { root } of standing) groups.set(root, (groups.get(root) ?? 0) + 1);
  const largest = Math.max(0, ...groups.values());
  const matches = new Map(standing.map(({ id }) => [id, 0]));
  for (const id of sidesOf(pairs)) matches.set(id, (matches.get(id) as number) + 1);
  const majority = 2 * largest > standing.length;
  const few = standing.filter(({ root }) => !majority || groups.get(root) !== largest);
  return { groups, largest, majority, few, matches };
}

const held = (check: (standing: Standing[], seed: Uint8Array, pairs: Pairing[]) => void): void => {
  fc.assert(
    fc.property(standings, seeds, (standing, seed) =>
      check(standing, seed, pairings(nodeHasher, seed, standing)),
    ),
    { numRuns: 300 },
  );
};

describe("pairings", () => {
  test("two sides always claim different roots, and meet only once", () => {
    held((standing, _, pairs) => {
      const roots = new Map(standing.map(({ id, root }) => [id, root]));
      for (const { asserter, challenger } of pairs) {
        expect(roots.get(asserter)).toBeDefined();
        expect(roots.get(challenger)).toBeDefined();
        expect(roots.get(asserter)).not.toBe(roots.get(challenger));
      }
      const met = pairs.map(({ asserter, challenger }) => [asserter, challenger].sort().join());
      expect(new Set(met).size).toBe(pairs.length);
    });
  });

  test("nobody meets anybody where all claim the same, and somebody does everywhere else", () => {
    held((standing, _, pairs) => {
      expect(pairs.length === 0).toBe(shapeOf(standing, pairs).groups.size < 2);
    });
  });

  test("without a majority all but one of an odd number are in one match", () => {
    held((standing, _, pairs) => {
      const { majority, matches } = shapeOf(standing, pairs);
      if (majority) return;
      expect(pairs.length).toBe(Math.floor(standing.length / 2));
      expect(Math.max(0, ...matches.values())).toBeLessThan(2);
    });
  });

  test("against a majority everybody is in as many, and no more than the weakest has earned", () => {
    held((standing, _, pairs) => {
      const { majority, few, largest, matches } = shapeOf(standing, pairs);
      if (!majority || few.length === 0) return;
      const allowed = 1 + Math.min(...few.map(({ wins }) => wins));
      const counts = few.map(({ id }) => matches.get(id) as number);
      expect(pairs.length).toBe(Math.min(largest, allowed * few.length));
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(2);
      expect(Math.min(...counts)).toBeGreaterThan(0);
      for (const { id, wins } of standing) {
        const outside = few.some((one) => one.id === id);
        expect(matches.get(id)).toBeLessThanOrEqual(outside ? 1 + wins : 1);
      }
    });
  });

  test("depend on the seed and the receipts, not on the order in which they are given", () => {
    held((standing, seed, pairs) => {
      expect(pairings(nodeHasher, seed, [...standing].reverse())).toEqual(pairs);
    });
  });

  test("know roots by their equality only, and ids by their order only", () => {
    held((standing, seed, pairs) => {
      const renamed = standing.map(({ id, root, wins }) => ({
        id: `x${id}`,
        root: `other ${9 - Number(root.slice(1))}`,
        wins,
      }));
      const expected = pairs.map(({ asserter, challenger }) => ({
        asserter: `x${asserter}`,
        challenger: `x${challenger}`,
      }));
      expect(pairings(nodeHasher, seed, renamed)).toEqual(expected);
    });
  });

  test("the claim that fewer share is tried; among equals that of whoever comes first", () => {
    const standing = ["a", "b", "a", "c", "b"].map((root, i) => ({ id: `${i}`, root, wins: 0 }));
    expect(pairInOrder(standing)).toEqual([
      { asserter: "0", challenger: "4" },
      { asserter: "3", challenger: "2" },
    ]);
  });

  test("where as many share both, either side asserts about as often", () => {
    const standing = Array.from({ length: 64 }, (_, i) => ({ id: `${i}`, root: `${i}`, wins: 0 }));
    let first = 0;
    for (let i = 0; i < 200; i++) {
      const seed = nodeHasher.hash(Uint8Array.of(i));
      first += pairings(nodeHasher, seed, standing).filter((p) => p.asserter < p.challenger).length;
    }
    // 6400 matches, four standard deviations of 40.
    expect(Math.abs(first - 3200)).toBeLessThan(160);
  });

  test("one who has won meets more, as long as nobody with it has won less", () => {
    const many = Array.from({ length: 9 }, (_, i) => ({ id: `m${i}`, root: "lie", wins: 0 }));
    const one = { id: "one", root: "true", wins: 3 };
    const two = { id: "two", root: "other", wins: 1 };
    expect(pairInOrder([...many, one]).length).toBe(4);
    const both = pairInOrder([...many, one, two]);
    expect(both.map(({ asserter }) => asserter)).toEqual(["one", "two", "one", "two"]);
  });
});
