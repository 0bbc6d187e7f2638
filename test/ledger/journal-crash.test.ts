import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../fuzz/random.js";
import { Crash, crashAfter, momentsOf, SimDisk } from "../support/crash-disk.js";
import {
  acknowledgedBefore,
  expectRecovered,
  opened,
  type Recording,
  record,
  scenario,
} from "./journal-scenario.js";

let run: Recording;

beforeAll(async () => {
  run = await record(scenario());
});

/** Every state a crash can leave: operation, moment in it, the disk then. */
function* crashes(of: Recording): Generator<{ op: number; moment: number; disk: SimDisk }> {
  const disk = SimDisk.empty();
  for (const [op, operation] of of.ops.entries()) {
    for (let moment = 0; moment < momentsOf(operation); moment++) {
      const stopped = disk.clone();
      stopped.apply(operation, moment);
      yield { op, moment, disk: stopped };
    }
    disk.apply(operation);
  }
}

describe("a process that dies", () => {
  test("at every byte of every write and at every sync: nothing acknowledged is lost", async () => {
    let states = 0;
    let tails = 0;
    for (const { op, disk } of crashes(run)) {
      const { torn } = await expectRecovered(disk, run.sent, acknowledgedBefore(run, op));
      states++;
      if (torn) tails++;
    }
    expect(run.ops.length).toBeGreaterThan(120);
    expect(states).toBeGreaterThan(5000);
    expect(tails).toBeGreaterThan(2000);
  });

  test.each([
    { title: "every byte of that", states: 6, stride: 1 },
    { title: "moments of that", states: 120, stride: 50 },
  ])("again while it recovers, at $title", async ({ states, stride }) => {
    const random = new Random(3);
    const short = await record(scenario(7));
    const all = [...crashes(short)];
    let crashed = 0;
    for (let i = 0; i < states; i++) {
      const { op, disk } = random.pick(all);
      const acknowledged = acknowledgedBefore(short, op);
      for (let moments = random.below(stride); ; moments += 1 + random.below(stride)) {
        const again = disk.clone();
        if (!(await crashedWhileOpening(again, moments))) break;
        await expectRecovered(again.clone(), short.sent, acknowledged);
        await expectRecovered(again.losePower(random), short.sent, acknowledged);
        crashed++;
      }
    }
    expect(crashed).toBeGreaterThan(500);
  });
});

async function crashedWhileOpening(disk: SimDisk, moments: number): Promise<boolean> {
  try {
    await opened(disk, crashAfter(moments));
    return false;
  } catch (error) {
    expect((error as Error).cause).toBeInstanceOf(Crash);
    return true;
  }
}

describe("power that is lost", () => {
  test("with unsynced writes lost, kept or torn: nothing acknowledged is lost", async () => {
    const random = new Random(2);
    const kept = new Set<number>();
    let states = 0;
    for (const { op, moment, disk } of crashes(run)) {
      const operation = run.ops[op];
      const last = operation ? momentsOf(operation) - 1 : 0;
      if (moment !== 0 && moment !== last && !random.chance(20)) continue;
      const acknowledged = acknowledgedBefore(run, op);
      for (let seed = 0; seed < 5; seed++) {
        const left = disk.losePower(random);
        const { count } = await expectRecovered(left, run.sent, acknowledged);
        kept.add(count - acknowledged);
        states++;
      }
    }
    expect(states).toBeGreaterThan(2000);
    // Whole records behind the acknowledged ones were met too, and kept.
    expect(Math.max(...kept)).toBeGreaterThan(1);
  });
});
