import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { AssayError } from "../../operators/index.js";
import { createFile, disk } from "../files/disk.js";

/**
 * One process at a time has a ledger's folder. The lock is the file `lock-<n>` with the highest n, and
 * it is held while it names a process that runs. Taking over is making `lock-<n + 1>`, which only one
 * can: removing a dead process's file and making it anew would let a second one remove the first's
 * new lock. For processes of one machine; folders shared between machines are not protected.
 */
export interface Lock {
  release(): void;
}

/** A process: its number, and when it began, since numbers are used again. */
interface Holder {
  readonly pid: number;
  readonly began: string;
}

/** Throws `ledger/locked` where a running process has the folder, and `file/write`. */
export function takeLock(folder: string): Lock {
  const text = new TextEncoder().encode(JSON.stringify(self()));
  for (;;) {
    const highest = generations(folder).at(-1) ?? 0;
    if (highest > 0) requireGone(folder, highest);
    const mine = highest + 1;
    if (!createFile(lockPath(folder, mine), text, { mode: 0o600, folderMode: 0o700 })) continue;
    if (generations(folder).at(-1) === mine) return heldLock(folder, mine, text);
    // Others went on from the same one and are ahead already.
    disk.remove(lockPath(folder, mine));
  }
}

/** Throws `ledger/locked` where a running process has the folder; changes nothing. */
export function requireUnlocked(folder: string): void {
  const highest = generations(folder).at(-1);
  if (highest !== undefined) requireGone(folder, highest);
}

function heldLock(folder: string, mine: number, text: Uint8Array): Lock {
  const path = lockPath(folder, mine);
  for (const n of generations(folder)) if (n < mine) disk.remove(lockPath(folder, n));
  return {
    // The file stays, so that numbers only grow; an empty one is nobody's.
    release: () => {
      if (holds(path, text)) truncateSync(path);
    },
  };
}

/** False where somebody removed the lock by hand, and perhaps another process has it since. */
function holds(path: string, text: Uint8Array): boolean {
  try {
    return Buffer.from(text).equals(readFileSync(path));
  } catch {
    return false;
  }
}

function lockPath(folder: string, n: number): string {
  return join(folder, `lock-${n}`);
}

/** Numbers of the lock files that are there, ascending. */
function generations(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => /^lock-([1-9]\d{0,14})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function requireGone(folder: string, n: number): void {
  const path = lockPath(folder, n);
  const holder = holderOf(path);
  if (!holder || !runs(holder)) return;
  throw new AssayError("ledger/locked", `process ${holder.pid} has ${folder} open`, {
    hint: `end process ${holder.pid} first; if it is no ledger of yours, remove ${path}`,
    facts: { pid: holder.pid, folder },
  });
}

/** Undefined for a lock that was given back, or has gone meanwhile. */
function holderOf(path: string): Holder | undefined {
  try {
    const { pid, began } = JSON.parse(readFileSync(path, "utf8")) as Partial<Holder>;
    return Number.isSafeInteger(pid) ? { pid: pid as number, began: String(began) } : undefined;
  } catch {
    return undefined;
  }
}

function self(): Holder {
  return { pid: process.pid, began: beginningOf(process.pid) };
}

function runs({ pid, began }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    // EPERM: it runs, as somebody else.
    if ((cause as { code?: string }).code !== "EPERM") return false;
  }
  const now = beginningOf(pid);
  if (now === ENDED) return false;
  return now === "" || began === "" || now === began;
}

/** A process that has ended and that its parent has not asked about. */
const ENDED = "ended";

/**
 * When a process began: clock ticks since the machine did, field 22 of /proc/<pid>/stat. Empty on
 * systems without it. In a container the ledger may have the same number after every start.
 */
function beginningOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 2 is the program's name in brackets, and may hold spaces and brackets of its own.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? ENDED : (fields[19] ?? "");
  } catch {
    return "";
  }
}
