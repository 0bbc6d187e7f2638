import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { AssayError } from "../../operators/errors.js";

/** What changes a file system. Everything is written beside its place, then given its name. */
export interface Disk {
  /** Makes one folder, in a folder that is there. */
  makeFolder(path: string, mode?: number): void;
  /** Makes a file, whole and flushed. Never replaces one. */
  write(path: string, bytes: Uint8Array, mode?: number): void;
  rename(from: string, to: string): void;
  /** Gives a file a second name. Fails where that name is taken. */
  link(from: string, to: string): void;
  /** Removes a file, or a folder with what is in it; no error where there is nothing. */
  remove(path: string): void;
}

export const disk: Disk = {
  makeFolder: (path, mode = 0o777) => void mkdirSync(path, { mode }),
  write(path, bytes, mode = 0o666) {
    const fd = openSync(path, "wx", mode);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  rename: renameSync,
  link: linkSync,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};

/** One read call takes less than 2 GiB. */
const CHUNK = 1 << 30;

/**
 * Reads a regular file; at most `atMost` + 1 bytes of it, so that a parser with a limit sees that
 * the limit is passed and nothing larger is allocated. `opened` may look at the open file before it is
 * read. Throws `file/not-found`.
 */
export function readFile(
  path: string,
  what: string,
  atMost = Number.POSITIVE_INFINITY,
  opened?: (fd: number) => void,
): Uint8Array {
  try {
    requireRegular(path);
    const fd = openSync(path, "r");
    try {
      opened?.(fd);
      return readFully(fd, Math.min(fstatSync(fd).size, atMost + 1));
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw new AssayError("file/not-found", `${what}: cannot read ${path}: ${reasonOf(cause)}`, {
      hint: "check the path and your right to read it",
      facts: { path },
      cause,
    });
  }
}

/** A device or a pipe has no end, and opening a pipe waits for somebody to write. */
function requireRegular(path: string): void {
  const status = statSync(path);
  if (status.isDirectory()) throw new Error("it is a folder, not a file");
  if (!status.isFile()) throw new Error("it is not a regular file");
}

function readFully(fd: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const got = readSync(fd, bytes, at, Math.min(CHUNK, size - at), at);
    if (got === 0) return bytes.subarray(0, at);
    at += got;
  }
  return bytes;
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Makes a file, or leaves the one that is there: yields whether it was made. Nobody ever sees half
 * of it, and of two processes one makes it. `folderMode` is for folders made on the way.
 */
export function createFile(
  path: string,
  bytes: Uint8Array,
  { mode, folderMode }: { readonly mode: number; readonly folderMode: number },
  to = disk,
): boolean {
  const target = resolve(path);
  return changing(target, to, folderMode, (beside) => {
    to.write(beside, bytes, mode);
    try {
      to.link(beside, target);
      return true;
    } catch (cause) {
      if ((cause as { code?: string }).code === "EEXIST") return false;
      throw cause;
    } finally {
      to.remove(beside);
    }
  });
}

/**
 * Writes a folder of files whole or not at all: into a new folder beside it, which then takes its
 * name. An existing run folder is replaced only by `replace`, and only once the new one is complete.
 * Throws `file/write`, and has then left nothing behind.
 */
export function writeFolderAtomic(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  replace: boolean,
  to = disk,
): void {
  const target = resolve(folder);
  requireReplaceable(target, replace);
  changing(target, to, undefined, (beside) => {
    to.makeFolder(beside);
    const made = new Set([beside]);
    for (const [name, bytes] of files) {
      const path = join(beside, name);
      for (const parent of missingParents(path, made)) to.makeFolder(parent);
      to.write(path, bytes);
    }
    if (existsSync(target)) replaceFolder(target, beside, to);
    else to.rename(beside, target);
  });
}

/** The old folder keeps its contents until the new one is in its place. */
function replaceFolder(target: string, beside: string, to: Disk): void {
  const old = `${beside}.old`;
  to.rename(target, old);
  try {
    to.rename(beside, target);
  } catch (cause) {
    to.rename(old, target);
    throw cause;
  }
  try {
    to.remove(old);
  } catch (cause) {
    const message = `the earlier run could not be removed: ${reasonOf(cause)}`;
    const hint = `the new run is in its place; remove ${old} by hand`;
    throw new AssayError("file/write", message, { hint, facts: { path: old }, cause });
  }
}

/** Makes the parents of a target, does the work, and undoes what is left of it where it fails. */
function changing<T>(
  target: string,
  to: Disk,
  folderMode: number | undefined,
  work: (beside: string) => T,
): T {
  const beside = join(dirname(target), `.assay-${randomBytes(6).toString("hex")}.tmp`);
  const parents = missingParents(target);
  try {
    for (const parent of parents) makeShared(parent, folderMode, to);
    return work(beside);
  } catch (cause) {
    undo(beside, parents, to);
    if (cause instanceof AssayError) throw cause;
    throw writeError(target, cause);
  }
}

/** Another process may make the same folder at the same time. */
function makeShared(path: string, mode: number | undefined, to: Disk): void {
  try {
    to.makeFolder(path, mode);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "EEXIST") throw cause;
  }
}

/** Folders that a path lacks, outermost first. `made` are known to be there, and are added to. */
function missingParents(path: string, made: Set<string> = new Set()): string[] {
  const missing: string[] = [];
  for (let at = dirname(path); !made.has(at) && !existsSync(at); at = dirname(at)) {
    missing.unshift(at);
    made.add(at);
  }
  return missing;
}

/**
 * Best effort: what made the work fail may also keep it from being undone, and the first failure is
 * the one to report. rmdir takes empty folders only: others may have put something there meanwhile.
 */
function undo(beside: string, parents: readonly string[], to: Disk): void {
  const steps = [() => to.remove(beside), ...[...parents].reverse().map((p) => () => rmdirSync(p))];
  for (const step of steps) {
    try {
      step();
    } catch {
      // Not made yet, not empty, or as broken as the rest.
    }
  }
}

const RUN_ENTRIES = new Set(["receipt.json", "run.json", "outputs", "executor"]);

/** Refuses to replace anything but an empty folder or, when asked to, an earlier run. */
export function requireReplaceable(folder: string, replace: boolean): void {
  if (!existsSync(folder)) return;
  if (!isFolder(folder)) {
    throw new AssayError("file/write", `${folder} exists and is not a folder`);
  }
  const names = readdirSync(folder);
  if (names.length === 0) return;
  const isRun = names.includes("run.json") && names.every((name) => RUN_ENTRIES.has(name));
  if (replace && isRun) return;
  throw new AssayError("file/write", `${folder} is not empty`, {
    hint: isRun
      ? "it holds an earlier run; --force replaces it"
      : "choose another folder: this one holds more than a run",
  });
}

/** What a failed change of a file is reported as. */
export function writeError(path: string, cause: unknown): AssayError {
  const code = (cause as { code?: string }).code;
  return new AssayError("file/write", `cannot write ${path}: ${reasonOf(cause)}`, {
    hint: "nothing half-written was left behind",
    facts: { path, ...(code ? { errno: code } : {}) },
    cause,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EFBIG: "the file would be too large",
  EISDIR: "it is a folder, not a file",
  EIO: "the disk failed",
  ELOOP: "its links go round in a circle",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is not a folder",
  EPERM: "permission denied",
  EROFS: "the disk is read-only",
};

/** Why a system call failed, in words that do not repeat the path. */
export function reasonOf(cause: unknown): string {
  const code = (cause as { code?: string }).code ?? "";
  if (cause instanceof RangeError) return "it is too large for this machine";
  return REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause));
}
