import { type BigIntStats, fstatSync, statSync } from "node:fs";

/** What tells a file, as it is now, from every other and from itself after a change. */
export interface FileIdentity {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  /** Nanoseconds since 1970. A user can set the first at will, the second not. */
  readonly modified: bigint;
  readonly changed: bigint;
}

/**
 * Of the file at a path, or of one that was opened there: a path may mean another by now. Throws what
 * the system says where there is no such file.
 */
export function identityOf(path: string, fd?: number): FileIdentity {
  const bigint = true;
  const s: BigIntStats = fd === undefined ? statSync(path, { bigint }) : fstatSync(fd, { bigint });
  const { dev: device, ino: inode, size, mtimeNs: modified, ctimeNs: changed } = s;
  return { path, device, inode, size, modified, changed };
}

const FIELDS = ["device", "inode", "size", "modified", "changed"] as const;

export function sameFile(a: FileIdentity, b: FileIdentity): boolean {
  return FIELDS.every((field) => a[field] === b[field]);
}

/** The five numbers, u64 little endian each. */
export function identityBytes(file: FileIdentity): Uint8Array {
  const bytes = new Uint8Array(8 * FIELDS.length);
  const view = new DataView(bytes.buffer);
  FIELDS.forEach((field, i) => {
    view.setBigUint64(8 * i, BigInt.asUintN(64, file[field]), true);
  });
  return bytes;
}
