import type { Terminal } from "./command.js";

/** A progress bar on work that takes more than a second, only on a terminal. */
export interface Progress {
  update(done: number, total: number): void;
  finish(): void;
}

const DELAY = 1000;
const INTERVAL = 100;
const WIDTH = 30;

export function startProgress(
  label: string,
  unit: string,
  target: Terminal,
  now: () => number = Date.now,
): Progress {
  const started = now();
  let drawn = 0;
  return {
    update(done, total) {
      const at = now();
      if (!target.isTTY || at - started < DELAY || at - drawn < INTERVAL) return;
      drawn = at;
      const share = total === 0 ? 1 : done / total;
      const filled = Math.round(share * WIDTH);
      const bar = `${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}`;
      const seconds = ((at - started) / 1000).toFixed(0);
      target.write(`\r${label} ${bar} ${done}/${total} ${unit}, ${seconds} s `);
    },
    finish() {
      if (drawn > 0) target.write("\r\u001b[K");
    },
  };
}
