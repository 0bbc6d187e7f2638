import { type Outcome, runCase } from "../test/fuzz/case.js";
import { generatedSeeds, publishedSeeds } from "../test/fuzz/corpus.js";

/** A child process of `fuzz`: runs cases, one message with the first seed and the number of them. */

export interface Batch {
  readonly first: number;
  readonly count: number;
  /** Where published models are. */
  readonly data: string;
}

/** Before each case, so that the parent knows which one never ends; after it, what became of it. */
export type Report = { readonly seed: number; readonly outcome?: Outcome };

process.on("message", ({ first, count, data }: Batch) => {
  const corpus = [...generatedSeeds(), ...publishedSeeds(data)];
  const send = (report: Report): Promise<void> =>
    new Promise((sent) => {
      process.send?.(report, undefined, {}, () => sent());
    });
  const run = async (): Promise<void> => {
    for (let seed = first; seed < first + count && process.connected; seed++) {
      await send({ seed });
      await send({ seed, outcome: runCase(seed, corpus) });
    }
    if (process.connected) process.disconnect();
  };
  void run();
});
