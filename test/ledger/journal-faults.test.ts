import { describe, expect, test } from "vitest";
import { AssayError } from "../../operators/index.js";
import { Journal } from "../../src/ledger/journal.js";
import { MAX_RECORD } from "../../src/ledger/journal-format.js";
import { Random } from "../fuzz/random.js";
import { crashAfter, type DiskOp, type Fault, SimDisk, simStorage } from "../support/crash-disk.js";
import { expectRecovered, hex, opened, record, scenario, textsOf } from "./journal-scenario.js";

/** Operations that make a new log. */
const CREATION = 6;

const batches = scenario(10, 5);

type Failure = { readonly code: string; readonly share: number; readonly lasting: boolean };

/** Operation number `n` does a share of its work and fails; if lasting, all later ones do nothing. */
function failing(n: number, { code, share, lasting }: Failure): Fault {
  let seen = 0;
  return (op: DiskOp, disk: SimDisk): boolean => {
    const number = seen++;
    if (number < n || (number > n && !lasting)) return true;
    if (op.kind === "sync") disk.failSync(op.file);
    else if (number === n && op.kind === "write") {
      disk.apply(op, Math.floor(op.bytes.length * share));
    }
    throw Object.assign(new Error(`${code}: injected`), { code });
  };
}

async function rejection(work: Promise<unknown>): Promise<AssayError> {
  const error = await work.then(() => undefined).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(AssayError);
  return error as AssayError;
}

describe("a disk that fails", () => {
  const failures: Failure[] = [
    { code: "ENOSPC", share: 0.5, lasting: false },
    { code: "ENOSPC", share: 0, lasting: true },
    { code: "EIO", share: 1, lasting: false },
    { code: "EIO", share: 0.9, lasting: true },
  ];

  test.each(failures)(
    "with $code, share $share, lasting $lasting: at every operation",
    async (failure) => {
      const random = new Random(9);
      const { ops } = await record(batches);
      const outcomes = new Set<unknown>();
      for (let n = 0; n < ops.length; n++) {
        const disk = SimDisk.empty();
        const storage = simStorage(disk, failing(n, failure));
        const start = await Journal.open(storage).catch((error: unknown) => error as AssayError);
        if (start instanceof AssayError) {
          expect([n < CREATION, start.code]).toEqual([true, "ledger/write"]);
          await expectRecovered(disk, [], 0);
          continue;
        }
        const { journal } = start;
        let sent = 0;
        let error: AssayError | undefined;
        for (const batch of batches) {
          sent += batch.length;
          error = await journal
            .append(batch)
            .then(() => undefined)
            .catch((e: AssayError) => e);
          if (error) break;
        }
        expect(error?.code).toBe("ledger/write");
        outcomes.add(error?.facts.outcome);
        const { count } = journal;
        expect((await rejection(journal.append([new Uint8Array(1)]))).code).toBe("ledger/write");
        const all = batches.flat().slice(0, sent);
        const afterwards = disk.losePower(random);
        await expectRecovered(afterwards, all, count);
        const found = await expectRecovered(disk, all, count);
        if (error?.facts.outcome === "undone") expect(found.count).toBe(count);
        // What was acknowledged on reopening is kept, whatever an earlier sync had failed to keep.
        await expectKept(disk, all.slice(0, found.count));
      }
      expect([...outcomes].sort()).toEqual(failure.lasting ? ["unknown"] : ["undone", "unknown"]);
    },
  );

  test("while a log is made, and power is lost while it is made again: an empty log", async () => {
    const random = new Random(4);
    for (let n = 0; n < CREATION; n++) {
      const disk = SimDisk.empty();
      const fault = failing(n, { code: "EIO", share: 1, lasting: false });
      await rejection(Journal.open(simStorage(disk, fault)));
      for (let moments = 0; ; moments++) {
        const again = disk.clone();
        const crash = Journal.open(simStorage(again, crashAfter(moments)));
        if (await crash.then(() => true).catch(() => false)) break;
        for (let i = 0; i < 4; i++) await expectRecovered(again.losePower(random), [], 0);
      }
    }
  });

  /** Without anything that was not synced. The recovery before added two records. */
  async function expectKept(disk: SimDisk, records: readonly Uint8Array[]): Promise<void> {
    const none = { below: () => 0, chance: () => false } as unknown as Random;
    const texts = await textsOf(await opened(disk.losePower(none)));
    expect(texts.slice(0, -2)).toEqual(records.map(hex));
  }

  test("says what failed, and refuses later batches by name, those that wait included", async () => {
    const disk = SimDisk.empty();
    const full = failing(CREATION, { code: "ENOSPC", share: 0.5, lasting: false });
    const { journal } = await Journal.open(simStorage(disk, full));
    const first = rejection(journal.append([new Uint8Array(8)]));
    const waiting = rejection(journal.append([new Uint8Array(8)]));
    expect((await first).message).toBe("the log cannot be written: the disk is full");
    expect((await first).facts).toEqual({ outcome: "undone" });
    expect((await waiting).message).toBe(
      "the log takes no more records: the log cannot be written: the disk is full",
    );
    expect(journal.count).toBe(0);
    expect((await opened(disk)).tail).toBeNull();
  });
});

describe("batches", () => {
  test("written in the order of the calls, without waiting for each other", async () => {
    const disk = SimDisk.empty();
    const { journal } = await opened(disk);
    await Promise.all(batches.map((batch) => journal.append(batch)));
    expect(await textsOf(await opened(disk))).toEqual(batches.flat().map(hex));
  });

  test("bytes changed after the call are not the log's", async () => {
    const disk = SimDisk.empty();
    const { journal } = await opened(disk);
    const bytes = Uint8Array.of(1, 2, 3);
    const done = journal.append([bytes]);
    bytes.fill(0);
    await done;
    expect(await textsOf(await opened(disk))).toEqual(["010203"]);
  });

  test("an empty batch writes nothing", async () => {
    const ops: DiskOp[] = [];
    const { journal } = await Journal.open(
      simStorage(SimDisk.empty(), undefined, (op) => ops.push(op)),
    );
    const before = ops.length;
    await journal.append([]);
    expect(ops.length).toBe(before);
  });

  test("a record of 16 MiB is taken, a longer one refused, and the log goes on", async () => {
    const disk = SimDisk.empty();
    const { journal } = await opened(disk);
    const error = await rejection(
      journal.append([Uint8Array.of(1), new Uint8Array(MAX_RECORD + 1)]),
    );
    expect([error.code, error.facts]).toEqual(["ledger/write", { bytes: MAX_RECORD + 1 }]);
    await journal.append([new Uint8Array(MAX_RECORD).fill(5), Uint8Array.of(9)]);
    const { records } = await opened(disk);
    const sizes: number[] = [];
    for await (const { bytes } of records) sizes.push(bytes.length);
    expect(sizes).toEqual([MAX_RECORD, 1]);
  });

  test("a closed journal refuses", async () => {
    const { journal } = await opened(SimDisk.empty());
    await journal.close();
    await journal.close();
    expect((await rejection(journal.append([new Uint8Array(1)]))).message).toBe(
      "the log is closed",
    );
  });
});
