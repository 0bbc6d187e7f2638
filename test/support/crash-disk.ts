import type { JournalStorage, StoredFile } from "../../src/ledger/journal-storage.js";
import type { Random } from "../fuzz/random.js";

/**
 * A disk in memory that can stop at every byte. What a process sees (`view`) and what is left after
 * power was lost (`durable`, and any part of what was not synced) are kept apart.
 */
export type FileName = "log" | "head";

export type DiskOp =
  | { readonly kind: "write"; readonly file: FileName; readonly at: number; readonly bytes: Bytes }
  | { readonly kind: "truncate"; readonly file: FileName; readonly length: number }
  | { readonly kind: "sync"; readonly file: FileName }
  | { readonly kind: "folder" };

type Bytes = Uint8Array;
type Change = Extract<DiskOp, { kind: "write" | "truncate" }>;

/** Moments at which an operation can be stopped: before it, after it, and at every byte between. */
export function momentsOf(op: DiskOp): number {
  return op.kind === "write" ? op.bytes.length + 1 : 2;
}

interface SimFile {
  view: Bytes;
  durable: Bytes;
  /** Changes since the last sync, in order. */
  pending: Change[];
}

/** Torn writes keep or lose pieces of this size. Smaller than a device's, to meet more cases. */
const SECTOR = 64;

export class SimDisk {
  private constructor(
    private readonly files: Record<FileName, SimFile>,
    private namesKept: boolean,
  ) {}

  static empty(): SimDisk {
    return SimDisk.holding(new Uint8Array(0), new Uint8Array(0), false);
  }

  static holding(log: Bytes, head: Bytes, namesKept = true): SimDisk {
    const file = (bytes: Bytes): SimFile => ({ view: bytes, durable: bytes, pending: [] });
    return new SimDisk({ log: file(log), head: file(head) }, namesKept);
  }

  /** Contents are never changed in place, so copies share them. */
  clone(): SimDisk {
    const copy = (f: SimFile): SimFile => ({ ...f, pending: [...f.pending] });
    return new SimDisk({ log: copy(this.files.log), head: copy(this.files.head) }, this.namesKept);
  }

  bytes(file: FileName): Bytes {
    return this.files[file].view;
  }

  /** The first `moment` moments of an operation; all of it unless told. */
  apply(op: DiskOp, moment = momentsOf(op) - 1): void {
    if (op.kind === "write") {
      if (moment > 0) this.change({ ...op, bytes: op.bytes.subarray(0, moment) });
    } else if (moment > 0) {
      if (op.kind === "truncate") this.change(op);
      else if (op.kind === "folder") this.namesKept = true;
      else this.keep(this.files[op.file]);
    }
  }

  /** A sync that fails: the system forgets that these pages were never written, and shows them still. */
  failSync(file: FileName): void {
    this.files[file].pending = [];
  }

  private change(op: Change): void {
    const file = this.files[op.file];
    file.view = changed(file.view, op);
    file.pending.push(op);
  }

  private keep(file: SimFile): void {
    for (const op of file.pending) file.durable = changed(file.durable, op);
    file.pending = [];
  }

  /** Power is lost: nothing that was not synced is left, or all, or anything between and garbage. */
  losePower(random: Random): SimDisk {
    const mode = random.below(4);
    const left = (name: FileName): Bytes => {
      const file = this.files[name];
      if (!this.namesKept && random.chance(3)) return new Uint8Array(0);
      if (mode === 0) return file.durable;
      return file.pending.reduce(
        (bytes, op) => (mode === 1 ? changed(bytes, op) : torn(bytes, op, random)),
        file.durable,
      );
    };
    return SimDisk.holding(left("log"), left("head"), this.namesKept);
  }
}

function changed(bytes: Bytes, op: Change): Bytes {
  if (op.kind === "truncate") return resized(bytes, op.length);
  const out = resized(bytes, Math.max(bytes.length, op.at + op.bytes.length));
  out.set(op.bytes, op.at);
  return out;
}

function resized(bytes: Bytes, length: number): Bytes {
  const out = new Uint8Array(length);
  out.set(bytes.subarray(0, length));
  return out;
}

/** Each sector of a write: kept, lost, zero or garbage. Bytes that were not written stay. */
function torn(bytes: Bytes, op: Change, random: Random): Bytes {
  if (op.kind === "truncate") return random.chance(2) ? bytes : changed(bytes, op);
  let out = bytes;
  const end = op.at + op.bytes.length;
  for (let at = op.at; at < end; ) {
    const next = Math.min(end, (Math.floor(at / SECTOR) + 1) * SECTOR);
    const kept = op.bytes.subarray(at - op.at, next - op.at);
    const piece = [kept, kept, undefined, new Uint8Array(next - at), random.bytes(next - at)];
    const chosen = random.pick(piece);
    if (chosen) out = changed(out, { ...op, at, bytes: chosen });
    at = next;
  }
  return out;
}

/** What a fault does to an operation: yields true where the operation is to happen as asked. */
export type Fault = (op: DiskOp, disk: SimDisk) => boolean;

export class Crash extends Error {}

/** Stops everything after so many moments, for good. */
export function crashAfter(moments: number): Fault {
  let left = moments;
  let crashed = false;
  return (op, disk) => {
    if (crashed) throw new Crash("after the crash");
    if (left >= momentsOf(op)) {
      left -= momentsOf(op);
      return true;
    }
    crashed = true;
    disk.apply(op, left);
    throw new Crash("crash");
  };
}

/** A journal's storage on such a disk; `record` gets every operation that happened. */
export function simStorage(
  disk: SimDisk,
  fault: Fault = () => true,
  record: (op: DiskOp) => void = () => {},
): JournalStorage {
  const run = async (op: DiskOp): Promise<void> => {
    if (!fault(op, disk)) return;
    disk.apply(op);
    record(op);
  };
  const file = (name: FileName): StoredFile => ({
    size: async () => disk.bytes(name).length,
    async read(into, at) {
      const found = disk.bytes(name).subarray(at, at + into.length);
      into.set(found);
      return found.length;
    },
    write: (bytes, at) => run({ kind: "write", file: name, at, bytes: bytes.slice() }),
    truncate: (length) => run({ kind: "truncate", file: name, length }),
    sync: () => run({ kind: "sync", file: name }),
  });
  return {
    log: file("log"),
    head: file("head"),
    syncFolder: () => run({ kind: "folder" }),
    close: async () => {},
  };
}
