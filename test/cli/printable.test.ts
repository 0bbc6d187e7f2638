import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { table } from "../../src/cli/format.js";
import { jsonLine, listed, printable, shortened } from "../../src/cli/printable.js";

const HOSTILE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const text = fc.string({ unit: "binary", maxLength: 40 });

describe("printable", () => {
  test.each([
    ["plain: Größe → 10 µs ✓", "plain: Größe → 10 µs ✓"],
    ["\u001b[2J\u001b]0;x\u0007", "\\u001b[2J\\u001b]0;x\\u0007"],
    ["a\n\nVERIFIED", "a\\u000a\\u000aVERIFIED"],
    ["\u009b31m", "\\u009b31m"],
    ["\u202etxt.exe", "\\u202etxt.exe"],
    ["\u{e0041}", "\\udb40\\udc41"],
    ["\ud800", "\\ud800"],
  ])("%j", (given, expected) => {
    expect(printable(given)).toBe(expected);
  });

  test("leaves nothing that a terminal acts on, in text, tables and JSON", () => {
    fc.assert(
      fc.property(text, fc.dictionary(text, text), (t, record) => {
        expect(printable(t)).not.toMatch(HOSTILE);
        for (const line of table(["name", "other"], [[t, "1"]])) expect(line).not.toMatch(HOSTILE);
        const line = jsonLine(record);
        expect(line.slice(0, -1)).not.toMatch(HOSTILE);
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(record)));
      }),
      { numRuns: 500 },
    );
  });

  test("JSON says what has no number in JSON as text", () => {
    expect(jsonLine({ a: Number.NaN, b: Number.POSITIVE_INFINITY, c: 5n })).toBe(
      '{"a":"NaN","b":"Infinity","c":"5"}\n',
    );
  });
});

describe("long text", () => {
  test("loses its middle", () => {
    expect(shortened("abcdefghij", 10)).toBe("abcdefghij");
    expect(shortened("abcdefghijk", 5)).toBe("ab…jk");
  });

  test("lists end with how many more there are", () => {
    expect(listed(["a", "b"], 2)).toBe("a, b");
    expect(listed(["a", "b", "c", "d"], 2)).toBe("a, b and 2 more");
  });

  test("tables are cut in both directions", () => {
    const rows = Array.from({ length: 30 }, (_, i) => [String(i), "x".repeat(i * 10)]);
    const lines = table(["#", "name"], rows, 10);
    expect(lines).toHaveLength(12);
    expect(lines.at(-1)).toBe("… and 20 more");
    expect(Math.max(...lines.map((l) => l.length))).toBeLessThan(60);
  });
});
