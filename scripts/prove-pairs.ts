import type { FunctionOp } from "../operators/program/micro-ops.js";
import { moduleDigest } from "./prove-chunk.js";
import { type Environment, environment, programDigest, record } from "./prove-record.js";
import { directedPairs, type Measurement, measure, randomPair } from "./prove-vectors.js";

/** Functions of two arguments, at directed pairs and 10^7 random ones. */

const RANDOM_PAIRS = 10 ** 7;
const SEED = 1;
/** Blocks between two lines of progress. */
const PROGRESS_EVERY = 30;

/** What was measured, of which program, and where. */
interface Errors extends Environment {
  /** SHA-256 of the canonical bytes of the measured program. */
  readonly program: string;
  readonly pairs: string;
  /** Largest error in units of the last place of f32, and the arguments' bits. */
  readonly largest: number;
  readonly at: string;
  /** Results that are not the f32 nearest to the true value. */
  readonly misrounded: number;
  readonly reference: string;
  readonly module: string;
}

const hex = (bits: number): string => bits.toString(16).padStart(8, "0");

/** A function whose largest error stays below one unit passes; the error is recorded. */
export function provePairs(op: FunctionOp): boolean {
  const directed = directedPairs(op);
  const total = directed.length + RANDOM_PAIRS;
  let blocks = 0;
  const found = measure(
    op,
    total,
    (i) => directed[i] ?? randomPair(op, SEED, i - directed.length),
    (done, soFar) => {
      if (blocks++ % PROGRESS_EVERY === 0 || done === total) report(op, done, total, soFar);
    },
  );
  const passed = found.largest < 1;
  if (passed) record("errors.json", op, errorsOf(op, directed.length, found));
  console.log(`${op}: ${passed ? "measured" : "WRONG"}`);
  return passed;
}

function report(op: FunctionOp, done: number, total: number, soFar: Measurement): void {
  const { largest, at, misrounded } = soFar;
  const where = at.map(hex).join(" ");
  console.log(`${op} ${done}/${total}: ${largest} ULP at ${where}, ${misrounded} misrounded`);
}

function errorsOf(op: FunctionOp, directed: number, found: Measurement): Errors {
  const { backend, ...where } = environment();
  return {
    program: programDigest(op),
    pairs: `${directed} directed, ${RANDOM_PAIRS} random of seed ${SEED}`,
    largest: found.largest,
    at: found.at.map(hex).join(" "),
    misrounded: found.misrounded,
    reference: "scripts/prove-reference.ts",
    backend,
    module: moduleDigest(op),
    ...where,
  };
}
