import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A revision in a folder of its own, until `remove`. */
export interface Checkout {
  readonly folder: string;
  readonly commit: string;
  /** Takes the worktree out of the repository again. May be called twice. */
  remove(): void;
}

/**
 * Checks a revision out into a temporary worktree that shares `node_modules`. It is removed when this
 * process exits, whichever way that comes about; only a process that is killed leaves it, and then
 * `git worktree prune` takes it out of the repository.
 */
export function checkOut(repository: string, revision: string): Checkout {
  const commit = git(
    repository,
    "rev-parse",
    "--verify",
    "--end-of-options",
    `${revision}^{commit}`,
  );
  const temporary = mkdtempSync(join(tmpdir(), "assay-compare-"));
  const folder = join(temporary, "tree");
  let removed = false;
  const remove = (): void => {
    if (removed) return;
    removed = true;
    // The link first: nothing may ever follow it and remove what it points to.
    rmSync(join(folder, "node_modules"), { force: true });
    spawnSync("git", ["-C", repository, "worktree", "remove", "--force", folder]);
    rmSync(temporary, { recursive: true, force: true });
    spawnSync("git", ["-C", repository, "worktree", "prune"]);
  };
  process.once("exit", remove);
  try {
    git(repository, "worktree", "add", "--quiet", "--detach", folder, commit);
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"), "dir");
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, commit, remove };
}

/**
 * Builds a checkout, with the native backend where there is one and it can be built. An older
 * revision may need packages that are no longer installed: what does not need them is built.
 */
export function build(folder: string): void {
  const built = spawnSync("npm", ["run", "--silent", "build"], { cwd: folder, encoding: "utf8" });
  const said = `${built.stdout}${built.stderr}`.trim();
  if (!existsSync(join(folder, "dist/src/index.js"))) throw new Error(`npm run build: ${said}`);
  if (built.status !== 0) process.stderr.write(`${folder}: ${said}\n`);
  const native = ["run", "--silent", "--if-present", "build:native"];
  const { status } = spawnSync("npm", native, { cwd: folder, stdio: "ignore" });
  if (status !== 0) process.stderr.write(`${folder}: the native backend was not built\n`);
}

function git(repository: string, ...args: string[]): string {
  return must("git", ["-C", repository, ...args], repository);
}

function must(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status === 0) return stdout.trim();
  const why = error?.message ?? `${stderr}${stdout}`.trim();
  throw new Error(`${command} ${args.join(" ")}: ${why}`);
}
