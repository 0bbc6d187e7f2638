import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

/**
 * Models and vectors that nobody here wrote live outside the project, in the folder that ASSAY_DATA
 * names (default `../shared/data` from the project's root). Tests that use them are skipped, saying
 * so, where they are missing; with ASSAY_REQUIRE_DATA=1 they fail instead.
 */
export function dataFolder(): string {
  return resolve(import.meta.dirname, "../..", process.env.ASSAY_DATA ?? "../shared/data");
}

/** A file or folder of the data, by its path in there. */
export function dataPath(path: string): string {
  return join(dataFolder(), path);
}

/** A suite that reads `needs` (paths in the data folder); nothing in it may be read before it runs. */
export function describeWithData(
  title: string,
  needs: string | readonly string[],
  suite: () => void,
): void {
  const missing = [needs].flat().filter((path) => !existsSync(dataPath(path)));
  if (missing.length === 0) {
    describe(title, suite);
    return;
  }
  const problem = `there is no ${missing.join(", ")} in ${dataFolder()} (set ASSAY_DATA)`;
  describe(title, () => {
    test("its data is there", (context) => {
      if (process.env.ASSAY_REQUIRE_DATA === "1") expect.fail(problem);
      console.warn(`skipped: ${title}: ${problem}`);
      context.skip(problem);
    });
  });
}
