import { createHash, type Hash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AssayError } from "../../operators/index.js";
import { type Disk, disk, readFile, writeError } from "../files/disk.js";
import { type BlobEntry, BlobIndex, costOf, isBlobHash, requireOwner } from "./blob-index.js";
import { makeFolder, syncFolder } from "./file-storage.js";

export interface BlobLimits {
  /** Bytes that one owner may use, each blob counted in whole blocks of 4096. */
  readonly quota: number;
}

export interface BlobRequest {
  /** Who is charged: 1 to 64 digits and lower-case letters, for example an address. */
  readonly owner: string;
  /** SHA-256 of the bytes, 64 hex digits. */
  readonly hash: string;
  /** Most bytes that are taken. */
  readonly limit: number;
}

/**
 * Bytes by their SHA-256, for inputs, outputs and models of jobs. Written beside their place while they
 * come in, whole or not at all, and charged to the owner who brought them first.
 */
export class BlobStore {
  private constructor(
    private readonly folder: string,
    private readonly index: BlobIndex,
    private readonly to: Disk,
  ) {}

  /** Reads what is stored; begun blobs of a process that died are removed. Throws `file/write`. */
  static async open(path: string, { quota }: BlobLimits, to: Disk = disk): Promise<BlobStore> {
    const folder = resolve(path);
    await makeFolder(folder);
    try {
      return new BlobStore(folder, BlobIndex.scan(folder, quota), to);
    } catch (cause) {
      throw writeError(folder, cause);
    }
  }

  has(hash: string): boolean {
    return this.index.get(hash) !== undefined;
  }

  /** Size in bytes and owner, or undefined. */
  entry(hash: string): BlobEntry | undefined {
    return this.index.get(hash);
  }

  /** Bytes an owner uses, in whole blocks, with what is coming in now. */
  usedBy(owner: string): number {
    return this.index.usedBy(owner);
  }

  /**
   * Stores a stream; yields false where the bytes were there already, and nothing was read or charged.
   * One chunk is held at a time, and no byte above the limit is written. Throws `blob/too-large`,
   * `blob/mismatch`, `ledger/quota`, `file/write` or what the stream throws, and has then left nothing.
   */
  async put(
    { owner, hash, limit }: BlobRequest,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<boolean> {
    requireOwner(owner);
    if (!isBlobHash(hash)) throw new RangeError(`not a SHA-256 in hex: ${JSON.stringify(hash)}`);
    if (this.has(hash)) return false;
    const charge = new Charge(this.index, owner);
    const home = join(this.folder, owner);
    const beside = join(home, `.assay-${randomBytes(6).toString("hex")}.tmp`);
    try {
      await makeFolder(home);
      const digest = createHash("sha256");
      await this.writing(beside, (file) => receive(bytes, limit, file, digest, charge));
      requireHash(digest, hash, charge.size);
      return await this.place(beside, hash, charge);
    } finally {
      this.removeQuietly(beside);
      charge.giveBack();
    }
  }

  /** All bytes of a blob, checked. Throws `file/not-found`, `blob/too-large`, `ledger/corrupt`. */
  read(hash: string, limit: number): Uint8Array {
    const path = this.pathOf(hash, limit);
    const bytes = readFile(path, `blob ${hash}`, limit);
    if (createHash("sha256").update(bytes).digest("hex") === hash) return bytes;
    throw new AssayError("ledger/corrupt", `the bytes of blob ${hash} have another hash`, {
      hint: "restore the file from a copy, or remove it and have it sent again",
      facts: { hash, path },
    });
  }

  /** The bytes as they are on disk, in chunks and unchecked: whoever receives them knows the hash. */
  stream(hash: string): AsyncIterable<Uint8Array> {
    return createReadStream(this.pathOf(hash, Number.POSITIVE_INFINITY));
  }

  /** Removes a blob and its charge; yields whether there was one. Throws `file/write`. */
  remove(hash: string): boolean {
    const entry = this.index.get(hash);
    if (!entry) return false;
    const path = join(this.folder, entry.owner, hash);
    try {
      this.to.remove(path);
    } catch (cause) {
      throw writeError(path, cause);
    }
    this.index.delete(hash);
    return true;
  }

  private pathOf(hash: string, limit: number): string {
    const entry = this.index.get(hash);
    if (!entry) {
      throw new AssayError("file/not-found", `there is no blob ${JSON.stringify(hash)}`, {
        hint: "send it first",
        facts: { hash },
      });
    }
    if (entry.size > limit) throw tooLarge(limit, entry.size);
    return join(this.folder, entry.owner, hash);
  }

  /** A new file, synced and closed; errors of the disk become `file/write`. */
  private async writing(path: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
    let file: FileHandle;
    try {
      file = await open(path, "wx", 0o600);
    } catch (cause) {
      throw writeError(path, cause);
    }
    try {
      await work(file);
      await file.sync().catch((cause: unknown) => {
        throw writeError(path, cause);
      });
    } finally {
      await file.close();
    }
  }

  /** Gives the whole file its name. Whoever comes second with the same bytes stores nothing. */
  private async place(beside: string, hash: string, charge: Charge): Promise<boolean> {
    if (this.has(hash)) return false;
    const home = join(this.folder, charge.owner);
    try {
      // Replaces what somebody may have put there by hand: these bytes were checked.
      this.to.rename(beside, join(home, hash));
    } catch (cause) {
      throw writeError(join(home, hash), cause);
    }
    // At once, so that nobody else places these bytes meanwhile.
    charge.keep(hash);
    try {
      await syncFolder(home);
    } catch (cause) {
      this.remove(hash);
      throw writeError(home, cause);
    }
    return true;
  }

  private removeQuietly(path: string): void {
    try {
      this.to.remove(path);
    } catch {
      // The first failure is the one to report; opening the store removes it.
    }
  }
}

/** What one blob on its way counts for: it grows as bytes come, and is given back unless kept. */
class Charge {
  size = 0;
  private counted = 0;

  constructor(
    private readonly index: BlobIndex,
    readonly owner: string,
  ) {
    this.grow(0);
  }

  /** Throws `ledger/quota`. */
  grow(bytes: number): void {
    const cost = costOf(this.size + bytes);
    this.index.reserve(this.owner, cost - this.counted);
    this.counted = cost;
    this.size += bytes;
  }

  keep(hash: string): void {
    this.index.add(hash, { owner: this.owner, size: this.size });
    this.counted = 0;
  }

  giveBack(): void {
    if (this.counted > 0) this.index.release(this.owner, this.counted);
    this.counted = 0;
  }
}

async function receive(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limit: number,
  file: FileHandle,
  digest: Hash,
  charge: Charge,
): Promise<void> {
  for await (const chunk of bytes) {
    const at = charge.size;
    if (at + chunk.length > limit) throw tooLarge(limit);
    charge.grow(chunk.length);
    digest.update(chunk);
    await writeAll(file, chunk, at);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    }
  } catch (cause) {
    throw writeError("a blob", cause);
  }
}

function requireHash(digest: Hash, hash: string, size: number): void {
  const actual = digest.digest("hex");
  if (actual === hash) return;
  throw new AssayError(
    "blob/mismatch",
    `${size} bytes came as ${hash} and have the hash ${actual}`,
    {
      facts: { expected: hash, actual, bytes: size },
    },
  );
}

function tooLarge(limit: number, size?: number): AssayError {
  const message =
    size === undefined
      ? `a blob has more than the ${limit} bytes that are taken`
      : `a blob has ${size} bytes, more than the ${limit} that are taken`;
  return new AssayError("blob/too-large", message, {
    facts: { limit, ...(size === undefined ? {} : { bytes: size }) },
  });
}
