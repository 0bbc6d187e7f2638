import { constants, mkdirSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { AssayError } from "../../operators/index.js";
import { reasonOf, writeError } from "../files/disk.js";
import { Journal, type OpenedJournal } from "./journal.js";
import type { JournalStorage, StoredFile } from "./journal-storage.js";
import { type Lock, takeLock } from "./lock.js";

/** Names of a journal's files in its folder. */
export const JOURNAL_FILES = { log: "events.log", head: "head" } as const;

/**
 * Opens the journal in a folder, which is made if it is not there. Throws `ledger/locked`, `file/write`
 * and what `Journal.open` throws, and has then given the lock back.
 */
export async function openJournal(folder: string): Promise<OpenedJournal> {
  const storage = await fileStorage(folder);
  try {
    return await Journal.open(storage);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Files and lock of a folder. Throws `ledger/locked` and `file/write`. */
export async function fileStorage(path: string): Promise<JournalStorage> {
  const folder = resolve(path);
  await makeFolder(folder);
  const lock = takeLock(folder);
  const handles: FileHandle[] = [];
  const names = Object.values(JOURNAL_FILES);
  try {
    for (const name of names) handles.push(await openForBoth(join(folder, name)));
  } catch (cause) {
    await closeAll(handles, lock);
    throw writeError(folder, cause);
  }
  const [log, head] = handles.map(
    (handle, i) => new DiskFile(handle, join(folder, names[i] as string)),
  ) as [DiskFile, DiskFile];
  return {
    log,
    head,
    syncFolder: () => syncFolder(folder),
    close: () => closeAll(handles, lock),
  };
}

/**
 * Makes a folder and those it lacks on the way, for their owner only; their names are durable when this
 * returns. Throws `file/write`.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let at = folder; at !== dirname(first); at = dirname(at)) await syncFolder(dirname(at));
  } catch (cause) {
    throw writeError(folder, cause);
  }
}

/** For reading and writing, made if missing, never emptied. */
function openForBoth(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
}

async function closeAll(handles: readonly FileHandle[], lock: Lock): Promise<void> {
  try {
    for (const handle of handles) await handle.close();
  } finally {
    lock.release();
  }
}

/** Makes the names in a folder durable. Windows opens no folders, and its file systems log names. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export class DiskFile implements StoredFile {
  constructor(
    private readonly handle: FileHandle,
    private readonly path = "a file of the log",
  ) {}

  async size(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  /** Throws `file/not-found` where the disk does not give the bytes. */
  async read(into: Uint8Array, at: number): Promise<number> {
    let got = 0;
    try {
      while (got < into.length) {
        const { bytesRead } = await this.handle.read(into, got, into.length - got, at + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
    } catch (cause) {
      throw new AssayError("file/not-found", `cannot read ${this.path}: ${reasonOf(cause)}`, {
        hint: "check the disk; nothing was changed",
        facts: { path: this.path },
        cause,
      });
    }
    return got;
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const left = bytes.length - done;
      done += (await this.handle.write(bytes, done, left, at + done)).bytesWritten;
    }
  }

  async truncate(length: number): Promise<void> {
    await this.handle.truncate(length);
  }

  async sync(): Promise<void> {
    await this.handle.sync();
  }
}
