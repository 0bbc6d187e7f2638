import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import PINS from "./packages.json" with { type: "json" };
import { CACHE } from "./places.js";

/** npm packages that carry a Node binary; every one is pinned to the digest of its tarball. */
export type PackageName = keyof typeof PINS;

const run = promisify(execFile);

/** The Node binary of a package that is in the cache. */
export function cachedNode(name: PackageName): string | undefined {
  const path = join(CACHE, "packages", name, "package/bin/node");
  return existsSync(path) ? path : undefined;
}

/**
 * Downloads a package with npm, from the registry that npm is set up for, and unpacks its binary.
 * Throws where the tarball is not the pinned one; nothing is left behind then.
 */
export async function fetchNode(name: PackageName): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, "fetch-"));
  try {
    await run("npm", ["pack", name, "--pack-destination", work, "--silent"], { cwd: work });
    const [tarball] = readdirSync(work);
    if (tarball === undefined) throw new Error(`npm packed nothing for ${name}`);
    checkIntegrity(name, readFileSync(join(work, tarball)));
    await run("tar", ["-xzf", tarball, "package/bin/node", "package/LICENSE"], { cwd: work });
    rmSync(join(work, tarball));
    const place = join(CACHE, "packages", name);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(dirname(place), { recursive: true });
    renameSync(work, place);
    return cachedNode(name) as string;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Throws where bytes are not what the package was when it was pinned. */
export function checkIntegrity(name: PackageName, tarball: Uint8Array): void {
  const found = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  if (found !== PINS[name]) {
    throw new Error(`${name}: the tarball is ${found}, pinned is ${PINS[name]}`);
  }
}
