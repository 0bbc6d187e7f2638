import { expect, test } from "vitest";
import { startProgress } from "../../src/cli/progress.js";

function drawn(isTTY: boolean, times: readonly number[]): string[] {
  const written: string[] = [];
  const clock = [0, ...times][Symbol.iterator]();
  const target = { isTTY, write: (text: string) => written.push(text) };
  const progress = startProgress(
    "running",
    "operators",
    target,
    () => clock.next().value as number,
  );
  times.forEach((_, i) => {
    progress.update(i + 1, times.length);
  });
  progress.finish();
  return written;
}

test("nothing in the first second, then at most ten times a second, then nothing is left", () => {
  const written = drawn(true, [500, 999, 1000, 1050, 1100, 2000]);
  expect(written).toHaveLength(4);
  expect(written[0]).toBe(`\rrunning ${"█".repeat(15)}${"░".repeat(15)} 3/6 operators, 1 s `);
  expect(written[2]).toContain("6/6 operators, 2 s");
  expect(written[3]).toBe("\r\u001b[K");
});

test("nothing for work that is quick", () => {
  expect(drawn(true, [10, 20, 900])).toEqual([]);
});

test("nothing where there is no terminal", () => {
  expect(drawn(false, [2000, 3000])).toEqual([]);
});
