import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InterpreterMachine } from "../../operators/index.js";
import { planCost } from "../../src/graph/cost.js";
import { describeWithData } from "../support/data.js";
import { caseNames, failureOf, type RanCase, runPublished } from "./cases.js";

/**
 * Every published conformance case, whole: file → plan → run → the outputs of someone else's
 * runtime. What does not give them stands in exceptions.json with its reason, and nothing else may
 * stand there.
 */
const EXCEPTIONS = JSON.parse(
  readFileSync(join(import.meta.dirname, "exceptions.json"), "utf8"),
) as Readonly<Record<string, string>>;

/** Cases below each folder, and the least share of the ONNX and the ONNX Runtime ones that must pass. */
const SUITES = [
  {
    title: "ONNX",
    count: 824,
    share: 0.95,
    families: ["node", "simple", "pytorch-operator", "pytorch-converted"].map((f) => `onnx/${f}`),
  },
  { title: "ONNX Runtime", count: 131, share: 0.9, families: ["ort"] },
] as const;

/** The interpreter takes about a second for these steps; the WebAssembly machine runs all. */
const INTERPRETED_STEPS = 2 ** 21;

describeWithData("published models", ["onnx", "ort"], () => {
  /** What the interpreter can run too: it is compared below with what came out here. */
  const short: RanCase[] = [];
  const keepShort = (run: RanCase): void => {
    if (planCost(run.plan).total.steps <= INTERPRETED_STEPS) short.push(run);
  };

  test.each(SUITES)(
    "$title: at least the share of $share",
    async ({ count, share, families }) => {
      const names = families.flatMap(caseNames);
      const failures = new Map<string, string>();
      for (const name of names) {
        const reason = await failureOf(name, keepShort);
        if (reason !== undefined) failures.set(name, reason);
      }
      const unlisted = [...failures].filter(([name]) => !Object.hasOwn(EXCEPTIONS, name));
      const stale = names.filter((n) => Object.hasOwn(EXCEPTIONS, n) && !failures.has(n));
      expect(unlisted, "these fail and are not listed").toEqual([]);
      expect(stale, "these are listed and pass").toEqual([]);
      expect(names.length).toBe(count);
      expect(1 - failures.size / count).toBeGreaterThanOrEqual(share);
    },
    300_000,
  );

  test("the table of exceptions is sorted, gives reasons, and names cases that exist", () => {
    const all = new Set(SUITES.flatMap((s) => s.families.flatMap(caseNames)));
    const names = Object.keys(EXCEPTIONS);
    expect(names).toEqual([...names].sort());
    expect(names.filter((n) => !all.has(n))).toEqual([]);
    expect(Object.values(EXCEPTIONS).filter((reason) => reason.length < 10)).toEqual([]);
  });

  test("the interpreter gives the same bytes", async () => {
    for (const { published, plan, outputs } of short) {
      const interpreted = await runPublished(published, new InterpreterMachine(), plan);
      expect(interpreted, published.name).toEqual(outputs);
    }
    expect(short.length).toBeGreaterThan(700);
  }, 300_000);
});
