import { readFileSync } from "node:fs";

/** Seconds that processors have worked: all of them, and for this process and its ended children. */
interface Worked {
  readonly all: number;
  readonly own: number;
  readonly at: number;
}

/** Linux counts in hundredths of a second here, whatever its timer. */
const TICKS = 100;

/**
 * Begins to watch who uses the processors; the function that it gives says how many of them were busy
 * with other people's work since then, undefined where Linux is not there to be asked. The load
 * average would count our own threads too.
 */
export function watchOthers(): () => number | undefined {
  const before = worked();
  return () => {
    const after = worked();
    if (!before || !after || after.at <= before.at) return undefined;
    const others = after.all - before.all - (after.own - before.own);
    return Math.max(0, others / (after.at - before.at));
  };
}

function worked(): Worked | undefined {
  try {
    const all = /^cpu\s+(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]?.split(/\s+/);
    // The name of the process may hold spaces; what follows its bracket does not.
    const self = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ");
    if (!all || !self) return undefined;
    const sum = (fields: readonly string[], places: readonly number[]): number =>
      places.reduce((s, i) => s + Number(fields[i]), 0) / TICKS;
    return {
      // user, nice, system, irq, softirq, steal: not idle, not waiting for a disk.
      all: sum(all, [0, 1, 2, 5, 6, 7]),
      // utime, stime, cutime, cstime.
      own: sum(self, [11, 12, 13, 14]),
      at: performance.now() / 1000,
    };
  } catch {
    return undefined;
  }
}
