import { expect } from "vitest";
import { Journal, type OpenedJournal } from "../../src/ledger/journal.js";
import {
  frameRecords,
  LOG_HEADER,
  LOG_START,
  RECORD_OVERHEAD,
} from "../../src/ledger/journal-format.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { Random } from "../fuzz/random.js";
import { type DiskOp, type Fault, SimDisk, simStorage } from "../support/crash-disk.js";

/** Batches of one to five records of 0 to 20 bytes: the same every time. */
export function scenario(batches = 30, seed = 1): Uint8Array[][] {
  const random = new Random(seed);
  return Array.from({ length: batches }, () =>
    Array.from({ length: 1 + random.below(random.chance(6) ? 5 : 2) }, () =>
      random.bytes(random.below(21)),
    ),
  );
}

/** How many records were acknowledged once so many disk operations had happened. */
export interface Acknowledged {
  readonly ops: number;
  readonly count: number;
}

export interface Recording {
  readonly ops: readonly DiskOp[];
  readonly acknowledged: readonly Acknowledged[];
  readonly disk: SimDisk;
  readonly sent: readonly Uint8Array[];
}

/** Runs a scenario without any fault. A crash leaves the disk as after a first part of its `ops`. */
export async function record(batches: readonly Uint8Array[][]): Promise<Recording> {
  const ops: DiskOp[] = [];
  const disk = SimDisk.empty();
  const { journal } = await Journal.open(simStorage(disk, undefined, (op) => ops.push(op)));
  const acknowledged = [{ ops: ops.length, count: 0 }];
  for (const batch of batches) {
    await journal.append(batch);
    acknowledged.push({ ops: ops.length, count: journal.count });
  }
  return { ops, acknowledged, disk, sent: batches.flat() };
}

/** Records acknowledged while operation number `op` was running. */
export function acknowledgedBefore({ acknowledged }: Recording, op: number): number {
  return acknowledged.findLast((a) => a.ops <= op)?.count ?? 0;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export async function opened(disk: SimDisk, fault?: Fault): Promise<OpenedJournal> {
  return Journal.open(simStorage(disk, fault));
}

export async function textsOf({ records }: Pick<OpenedJournal, "records">): Promise<string[]> {
  const texts: string[] = [];
  for await (const { bytes } of records) texts.push(hex(bytes));
  return texts;
}

/** Bytes of a log that holds these records. */
export function logLength(records: readonly Uint8Array[]): number {
  return records.reduce((sum, r) => sum + r.length + RECORD_OVERHEAD, LOG_HEADER.length);
}

const chains = new WeakMap<readonly Uint8Array[], string[]>();

/** The chain hash behind each number of records, 0 included: it says all that is in them. */
function chainsOf(sent: readonly Uint8Array[]): string[] {
  const known = chains.get(sent);
  if (known) return known;
  const { ends } = frameRecords(nodeHasher, LOG_START, sent);
  const made = [LOG_START, ...ends].map(({ chain }) => hex(chain));
  chains.set(sent, made);
  return made;
}

/**
 * Opens what is left after a crash: at least what was acknowledged, a first part of what was sent, a
 * tail that accounts for every other byte. Then goes on, and opens once more.
 */
export async function expectRecovered(
  disk: SimDisk,
  sent: readonly Uint8Array[],
  acknowledged: number,
): Promise<{ readonly count: number; readonly torn: boolean }> {
  const size = disk.bytes("log").length;
  const { journal, tail } = await opened(disk);
  const { count } = journal;
  if (count < acknowledged || count > sent.length) {
    expect.fail(`${count} records, ${acknowledged} acknowledged, ${sent.length} sent`);
  }
  if (hex(journal.chain) !== chainsOf(sent)[count]) expect.fail("other records than were sent");
  const extra = Math.max(0, size - logLength(sent.slice(0, count)));
  if ((tail?.bytes ?? 0) !== extra) expect.fail(`a tail of ${tail?.bytes}, not ${extra}`);
  if (tail && (tail.after !== count || tail.problem === "")) expect.fail("the tail is misnamed");
  await journal.append([new Uint8Array(3).fill(7), new Uint8Array(0)]);
  const again = await opened(disk);
  if (again.journal.count !== count + 2 || hex(again.journal.chain) !== hex(journal.chain)) {
    expect.fail("going on failed");
  }
  if (again.tail) expect.fail("a tail after a recovery");
  return { count, torn: tail !== null };
}
