import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, nobleHasher } from "../../src/merkle/hash.js";
import { bigBelow, seededDigests, shuffle } from "../../src/merkle/random.js";

const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** Made with the draw of sample mode as it was before anything else drew. */
const PUBLISHED = {
  zeros: [9, 0, 2, 5, 8, 3, 6, 1, 7, 4],
  abs: [7, 4, 9, 0, 5, 6, 8, 3, 1, 2],
};

/** A source that gives these bytes as the end of a digest, one after another. */
function source(...words: readonly bigint[]): () => Uint8Array {
  const left = [...words];
  return () => {
    const word = (left.shift() as bigint).toString(16).padStart(64, "0");
    return Uint8Array.from(Buffer.from(word, "hex"));
  };
}

test("digests are those of the seed with a counter, little endian", () => {
  const next = seededDigests(nobleHasher, seedOf(7));
  next();
  expect(next()).toEqual(nobleHasher.hash(concat(seedOf(7), Uint8Array.of(1, 0, 0, 0))));
});

describe("shuffle", () => {
  test("a sample's segments are drawn as they always were", () => {
    expect(shuffle(nobleHasher, seedOf(0), 10)).toEqual(PUBLISHED.zeros);
    expect(shuffle(nobleHasher, seedOf(0xab), 10)).toEqual(PUBLISHED.abs);
  });

  test("is a permutation", () => {
    fc.assert(
      fc.property(seeds, fc.nat(200), (seed, n) => {
        const items = shuffle(nobleHasher, seed, n);
        expect(items.sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  test("gives every order of three, none much more often than another", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const seed = nobleHasher.hash(Uint8Array.of(i & 255, i >> 8));
      const order = shuffle(nobleHasher, seed, 3).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(counts.size).toBe(6);
    // 0.1 % of fair sources exceed this with 5 degrees of freedom; the seeds never change.
    expect(chi).toBeLessThan(20.5);
  });
});

describe("bigBelow", () => {
  test("reads a digest big endian and passes over what would favour small numbers", () => {
    const top = (1n << 256n) - 1n;
    expect(bigBelow(source(41n), 10n)).toBe(1n);
    // 2^256 = 6 modulo 10: the last six words are passed over.
    expect(bigBelow(source(top, top - 5n, 3n), 10n)).toBe(3n);
    expect(bigBelow(source(top - 6n), 10n)).toBe(9n);
    expect(bigBelow(source(top), 1n << 256n)).toBe(top);
    expect(bigBelow(source(top), 1n)).toBe(0n);
  });

  test("refuses bounds that nothing lies below, or that a digest does not reach", () => {
    for (const bound of [0n, -1n, (1n << 256n) + 1n]) {
      expect(() => bigBelow(source(0n), bound)).toThrow(RangeError);
    }
  });

  test("is always below the bound", () => {
    fc.assert(
      fc.property(seeds, fc.bigInt(1n, 1n << 256n), (seed, bound) => {
        const drawn = bigBelow(seededDigests(nobleHasher, seed), bound);
        expect(drawn >= 0n && drawn < bound).toBe(true);
      }),
    );
  });
});
