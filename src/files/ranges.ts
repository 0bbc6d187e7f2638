import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { totalmem } from "node:os";
import { nativeAddon } from "../../operators/backends/native/load.js";
import { AssayError } from "../../operators/errors.js";

/** Below this a mapping costs more than a read: a system call, a page of its own, a finalizer. */
const WORTH_MAPPING = 1 << 20;

/** One read call takes less than 2 GiB. */
const CHUNK = 1 << 30;

/** Arrays of bytes end there in every engine (Node 20: 2^32 elements). */
const LONGEST = 2 ** 32;

/**
 * Ranges of files for one model: large ones are mapped where the native addon can, so that their
 * pages come when they are touched and are the system's to drop; others are read. All of them
 * together may take what memory this machine has: a sparse file is short on disk, and however long.
 *
 * A mapped file must stay as it is while the bytes are in use: what is written to it may show in
 * them, and when it is made shorter, touching what is lost ends the process (SIGBUS).
 */
export class FileRanges {
  private taken = 0;

  constructor(private readonly limit = totalmem()) {}

  /**
   * The range of an open regular file, which the caller has compared with the file's size. Throws
   * `model/too-large`, naming `what`; undefined where the file ends early.
   */
  read(fd: number, offset: number, length: number, what: string): Uint8Array | undefined {
    if (length > LONGEST || this.taken + length > this.limit) throw tooLarge(what, length);
    this.taken += length;
    return mapped(fd, offset, length) ?? readFully(fd, offset, length, what);
  }
}

/** Where there is no addon, or the system or the engine declines, the file is read. */
function mapped(fd: number, offset: number, length: number): Uint8Array | undefined {
  if (length < WORTH_MAPPING) return undefined;
  const native = nativeAddon();
  if ("reason" in native) return undefined;
  try {
    return native.addon.mapFile(fd, offset, length);
  } catch {
    return undefined;
  }
}

function readFully(
  fd: number,
  offset: number,
  length: number,
  what: string,
): Uint8Array | undefined {
  const bytes = allocate(length, what);
  for (let at = 0; at < length; ) {
    const got = readSync(fd, bytes, at, Math.min(CHUNK, length - at), offset + at);
    if (got === 0) return undefined;
    at += got;
  }
  return bytes;
}

function allocate(length: number, what: string): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw tooLarge(what, length, cause);
  }
}

function tooLarge(what: string, length: number, cause?: unknown): AssayError {
  const message = `a tensor of ${length} bytes in ${what} does not fit into memory`;
  return new AssayError("model/too-large", message, cause === undefined ? {} : { cause });
}

/** A file as ranges of it, for readers that take what they need; `close` it when they are done. */
export interface RangedFile {
  readonly length: number;
  range(begin: number, end: number): Uint8Array;
  close(): void;
}

/** Opens a regular file to be read by ranges. Throws `file/not-found`. */
export function openRanges(path: string): RangedFile {
  const fd = openRegular(path);
  const { size } = fstatSync(fd);
  const ranges = new FileRanges();
  return {
    length: size,
    range(begin, end) {
      const fits = begin >= 0 && begin <= end && end <= size;
      const bytes = fits ? ranges.read(fd, begin, end - begin, path) : undefined;
      if (bytes) return bytes;
      throw new AssayError("file/not-found", `${path} has no bytes ${begin} to ${end}`);
    },
    close: () => closeSync(fd),
  };
}

function openRegular(path: string): number {
  try {
    // Opening a pipe would wait for somebody to write.
    if (!statSync(path).isFile()) throw new Error("it is not a regular file");
    return openSync(path, "r");
  } catch (cause) {
    throw new AssayError("file/not-found", `cannot read ${path}`, { facts: { path }, cause });
  }
}
