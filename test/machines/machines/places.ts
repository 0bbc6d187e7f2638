import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Where things lie. */
export const ROOT = resolve(import.meta.dirname, "../../..");
export const ROOT_URL = pathToFileURL(`${ROOT}/`).href;
/** Ignored by git: packages, the build, profiles of browsers. */
export const CACHE = join(ROOT, ".assay/machines");
/** The table as plain JavaScript, beside all that it imports. */
export const BUILD = join(CACHE, "build");
export const TABLE = join(BUILD, "test/machines/table");

/** The first of these programs that is on the path. */
export function findProgram(...names: readonly string[]): string | undefined {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      const path = join(folder, name);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
