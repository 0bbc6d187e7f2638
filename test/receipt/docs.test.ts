import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RECEIPT_BYTES, RECEIPT_LAYOUT } from "../../src/receipt/receipt.js";

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/receipt.md");
const text = read("test/vectors/receipts.json");

describe("docs/receipt.md", () => {
  test("the byte table is the layout", () => {
    const stated = [...page.matchAll(/^\| (\d+) \| (\d+) \| `(\w+)` \|/gm)].map((m) => [
      Number(m[1]),
      Number(m[2]),
      m[3],
    ]);
    let at = 14;
    const expected = RECEIPT_LAYOUT.map(({ name, size }) => {
      at += size;
      return [at - size, size, name];
    });
    expect(stated).toEqual(expected);
    expect(at).toBe(RECEIPT_BYTES);
    expect(page).toContain(`A receipt is ${RECEIPT_BYTES} bytes`);
  });

  test("the example is the first vector", () => {
    const example = /```json\n([\s\S]*?)```/.exec(page)?.[1];
    const vectors = JSON.parse(text) as { receipts: { json: string; digest: string }[] };
    expect(example).toBe(vectors.receipts[0]?.json);
    expect(page).toContain(vectors.receipts[0]?.digest);
  });

  test("every digest it shows is in the vectors", () => {
    const shown = page.match(/\b(?:0x)?[0-9a-f]{64,}\b/g) ?? [];
    expect(shown.length).toBeGreaterThan(10);
    for (const digest of shown) expect(text).toContain(digest);
  });
});
