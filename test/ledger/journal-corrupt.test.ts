import { beforeAll, describe, expect, test } from "vitest";
import { AssayError } from "../../operators/index.js";
import { LOG_HEADER } from "../../src/ledger/journal-format.js";
import { encodeHead, SLOT_SIZE, SLOT_STRIDE } from "../../src/ledger/journal-head.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { SimDisk } from "../support/crash-disk.js";
import {
  expectRecovered,
  logLength,
  opened,
  type Recording,
  record,
  scenario,
  textsOf,
} from "./journal-scenario.js";

let run: Recording;
let log: Uint8Array;
let head: Uint8Array;

beforeAll(async () => {
  run = await record(scenario(12));
  log = run.disk.bytes("log");
  head = run.disk.bytes("head");
});

async function refusal(disk: SimDisk): Promise<AssayError> {
  try {
    await opened(disk);
  } catch (error) {
    expect(error).toBeInstanceOf(AssayError);
    return error as AssayError;
  }
  return expect.fail("it opened");
}

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const out = bytes.slice();
  out[at] = (out[at] as number) ^ mask;
  return out;
}

/** Number of the record whose frame holds a byte. */
function recordAt(offset: number): number {
  let number = 0;
  while (logLength(run.sent.slice(0, number + 1)) <= offset) number++;
  return number;
}

describe("a changed log", () => {
  test("every byte, changed: the record is named, and nothing is written", async () => {
    expect(log.length).toBe(logLength(run.sent));
    for (let at = 0; at < log.length; at++) {
      for (const mask of [0xff, 1 << (at % 8)]) {
        const changed = flipped(log, at, mask);
        const disk = SimDisk.holding(changed, head);
        const error = await refusal(disk);
        const named =
          at < LOG_HEADER.length
            ? { part: "header" }
            : {
                record: recordAt(at),
                offset: logLength(run.sent.slice(0, recordAt(at))),
              };
        expect([error.code, error.facts]).toMatchObject(["ledger/corrupt", named]);
        expect(disk.bytes("log")).toBe(changed);
        expect(disk.bytes("head")).toBe(head);
      }
    }
  });

  test("cut off anywhere: the first record that is not whole is named", async () => {
    for (let size = 0; size < log.length; size++) {
      const error = await refusal(SimDisk.holding(log.slice(0, size), head));
      const named = size < LOG_HEADER.length ? { part: "header" } : { record: recordAt(size) };
      expect([error.code, error.facts]).toMatchObject(["ledger/corrupt", named]);
    }
  });

  test("two records in each other's place, one left out, one twice", async () => {
    const from = (n: number): number => logLength(run.sent.slice(0, n));
    const frame = (n: number): Uint8Array => log.slice(from(n), from(n + 1));
    const rest = (n: number): Uint8Array => log.slice(from(n));
    for (const middle of [[frame(5), frame(4)], [frame(5)], [frame(4), frame(4), frame(5)]]) {
      const changed = Buffer.concat([log.slice(0, from(4)), ...middle, rest(6)]);
      const { facts } = await refusal(SimDisk.holding(new Uint8Array(changed), head));
      expect([4, 5]).toContain(facts.record);
    }
  });

  test("a length far above any limit is not believed", async () => {
    const changed = log.slice();
    changed.fill(0xff, LOG_HEADER.length, LOG_HEADER.length + 4);
    const error = await refusal(SimDisk.holding(changed, head));
    expect(error.message).toBe(
      "record 0 at byte 16 of the log is damaged: it claims 4294967295 bytes, of at most 16777216",
    );
  });

  test("a log of another ledger, as long: the record is named", async () => {
    const other = await record(scenario(12).map((b) => b.map((r) => r.map((x) => x ^ 1))));
    expect(other.disk.bytes("log").length).toBe(log.length);
    const { facts } = await refusal(SimDisk.holding(other.disk.bytes("log"), head));
    expect(facts).toEqual({ records: run.sent.length });
  });

  test("another version is named", async () => {
    const error = await refusal(SimDisk.holding(flipped(log, LOG_HEADER.length - 1, 3), head));
    expect(error.message).toBe("the log's header is damaged: the log has version 2, this reads 1");
  });
});

describe("a changed head", () => {
  test("one slot, every byte: the other one holds, and no record is lost", async () => {
    for (const slot of [0, SLOT_STRIDE]) {
      for (let at = slot; at < slot + SLOT_SIZE; at++) {
        const disk = SimDisk.holding(log, flipped(head, at, 0x10));
        expect((await expectRecovered(disk, run.sent, run.sent.length)).count).toBe(
          run.sent.length,
        );
      }
    }
  });

  test("missing, cut off or with two broken slots: refused by name", async () => {
    const broken = flipped(flipped(head, 40, 1), SLOT_STRIDE + 40, 1);
    const heads: [Uint8Array, string][] = [
      [new Uint8Array(0), "the log's head is missing, so what it held is not known"],
      [head.slice(0, SLOT_SIZE - 1), "the log's head has no valid slot"],
      [broken, "the log's head has no valid slot"],
      [new Uint8Array(SLOT_STRIDE + SLOT_SIZE), "the log's head has no valid slot"],
    ];
    for (const [bytes, message] of heads) {
      const error = await refusal(SimDisk.holding(log, bytes));
      expect([error.code, error.message]).toMatchObject([
        "ledger/corrupt",
        expect.stringContaining(message),
      ]);
      expect(error.hint).toContain("assay ledger check");
    }
    // An empty log beside a head that was in use is no new ledger either.
    expect((await refusal(SimDisk.holding(new Uint8Array(0), broken))).code).toBe("ledger/corrupt");
  });

  test("whole, and of another log: refused, however it differs", async () => {
    const { journal } = await opened(SimDisk.holding(log, head));
    const { count, length, chain } = journal;
    const others = [
      { count: count - 1, length, chain },
      { count: count + 1, length, chain },
      { count, length: length - 1, chain },
      { count, length: length + 1, chain },
      { count, length, chain: flipped(chain, 3, 1) },
    ];
    for (const other of others) {
      const only = encodeHead(nodeHasher, { sequence: 0, ...other });
      const more = new Uint8Array([...log, 0, 0, 0]);
      expect((await refusal(SimDisk.holding(more, only))).code).toBe("ledger/corrupt");
    }
  });

  test("a slot in the other one's place is none", async () => {
    const swapped = new Uint8Array(SLOT_STRIDE + SLOT_SIZE);
    swapped.set(head.subarray(SLOT_STRIDE, SLOT_STRIDE + SLOT_SIZE));
    swapped.set(head.subarray(0, SLOT_SIZE), SLOT_STRIDE);
    expect((await refusal(SimDisk.holding(log, swapped))).message).toContain("no valid slot");
  });
});

describe("records read again", () => {
  test("from anywhere to anywhere, with their chain", async () => {
    const { journal, records } = await opened(SimDisk.holding(log, head));
    const all = await textsOf({ records });
    for (let from = 0; from <= all.length; from += 3) {
      for (let to = from; to <= all.length + 1; to += 4) {
        const some = await textsOf({ records: journal.records(from, to) });
        expect(some).toEqual(all.slice(from, to));
      }
    }
    const last = await journal.records(all.length - 1).next();
    expect(last.value?.chain).toEqual(journal.chain);
    expect(last.value?.number).toBe(all.length - 1);
  });

  test("changed meanwhile: named", async () => {
    const disk = SimDisk.holding(log.slice(), head);
    const { journal } = await opened(disk);
    const at = logLength(run.sent.slice(0, 6)) + 1;
    disk.apply({ kind: "write", file: "log", at, bytes: Uint8Array.of(0xee) });
    await expect(textsOf({ records: journal.records() })).rejects.toMatchObject({
      code: "ledger/corrupt",
      facts: { record: 6 },
    });
  });
});
