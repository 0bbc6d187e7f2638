import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createFile, type Disk, disk } from "./disk.js";
import { type FileIdentity, identityBytes, identityOf, sameFile } from "./file-identity.js";

/**
 * The commitments of a model's weights, kept in a file beside it, so that a model is hashed once and not
 * in every run. Such a file may come with a folder from anywhere, so it is believed only under a MAC
 * with a secret of this user, and only for the very files that were hashed.
 *
 *   what ‖ commitments, 32 bytes each ‖ HMAC-SHA256 of all before
 *
 * `what` is not parsed: it is made anew from the files as they are, and must be there byte for byte.
 */
export interface WeightsCache {
  /** The model's file, then those that it keeps weights in, as they were before they were read. */
  readonly files: readonly FileIdentity[];
  /** Whatever else the commitments depend on, in bytes that say where they end. */
  readonly about: Uint8Array;
  /** How many weights there are. */
  readonly count: number;
  /** Where this user's secrets lie. */
  readonly home: string;
}

/** Scheme of the file; a change of it, or of how weights are committed to, is another one. */
const SCHEME = "assay weights 1\n";
const DIGEST = 32;
const SECRET = 32;

/**
 * Times of files are counted in steps, of two seconds at worst: a file that was changed within the step
 * in which it was looked at looks the same afterwards. So nothing is kept of files as young as that.
 */
const YOUNG_MS = 3000;

/** The commitments, or undefined where they are not kept, or not for these files. Never throws. */
export function readWeightsCache(cache: WeightsCache): Uint8Array[] | undefined {
  try {
    const [what, secret] = [whatOf(cache), readSecret(cache.home)];
    if (!secret) return undefined;
    const length = what.length + DIGEST * (cache.count + 1);
    const all = readExactly(placeOf(cache), length, constants.O_NOFOLLOW);
    if (!all || !equal(all.subarray(0, what.length), what)) return undefined;
    const signed = all.subarray(0, length - DIGEST);
    if (!equal(macOf(secret, signed), all.subarray(length - DIGEST))) return undefined;
    // Whoever changed a file after it was looked at may have done so before it was read.
    if (!unchanged(cache)) return undefined;
    return Array.from({ length: cache.count }, (_, i) => {
      const at = what.length + DIGEST * i;
      return new Uint8Array(all.subarray(at, at + DIGEST));
    });
  } catch {
    return undefined;
  }
}

/** Keeps commitments that were computed from these files. Where that cannot be, it is not done. */
export function writeWeightsCache(
  cache: WeightsCache,
  commitments: readonly Uint8Array[],
  { to = disk, now = Date.now() }: { readonly to?: Disk; readonly now?: number } = {},
): void {
  const beside = `${placeOf(cache)}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const young = cache.files.some((f) => youngest(f) > now - YOUNG_MS);
    if (young || !unchanged(cache)) return;
    const secret = readSecret(cache.home) ?? makeSecret(cache.home, to);
    if (!secret) return;
    const signed = Buffer.concat([whatOf(cache), ...commitments]);
    try {
      to.write(beside, Buffer.concat([signed, macOf(secret, signed)]), 0o600);
      to.rename(beside, placeOf(cache));
    } catch {
      to.remove(beside);
    }
  } catch {
    // A folder that cannot be written to, a home that is none: the next run hashes again.
  }
}

function placeOf({ files }: WeightsCache): string {
  const { path } = files[0] as FileIdentity;
  return join(dirname(path), `.${basename(path)}.assay-weights`);
}

function whatOf({ files, about, count }: WeightsCache): Uint8Array {
  const counts = new Uint8Array(8);
  const view = new DataView(counts.buffer);
  view.setUint32(0, files.length, true);
  view.setUint32(4, count, true);
  return Buffer.concat([Buffer.from(SCHEME), counts, ...files.map(identityBytes), about]);
}

const youngest = ({ modified, changed }: FileIdentity): number =>
  Number((modified > changed ? modified : changed) / 1_000_000n);

function unchanged({ files }: WeightsCache): boolean {
  return files.every((file) => sameFile(file, identityOf(file.path)));
}

const macOf = (secret: Uint8Array, bytes: Uint8Array): Uint8Array =>
  createHmac("sha256", secret).update(bytes).digest();

const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);

const secretPlace = (home: string): string => join(home, "cache-key");

/** Undefined unless it is a file of this user's alone, and whole. */
function readSecret(home: string): Uint8Array | undefined {
  try {
    return readExactly(secretPlace(home), SECRET, 0, true);
  } catch {
    return undefined;
  }
}

/** Of two processes that make it at once, one does, and both read it. */
function makeSecret(home: string, to: Disk): Uint8Array | undefined {
  const modes = { mode: 0o600, folderMode: 0o700 };
  createFile(secretPlace(home), new Uint8Array(randomBytes(SECRET)), modes, to);
  return readSecret(home);
}

/** A regular file of exactly so many bytes. It waits for nobody: a pipe is opened without. */
function readExactly(path: string, length: number, flags: number, own = false) {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (flags ?? 0));
  try {
    const status = fstatSync(fd);
    if (!status.isFile() || status.size !== length) return undefined;
    if (own && !isOwn(status)) return undefined;
    const bytes = new Uint8Array(length);
    return readSync(fd, bytes, 0, length, 0) === length ? bytes : undefined;
  } finally {
    closeSync(fd);
  }
}

function isOwn({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  if (process.platform === "win32") return true;
  return uid === process.getuid?.() && (mode & 0o077) === 0;
}
