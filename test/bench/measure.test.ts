import { describe, expect, test } from "vitest";
import {
  compare,
  fastest,
  geometricMean,
  median,
  ratioOf,
  type Subject,
  type Timing,
} from "../../bench/measure.js";

/** A clock that only subjects move. */
function fakeTime() {
  let time = 0;
  const calls: string[] = [];
  const subject = (name: string, cost: (call: number) => number): Subject => {
    let call = 0;
    return {
      name,
      run: () => {
        calls.push(name);
        time += cost(call++);
      },
    };
  };
  return { now: () => time, calls, subject };
}

const once = { warmMs: 0, budgetMs: 0, minRounds: 4 };

describe("compare", () => {
  test("subjects take turns, and every other round backwards", async () => {
    const { now, calls, subject } = fakeTime();
    await compare(
      [subject("a", () => 10), subject("b", () => 10), subject("c", () => 10)],
      once,
      now,
    );
    expect(calls.join("")).toBe(`${"abc"}${"abc"}${"cba"}${"abc"}${"cba"}`);
  });

  test("warms up for the time asked for, and times nothing of it", async () => {
    const { now, subject } = fakeTime();
    const [timing] = await compare(
      [subject("a", (call) => (call < 5 ? 100 : 4))],
      { ...once, warmMs: 500 },
      now,
    );
    expect(timing).toMatchObject({ name: "a", min: 4, median: 4, rounds: [4, 4, 4, 4] });
  });

  test("repeats short calls within a stretch and states the time of one", async () => {
    const { now, calls, subject } = fakeTime();
    const [timing] = await compare([subject("a", () => 0.25)], { ...once, minRounds: 1 }, now);
    expect(timing).toMatchObject({ min: 0.25, rounds: [0.25] });
    expect(calls).toHaveLength(1 + 8);
  });

  test("goes on until the budget is spent", async () => {
    const { now, subject } = fakeTime();
    const settings = { warmMs: 0, budgetMs: 100, minRounds: 1 };
    const [a, b] = await compare([subject("a", () => 10), subject("b", () => 15)], settings, now);
    expect(a?.rounds).toHaveLength(4);
    expect(b?.rounds).toHaveLength(4);
  });

  test("makes three rounds only where more would take too long", async () => {
    const { now, subject } = fakeTime();
    const settings = { warmMs: 0, budgetMs: 100, minRounds: 9, limitMs: 500 };
    const [slow] = await compare([subject("a", () => 1000)], settings, now);
    expect(slow?.rounds).toHaveLength(3);
    const [quick] = await compare([subject("a", () => 60)], settings, now);
    expect(quick?.rounds).toHaveLength(9);
  });

  test("prepares before every stretch, outside of the time", async () => {
    const { now, subject } = fakeTime();
    const idle = subject("prepare", () => 1000);
    const a = { ...subject("a", () => 5), prepare: async () => void idle.run() };
    const [timing] = await compare([a], once, now);
    expect(timing?.rounds).toEqual([5, 5, 5, 5]);
  });
});

describe("figures of timings", () => {
  const timing = (name: string, ...rounds: number[]): Timing => {
    return { name, min: Math.min(...rounds), median: median(rounds), rounds };
  };

  test("a ratio above 1 says that the first is faster", () => {
    const mine = timing("mine", 10, 20, 40);
    const other = timing("other", 15, 60, 80);
    expect(ratioOf(mine, other)).toEqual({ ofMins: 1.5, paired: 2 });
    expect(fastest([other, mine]).name).toBe("mine");
  });

  test("median and geometric mean", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(geometricMean([1, 4])).toBeCloseTo(2, 12);
  });
});
