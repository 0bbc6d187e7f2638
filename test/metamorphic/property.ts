import fc from "fast-check";
import { LONG } from "../support/long.js";

/**
 * Fresh cases every time: a failure says its seed, and `ASSAY_SEED` repeats it. Only the seed is
 * drawn from the clock; everything else follows from it.
 */
const SEED = Number(process.env.ASSAY_SEED ?? Date.now() % 2 ** 31);

/**
 * Checks a property on `runs` cases with ASSAY_LONG=1, else on half as many; fast-check prints seed and
 * smallest counterexample.
 */
export async function holds<T>(
  runs: number,
  cases: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(cases, check), {
    numRuns: LONG ? runs : Math.ceil(runs / 2),
    seed: SEED,
  });
}

/** Seeds of tensors. */
export const seeds = fc.integer({ min: 1, max: 1e6 });
