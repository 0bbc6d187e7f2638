import { expect, test } from "vitest";
import { runCase } from "../fuzz/case.js";
import { generatedSeeds, publishedSeeds } from "../fuzz/corpus.js";
import { dataFolder } from "../support/data.js";

/** Damaged models, read and bound: a thousand here, any number of them with `npm run fuzz`. */
const FIRST = 1;
const CASES = 1000;

test("damaged models end in a plan or in a typed error, soon and in little memory", () => {
  const corpus = [...generatedSeeds(), ...publishedSeeds(dataFolder())];
  const outcomes = Array.from({ length: CASES }, (_, i) => runCase(FIRST + i, corpus));
  expect(outcomes.flatMap((o) => o.failure ?? [])).toEqual([]);
  // Damage that nothing comes past would test the first lines of the reader only.
  const ended = new Map<string, number>();
  for (const o of outcomes) ended.set(o.ended, (ended.get(o.ended) ?? 0) + 1);
  for (const most of ["plan", "read: onnx/malformed", "read: onnx/unsupported"]) {
    expect(ended.get(most), most).toBeGreaterThan(CASES / 20);
  }
});
