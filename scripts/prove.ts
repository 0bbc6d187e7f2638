import { nativeAddon } from "../operators/backends/native/index.js";
import { AssayError } from "../operators/errors.js";
import type { FunctionOp } from "../operators/program/micro-ops.js";
import { SCALAR_FUNCTIONS } from "../operators/scalar/functions/index.js";
import type { Prover } from "./prove-chunk.js";
import { proveInputs } from "./prove-inputs.js";
import { provePairs } from "./prove-pairs.js";

/**
 *   npx tsx scripts/prove.ts exp log pow …    what is promised of these functions
 *   npx tsx scripts/prove.ts all              of all with one argument
 *   npx tsx scripts/prove.ts --native all     the same of native code, at every level that runs here
 *
 * One argument: correctly rounded for all 2^32 inputs. The WebAssembly backend computes every
 * result; their SHA-256 digests, one per 2^24 inputs, are compared with the published ones of
 * CORE-MATH in $ASSAY_DATA/float/digests. Digests that are done are kept in .assay/prove until the
 * end, so that an interrupted proof goes on where it stopped. A function that passes is recorded in
 * operators/scalar/functions/proofs.json.
 *
 * In native code the same programs run in wider vectors; what passes is recorded in
 * native-proofs.json, by level.
 *
 * Two arguments: the largest error at directed pairs and 10^7 random ones, against true values of
 * their own (prove-reference.ts), recorded in operators/scalar/functions/errors.json.
 */
function requested(names: readonly string[]): FunctionOp[] {
  const ops = Object.values(SCALAR_FUNCTIONS).map((f) => f.name);
  if (names.length === 1 && names[0] === "all") return ops.filter(hasOneArgument);
  const found = names.map((n) => ops.find((op) => op === `f32.${n}`));
  if (found.length === 0 || found.includes(undefined)) {
    const known = ops.map((op) => op.slice("f32.".length)).join(", ");
    throw new AssayError("usage", `name functions to prove: all, or some of ${known}`);
  }
  return found as FunctionOp[];
}

function hasOneArgument(op: FunctionOp): boolean {
  return SCALAR_FUNCTIONS[op].parameters.length === 1;
}

/** The levels of native code here, the fastest first. */
function nativeLevels(): readonly Prover[] {
  const native = nativeAddon();
  if ("reason" in native) throw new AssayError("backend/unavailable", native.reason);
  return native.addon.levels.map(({ name }) => name);
}

try {
  const args = process.argv.slice(2);
  const isNative = args[0] === "--native";
  for (const prover of isNative ? nativeLevels() : (["wasm"] as const)) {
    for (const op of requested(isNative ? args.slice(1) : args)) {
      if (isNative && !hasOneArgument(op)) {
        throw new AssayError("usage", `${op} has two arguments: native code is compared in tests`);
      }
      const proven = hasOneArgument(op) ? await proveInputs(op, prover) : provePairs(op);
      if (!proven) process.exitCode = 1;
    }
  }
} catch (error) {
  if (!(error instanceof AssayError)) throw error;
  console.error([error.message, error.hint].filter((line) => line !== undefined).join("\n"));
  process.exitCode = 2;
}
