import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { AssayError } from "../../operators/index.js";
import { KEY_ENTROPY, keyFromEntropy, parseKey } from "../receipt/key.js";
import { readFile, writeFileAtomic } from "../files/disk.js";

/** Where the local key lives unless --key names another: $ASSAY_HOME or ~/.assay. */
export function defaultKeyPath(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.ASSAY_HOME ?? join(homedir(), ".assay"), "key");
}

/**
 * Reads a key file: 64 hex digits. The local key is made on first use, readable by its owner only;
 * a named key must exist. A key that others can read is refused on systems with file modes.
 */
export function loadKey(path: string | undefined): Uint8Array {
  const file = path ?? defaultKeyPath();
  if (path === undefined && !existsSync(file)) makeKey(file);
  const text = new TextDecoder().decode(readFile(file, "key"));
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) {
    throw new AssayError("key/invalid", `the key file ${file} can be read by others`, {
      hint: `chmod 600 ${file}`,
    });
  }
  return parseKey(text.trim());
}

function makeKey(path: string): void {
  const key = keyFromEntropy(randomBytes(KEY_ENTROPY));
  writeFileAtomic(path, new TextEncoder().encode(`${Buffer.from(key).toString("hex")}\n`), 0o600);
}
