import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FunctionOp } from "../../operators/program/micro-ops.js";
import { SCALAR_FUNCTIONS } from "../../operators/scalar/functions/index.js";
import { blockOf, digestChunk } from "../../scripts/prove-chunk.js";
import { dataPath, describeWithData } from "../support/data.js";

/**
 * A part of the exhaustive proof in every test run: the 2^24 inputs with one top byte, computed in
 * the WebAssembly backend and compared with the published digest. `npm run prove` does all 256.
 */
const NAMES: Partial<Record<string, string>> = {
  "f32.exp": "expf",
  "f32.log": "logf",
  "f32.log1p": "log1pf",
  "f32.tanh": "tanhf",
  "f32.erf": "erff",
  "f32.rsqrt": "rsqrtf",
};

/** Subnormals and zero, around 1 from both sides, large values, the same negative, NaN. */
const CHUNKS = [0x00, 0x3e, 0x3f, 0x40, 0x42, 0x7f, 0x80, 0xbf, 0xc0, 0xff];

const proven = Object.keys(SCALAR_FUNCTIONS).filter((op) => op !== "f32.pow") as FunctionOp[];

describe("the chunks", () => {
  it("are of every function with a proof", () => {
    expect(Object.keys(NAMES)).toEqual(proven);
  });
});

for (const op of proven) {
  const file = `float/digests/${NAMES[op]}.json`;
  describeWithData(`${op} over whole chunks of inputs`, file, () => {
    it(`is correctly rounded at ${CHUNKS.length} · 2^24 inputs`, () => {
      const { sha256_chunks: published } = JSON.parse(readFileSync(dataPath(file), "utf8")) as {
        sha256_chunks: string[];
      };
      const block = blockOf(op);
      const wrong = CHUNKS.filter((chunk) => digestChunk(block, chunk) !== published[chunk]);
      expect(wrong).toEqual([]);
    });
  });
}
