import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { AssayError } from "../../operators/basis.js";
import { createFile, type Disk, readFile } from "../files/disk.js";
import { KEY_ENTROPY, keyFromEntropy, parseKey } from "../receipt/key.js";

/** A key file has 67 bytes at most. */
const MAX_KEY_TEXT = 256;

/** Where this user's secrets lie: $ASSAY_HOME or ~/.assay. */
export function homeFolder(env: Readonly<Record<string, string | undefined>>): string {
  return env.ASSAY_HOME || join(homedir(), ".assay");
}

/** Where the local key lives unless --key names another. */
export function defaultKeyPath(env: Readonly<Record<string, string | undefined>>): string {
  return join(homeFolder(env), "key");
}

/**
 * Reads a key file: 64 hex digits. The local key is made on first use, readable by its owner only,
 * in a folder of its owner's; a named key must exist. A key that others can read is refused on
 * systems with file modes. Throws `file/not-found`, `file/write` and `key/invalid`.
 */
export function loadKey(
  path: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  to?: Disk,
): Uint8Array {
  const file = path ?? defaultKeyPath(env);
  if (path === undefined && !existsSync(file)) makeKey(file, to);
  const bytes = readFile(file, "key", MAX_KEY_TEXT);
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) {
    throw new AssayError("key/invalid", `the key file ${file} can be read by others`, {
      hint: `chmod 600 ${file}`,
      facts: { path: file },
    });
  }
  return parseKeyFile(file, bytes);
}

function parseKeyFile(file: string, bytes: Uint8Array): Uint8Array {
  try {
    return parseKey(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (!(cause instanceof AssayError)) throw cause;
    const { code, message, hint } = cause;
    throw new AssayError(code, `${file}: ${message}`, {
      ...(hint ? { hint } : {}),
      facts: { path: file },
      cause,
    });
  }
}

/** Two processes that find no key end up with the same one: whoever is second keeps the first's. */
function makeKey(path: string, to: Disk | undefined): void {
  const key = keyFromEntropy(randomBytes(KEY_ENTROPY));
  const text = new TextEncoder().encode(`${Buffer.from(key).toString("hex")}\n`);
  createFile(path, text, { mode: 0o600, folderMode: 0o700 }, to);
}
