import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SCALAR_FUNCTIONS } from "../../operators/scalar/functions/index.js";
import { blockOf, digestChunk } from "../../scripts/prove-chunk.js";
import { dataPath, describeWithData } from "../support/data.js";

/**
 * A part of the exhaustive proof in every test run: the 2^24 inputs with one top byte, computed in
 * the WebAssembly backend and compared with the published digest. The bytes follow the day, another
 * one for each function, so that in 128 days every run together has met all 256; `npm run prove`
 * does it in minutes. To repeat the chunks of another day, set ASSAY_DAY to its number.
 */
const DAY = Number(process.env.ASSAY_DAY ?? Math.floor(Date.now() / 86_400_000));
const CHUNKS_PER_FUNCTION = 2;

/** Odd, so that it reaches every byte. */
const STRIDE = 89;

function chunksOf(position: number): number[] {
  return Array.from({ length: CHUNKS_PER_FUNCTION }, (_, i) => {
    const step = DAY * CHUNKS_PER_FUNCTION + i;
    return (((step * STRIDE + 11 * position) % 256) + 256) % 256;
  });
}

const proven = Object.values(SCALAR_FUNCTIONS).flatMap((f) =>
  f.parameters.length === 1 ? [f.name] : [],
);

describe("the chunks", () => {
  it("are all of a function's in the end", () => {
    const first = new Set(Array.from({ length: 256 }, (_, step) => (step * STRIDE) % 256));
    expect(first.size).toBe(256);
  });
});

for (const [position, op] of proven.entries()) {
  const file = `float/digests/${op.slice("f32.".length)}f.json`;
  const chunks = chunksOf(position);
  const names = chunks.map((c) => `0x${c.toString(16).padStart(2, "0")}`).join(" and ");
  describeWithData(`${op} over whole chunks of inputs`, file, () => {
    it(`is correctly rounded at the inputs with top byte ${names} (day ${DAY})`, () => {
      const { sha256_chunks: published } = JSON.parse(readFileSync(dataPath(file), "utf8")) as {
        sha256_chunks: string[];
      };
      const block = blockOf(op);
      const wrong = chunks.filter((chunk) => digestChunk(block, chunk) !== published[chunk]);
      expect(wrong).toEqual([]);
    });
  });
}
