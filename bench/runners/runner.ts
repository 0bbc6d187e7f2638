import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Subject } from "../measure.js";

/** A workload loaded into a runtime. A run copies its input in and its output out. */
export interface Runner extends Subject {
  /** Runs once more and yields the first output. */
  output(): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens runners one after the other, hands them to `use` and closes them whatever happens. */
export async function withRunners<T>(
  opening: readonly (() => Promise<Runner | undefined>)[],
  use: (runners: readonly Runner[]) => Promise<T>,
): Promise<T> {
  const runners: Runner[] = [];
  try {
    for (const open of opening) {
      const runner = await open();
      if (runner) runners.push(runner);
    }
    return await use(runners);
  } finally {
    await Promise.all(runners.map((r) => r.close()));
    collectGarbage();
  }
}

/** Memories of WebAssembly are given back by the collector alone, which does not see their size. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}
