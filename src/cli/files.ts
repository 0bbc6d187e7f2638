import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { AssayError } from "../../operators/index.js";

/** The file system as the commands use it. Everything is written beside its place, then renamed. */
export interface Disk {
  write(path: string, bytes: Uint8Array, mode?: number): void;
}

export const disk: Disk = {
  write(path, bytes, mode = 0o644) {
    const fd = openSync(path, "wx", mode);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
};

export function readFile(path: string, what: string): Uint8Array {
  try {
    if (statSync(path).isDirectory()) {
      throw new AssayError("file/not-found", `${what}: ${path} is a folder, not a file`);
    }
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof AssayError) throw cause;
    throw new AssayError("file/not-found", `${what}: cannot read ${path}`, {
      hint: "check the path and your right to read it",
      facts: { path },
      cause,
    });
  }
}

export function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** Writes one file whole or not at all. */
export function writeFileAtomic(path: string, bytes: Uint8Array, mode?: number, to = disk): void {
  const beside = join(dirname(path), `.${basename(path)}.${token()}.tmp`);
  try {
    mkdirSync(dirname(path), { recursive: true });
    to.write(beside, bytes, mode);
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw writeError(path, cause);
  }
}

/**
 * Writes a folder of files whole or not at all: into a new folder beside it, which then takes its
 * name. An existing run folder is replaced only by `replace`, and only once the new one is complete.
 */
export function writeFolderAtomic(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  replace: boolean,
  to = disk,
): void {
  const target = resolve(folder);
  const beside = join(dirname(target), `.${basename(target)}.${token()}.tmp`);
  const old = `${beside}.old`;
  try {
    mkdirSync(dirname(target), { recursive: true });
    mkdirSync(beside);
    for (const [name, bytes] of files) {
      const path = join(beside, name);
      mkdirSync(dirname(path), { recursive: true });
      to.write(path, bytes);
    }
    if (existsSync(target)) {
      requireReplaceable(target, replace);
      renameSync(target, old);
    }
    renameSync(beside, target);
    rmSync(old, { recursive: true, force: true });
  } catch (cause) {
    if (!existsSync(target) && existsSync(old)) renameSync(old, target);
    rmSync(beside, { recursive: true, force: true });
    if (cause instanceof AssayError) throw cause;
    throw writeError(folder, cause);
  }
}

/** Refuses to replace anything but an empty folder or, when asked to, an earlier run. */
export function requireReplaceable(folder: string, replace: boolean): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) {
    throw new AssayError("file/write", `${folder} exists and is not a folder`);
  }
  const names = readdirSync(folder);
  if (names.length === 0 || (replace && names.includes("run.json"))) return;
  throw new AssayError("file/write", `${folder} is not empty`, {
    hint: replace
      ? "it holds no run; choose another folder"
      : "use --force to replace an earlier run",
  });
}

function writeError(path: string, cause: unknown): AssayError {
  const code = (cause as { code?: string }).code;
  const why = code === "ENOSPC" ? "the disk is full" : cause instanceof Error ? cause.message : "";
  return new AssayError("file/write", `cannot write ${path}: ${why}`, {
    hint: "nothing half-written was left behind",
    facts: { path, ...(code ? { errno: code } : {}) },
    cause,
  });
}

function token(): string {
  return randomBytes(6).toString("hex");
}
