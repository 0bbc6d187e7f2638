import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { closest, editDistance, suggestion } from "../../src/cli/suggest.js";

const word = fc.string({ maxLength: 6, unit: fc.constantFrom("a", "b", "c") });

/** The definition, without a table. */
function slow(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const [la, lb] = [a.at(-1), b.at(-1)];
  const ways = [
    slow(a.slice(0, -1), b) + 1,
    slow(a, b.slice(0, -1)) + 1,
    slow(a.slice(0, -1), b.slice(0, -1)) + (la === lb ? 0 : 1),
  ];
  if (a.length > 1 && b.length > 1 && la === b.at(-2) && a.at(-2) === lb) {
    ways.push(slow(a.slice(0, -2), b.slice(0, -2)) + 1);
  }
  return Math.min(...ways);
}

describe("editDistance", () => {
  test.each([
    ["", "", 0],
    ["", "abc", 3],
    ["threads", "treads", 1],
    ["input", "inptu", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ])("%s → %s is %i", (a, b, n) => {
    expect(editDistance(a, b)).toBe(n);
  });

  test("is what its definition says", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(slow(a, b));
        expect(editDistance(b, a)).toBe(editDistance(a, b));
      }),
      { numRuns: 300 },
    );
  });
});

describe("closest", () => {
  const flags = ["threads", "granularity", "memory-limit", "json", "input", "expect-model"];

  test.each([
    ["treads", "threads"],
    ["THREADS", "threads"],
    ["granlarity", "granularity"],
    ["memorylimit", "memory-limit"],
    ["memory", "memory-limit"],
    ["jsn", "json"],
    ["inptu", "input"],
    ["quiet", undefined],
    ["", undefined],
    ["x".repeat(100_000), undefined],
  ])("%s is %s", (given, expected) => {
    expect(closest(given, flags)).toBe(expected);
  });

  test("a beginning that fits two is no guess", () => {
    expect(closest("exp", ["expect-model", "expect-context"])).toBeUndefined();
  });

  test("says what else there is where nothing is close", () => {
    expect(suggestion("treads", flags, "nothing")).toBe("did you mean threads?");
    expect(suggestion("zzz", flags, "nothing")).toBe("nothing");
  });
});
