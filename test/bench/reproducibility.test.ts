import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { allCases, COLUMNS } from "../../bench/reproducibility/cases.js";
import { difference, sum } from "../../bench/reproducibility/differences.js";
import { type Comparison, withFigures } from "../../bench/reproducibility/page.js";
import { RUNTIMES, type RunCase } from "../../bench/reproducibility/runtimes.js";
import { elementCount } from "../../operators/index.js";

const root = resolve(import.meta.dirname, "../..");
const text = (path: string): string => readFileSync(resolve(root, path), "utf8");
const f32 = (...bits: readonly number[]): Float32Array =>
  new Float32Array(Int32Array.from(bits, (b) => b | 0).buffer);

describe("differences", () => {
  test("count other bits and steps between f32 values", () => {
    const one = 0x3f800000;
    expect(difference(f32(one, one), f32(one, one + 3), undefined)).toEqual({
      compared: 2,
      differ: 1,
      ulps: 3,
    });
    // From the smallest negative to the smallest positive number there are two steps over zero.
    expect(difference(f32(0x80000001), f32(1), undefined).ulps).toBe(2);
    expect(difference(f32(0x80000000), f32(0), undefined)).toMatchObject({ differ: 1, ulps: 0 });
  });

  test("follow a map of elements, and add up", () => {
    const part = difference(f32(3, 1), f32(1, 2, 3), Int32Array.of(2, 1));
    expect(part).toEqual({ compared: 2, differ: 1, ulps: 1 });
    expect(sum([part, part])).toEqual({ compared: 4, differ: 2, ulps: 1 });
  });
});

describe("cases", () => {
  const cases = allCases();

  test("each column begins with its base, and every result has its like there", () => {
    expect([...new Set(cases.map((c) => c.column))]).toEqual([...COLUMNS]);
    for (const column of COLUMNS) {
      const own = cases.filter((c) => c.column === column);
      expect(own[0]?.variation).toBe("base");
      const size = elementCount(own[0]?.out ?? []);
      for (const c of own.filter((x) => x.variation !== "large")) {
        expect(c.same).toHaveLength(elementCount(c.out));
        expect(Math.max(...c.same)).toBeLessThan(size);
      }
    }
  });

  test.each(["MatMul", "Conv", "Softmax"])(
    "%s: Assay has the same bits in all of them",
    async (column) => {
      const run = (await RUNTIMES.assay?.(1)) as RunCase;
      const own = cases.filter((c) => c.column === column && c.variation !== "large");
      const results = await Promise.all(own.map(run));
      const found = own.map((c, i) =>
        difference(results[i] as Float32Array, results[0] as Float32Array, c.same),
      );
      expect(sum(found)).toMatchObject({ differ: 0 });
    },
  );
});

describe("the recorded run", () => {
  const recorded: Comparison = JSON.parse(text("bench/reproducibility/results.json"));

  test("is the one on the page", () => {
    const page = text("docs/reproducibility.md");
    expect(withFigures(page, recorded)).toBe(page);
  });

  test("has nothing in which Assay differs", () => {
    const own = recorded.lines.filter((l) => l.runtime === "assay");
    const found = sum(own.flatMap((l) => Object.values(l.found)));
    expect(found.differ).toBe(0);
    expect(found.compared).toBeGreaterThan(1e6);
  });

  test("used the peers that package.json pins", () => {
    const { devDependencies } = JSON.parse(text("package.json"));
    const peers = Object.keys(recorded.host.peers).filter((name) => name in devDependencies);
    expect(peers.length).toBeGreaterThanOrEqual(4);
    for (const name of peers) expect(recorded.host.peers[name]).toBe(devDependencies[name]);
  });
});
