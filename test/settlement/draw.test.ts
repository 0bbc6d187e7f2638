import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nobleHasher } from "../../src/merkle/hash.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { type Candidate, draw } from "../../src/settlement/draw.js";

const seedOf = (i: number): Uint8Array => nobleHasher.hash(Uint8Array.of(i & 255, i >> 8));
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const addresses = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`);
const candidates = fc.uniqueArray(
  fc.record({ address: addresses, stake: fc.integer({ min: 1, max: 2 ** 40 }) }),
  { selector: ({ address }) => address, minLength: 1, maxLength: 30 },
);
const drawn = (seed: Uint8Array, from: readonly Candidate[], count: number): string[] =>
  draw(nodeHasher, seed, from, count);

describe("a draw by stake", () => {
  test("takes as many as asked for, each once, all of them candidates", () => {
    fc.assert(
      fc.property(seeds, candidates, fc.nat(), (seed, from, some) => {
        const count = some % (from.length + 1);
        const result = drawn(seed, from, count);
        expect(result.length).toBe(count);
        expect(new Set(result).size).toBe(count);
        const known = new Set(from.map(({ address }) => address));
        expect(result.every((address) => known.has(address))).toBe(true);
      }),
    );
  });

  test("depends on the seed and the candidates, not on their order nor on the hasher", () => {
    fc.assert(
      fc.property(seeds, candidates, fc.infiniteStream(fc.nat()), (seed, from, numbers) => {
        const keyed = from.map((candidate) => ({ candidate, key: numbers.next().value }));
        const mixed = keyed.sort((a, b) => a.key - b.key).map(({ candidate }) => candidate);
        const result = drawn(seed, from, from.length);
        expect(drawn(seed, mixed, from.length)).toEqual(result);
        expect(draw(nobleHasher, seed, from, from.length)).toEqual(result);
      }),
    );
  });

  test("who asks for fewer gets the first of those", () => {
    fc.assert(
      fc.property(seeds, candidates, fc.nat(), (seed, from, some) => {
        const count = some % (from.length + 1);
        expect(drawn(seed, from, count)).toEqual(drawn(seed, from, from.length).slice(0, count));
      }),
    );
  });

  const few: readonly Candidate[] = [
    { address: "0xa", stake: 1 },
    { address: "0xb", stake: 2 },
    { address: "0xc", stake: 3 },
    { address: "0xd", stake: 4 },
  ];
  const DRAWS = 10_000;

  /** Σ (seen − expected)² ÷ expected; the seeds are fixed, so a test on it never flickers. */
  function chiSquare(seen: ReadonlyMap<string, number>, chances: ReadonlyMap<string, number>) {
    let sum = 0;
    for (const [what, chance] of chances) {
      const expected = chance * DRAWS;
      sum += ((seen.get(what) ?? 0) - expected) ** 2 / expected;
    }
    return sum;
  }

  test("the first seat goes by stake, the second by the stakes that are left", () => {
    const first = new Map<string, number>();
    const both = new Map<string, number>();
    for (let i = 0; i < DRAWS; i++) {
      const [a, b] = drawn(seedOf(i), few, 2) as [string, string];
      first.set(a, (first.get(a) ?? 0) + 1);
      both.set(a + b, (both.get(a + b) ?? 0) + 1);
    }
    const firsts = few.map(({ address, stake }) => [address, stake / 10] as const);
    const pairs = few.flatMap((a) =>
      few
        .filter((b) => b !== a)
        .map((b) => [a.address + b.address, (a.stake / 10) * (b.stake / (10 - a.stake))] as const),
    );
    // 0.1 % of fair draws exceed these, with 3 and 11 degrees of freedom.
    expect(chiSquare(first, new Map(firsts))).toBeLessThan(16.3);
    expect(chiSquare(both, new Map(pairs))).toBeLessThan(31.3);
    expect(both.size).toBe(12);
  });

  test("a stake split over two addresses wins the first seat as often", () => {
    const split = [...few.slice(0, 3), { address: "0xd", stake: 3 }, { address: "0xe", stake: 1 }];
    let seen = 0;
    for (let i = 0; i < DRAWS; i++) {
      if (["0xd", "0xe"].includes(drawn(seedOf(i), split, 1)[0] as string)) seen++;
    }
    // Four standard deviations of 10 000 draws at 0.4.
    expect(Math.abs(seen - 0.4 * DRAWS)).toBeLessThan(4 * Math.sqrt(DRAWS * 0.4 * 0.6));
  });

  test.each([
    ["no stake", [{ address: "0xa", stake: 0 }], 1],
    [
      "a negative stake",
      [
        { address: "0xa", stake: -1 },
        { address: "0xb", stake: 2 },
      ],
      1,
    ],
    ["half a unit", [{ address: "0xa", stake: 0.5 }], 1],
    ["no number", [{ address: "0xa", stake: Number.NaN }], 1],
    [
      "more than can be counted",
      [
        { address: "0xa", stake: 2 ** 53 - 1 },
        { address: "0xb", stake: 1 },
      ],
      1,
    ],
    [
      "an address twice",
      [
        { address: "0xa", stake: 1 },
        { address: "0xa", stake: 1 },
      ],
      1,
    ],
    ["more seats than candidates", [{ address: "0xa", stake: 1 }], 2],
    ["a negative number of seats", [{ address: "0xa", stake: 1 }], -1],
    ["half a seat", [{ address: "0xa", stake: 1 }], 0.5],
  ])("refuses %s", (_, from, count) => {
    expect(() => drawn(seedOf(0), from, count)).toThrow(RangeError);
  });

  test("of nobody, nobody is drawn", () => {
    expect(drawn(seedOf(0), [], 0)).toEqual([]);
  });
});
