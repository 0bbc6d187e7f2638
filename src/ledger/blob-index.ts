import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { AssayError } from "../../operators/index.js";
import { disk } from "../files/disk.js";

/**
 * What is stored, and how much of it each owner has. Kept in memory and made again from the folder on
 * start: blobs/<owner>/<SHA-256 as 64 hex digits>. So the files are all there is, and no second record
 * can contradict them.
 */
export interface BlobEntry {
  readonly owner: string;
  readonly size: number;
}

/** A blob counts in whole blocks, at least one: an empty file takes room on a disk as well. */
export const BLOCK = 4096;

export function costOf(size: number): number {
  return Math.max(1, Math.ceil(size / BLOCK)) * BLOCK;
}

const OWNER = /^[0-9a-z]{1,64}$/;
const HASH = /^[0-9a-f]{64}$/;
/** What a process that died left of a blob it was writing. */
const BEGUN = /^\.assay-[0-9a-f]+\.tmp$/;

/** Owners and hashes become names of files; both are checked before they do. */
export function requireOwner(owner: string): void {
  if (!OWNER.test(owner)) throw new RangeError(`not an owner's name: ${JSON.stringify(owner)}`);
}

export function isBlobHash(hash: string): boolean {
  return HASH.test(hash);
}

export class BlobIndex {
  private readonly entries = new Map<string, BlobEntry>();
  private readonly used = new Map<string, number>();

  /** `quota`: bytes that one owner may use, counted in whole blocks. */
  constructor(private readonly quota: number) {}

  get(hash: string): BlobEntry | undefined {
    return this.entries.get(hash);
  }

  /** Bytes of an owner in whole blocks, what is being written now included. */
  usedBy(owner: string): number {
    return this.used.get(owner) ?? 0;
  }

  /** Counts so many more bytes for an owner. Throws `ledger/quota`, and has then counted nothing. */
  reserve(owner: string, bytes: number): void {
    const used = this.usedBy(owner);
    if (used + bytes > this.quota) {
      throw new AssayError(
        "ledger/quota",
        `${owner} stores ${used} bytes and may store ${this.quota}: there is no room for ${bytes} more`,
        { facts: { owner, used, quota: this.quota, wanted: bytes } },
      );
    }
    this.used.set(owner, used + bytes);
  }

  release(owner: string, bytes: number): void {
    const left = this.usedBy(owner) - bytes;
    if (left > 0) this.used.set(owner, left);
    else this.used.delete(owner);
  }

  /** A blob whose bytes were reserved before. */
  add(hash: string, entry: BlobEntry): void {
    this.entries.set(hash, entry);
  }

  delete(hash: string): void {
    const entry = this.entries.get(hash);
    if (!entry) return;
    this.entries.delete(hash);
    this.release(entry.owner, costOf(entry.size));
  }

  /** Reads the folder's names and sizes; a quota that was lowered since takes nothing away. */
  static scan(folder: string, quota: number): BlobIndex {
    const index = new BlobIndex(quota);
    for (const owner of readdirSync(folder).filter((name) => OWNER.test(name))) {
      for (const name of readdirSync(join(folder, owner))) {
        const path = join(folder, owner, name);
        if (BEGUN.test(name)) disk.remove(path);
        else if (HASH.test(name)) index.found(name, { owner, size: statSync(path).size });
      }
    }
    return index;
  }

  private found(hash: string, entry: BlobEntry): void {
    // Two owners can have the same only where files were copied by hand; the second is not counted.
    if (this.entries.has(hash)) return;
    this.entries.set(hash, entry);
    this.used.set(entry.owner, this.usedBy(entry.owner) + costOf(entry.size));
  }
}
