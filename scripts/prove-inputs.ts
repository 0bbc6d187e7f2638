import { fork } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { AssayError } from "../operators/errors.js";
import type { FunctionOp } from "../operators/program/micro-ops.js";
import { moduleDigest, type Prover } from "./prove-chunk.js";
import {
  type Environment,
  environment,
  programDigest,
  ROOT,
  readJson,
  record,
  recordPath,
  writeJson,
} from "./prove-record.js";
import type { Result, Task } from "./prove-worker.js";

/** Functions of one argument, over all 2^32 inputs. */

const DATA = resolve(process.env.ASSAY_DATA ?? join(ROOT, "../shared/data"));
const PROGRESS = join(ROOT, ".assay/prove");
const WORKERS = 2;
const CHUNKS = 256;

/** A finished proof: what was proven, against what, and where it ran. */
interface Proof extends Environment {
  /** SHA-256 of the canonical bytes of the proven program. */
  readonly program: string;
  readonly inputs: string;
  /** SHA-256 of all 2^32 results; equal to the published one because all 256 chunks are. */
  readonly sha256_all: string;
  readonly reference: string;
  /** SHA-256 of the generated WebAssembly module that was run. */
  readonly module: string;
}

/** The same of native code: what its functions were compiled from, and where each level passed. */
interface NativeProof {
  readonly program: string;
  readonly inputs: string;
  readonly sha256_all: string;
  readonly reference: string;
  /** SHA-256 of functions.gen.h and lanes.h, one behind the other. */
  readonly source: string;
  readonly levels: Readonly<Partial<Record<Prover, Omit<Environment, "engine">>>>;
}

interface Published {
  readonly source: string;
  readonly sha256_all: string;
  readonly sha256_chunks: readonly string[];
}

function published(op: FunctionOp): Published {
  const path = join(DATA, "float/digests", `${op.slice("f32.".length)}f.json`);
  if (!existsSync(path)) {
    throw new AssayError("file/not-found", `there are no digests at ${path}`, {
      hint: "Set ASSAY_DATA to the folder that holds float/digests.",
    });
  }
  return JSON.parse(readFileSync(path, "utf8")) as Published;
}

/** Digests of the chunks by number, computed by child processes; calls `done` after each. */
function digestChunks(
  op: FunctionOp,
  prover: Prover,
  missing: readonly number[],
  done: (result: Result) => void,
): Promise<void> {
  const queue = [...missing];
  const workers = Math.min(WORKERS, queue.length);
  const one = (): Promise<void> =>
    new Promise((finish, fail) => {
      const child = fork(join(ROOT, "scripts/prove-worker.ts"));
      const next = (): void => {
        const chunk = queue.shift();
        if (chunk === undefined) child.disconnect();
        else child.send({ op, prover, chunk } satisfies Task);
      };
      child.on("message", (result: Result) => {
        try {
          done(result);
          next();
        } catch (error) {
          queue.length = 0;
          child.disconnect();
          fail(error);
        }
      });
      child.on("error", fail);
      child.on("exit", (code) => (code === 0 ? finish() : fail(new Error(`worker: exit ${code}`))));
      next();
    });
  return Promise.all(Array.from({ length: workers }, one)).then(() => undefined);
}

/** Whether a function is proven now; says which chunks differ if not. */
export async function proveInputs(op: FunctionOp, prover: Prover = "wasm"): Promise<boolean> {
  const reference = published(op);
  const module = moduleDigest(op, prover);
  const path = join(PROGRESS, `${op}-${prover}-${module.slice(0, 16)}-${process.version}.json`);
  const digests = readJson<Record<string, string>>(path, {});
  const missing = Array.from({ length: CHUNKS }, (_, c) => c).filter((c) => !digests[c]);
  await digestChunks(op, prover, missing, ({ chunk, digest, seconds, module: ran }) => {
    if (ran !== module) {
      throw new AssayError("backend/unavailable", "the code generator changed during the proof");
    }
    digests[chunk] = digest;
    writeJson(path, digests);
    const rate = (seconds / 2 ** 24) * 1e9;
    const agrees = digest === reference.sha256_chunks[chunk] ? "agrees" : "DIFFERS";
    const count = Object.keys(digests).length;
    const name = chunk.toString(16).padStart(2, "0");
    console.log(
      `${op} ${prover} ${count}/${CHUNKS}: chunk ${name} ${agrees}, ${rate.toFixed(1)} ns each`,
    );
  });
  const wrong = reference.sha256_chunks.flatMap((want, c) => (digests[c] === want ? [] : [c]));
  if (wrong.length === 0) {
    if (prover === "wasm") record("proofs.json", op, proofOf(op, module, reference));
    else recordNative(op, prover, module, reference);
  }
  rmSync(path, { force: true });
  console.log(
    wrong.length === 0
      ? `${op}: proven (${prover})`
      : `${op} (${prover}): chunks ${wrong.join(", ")} differ`,
  );
  return wrong.length === 0;
}

function proofOf(op: FunctionOp, module: string, reference: Published): Proof {
  const { backend, ...where } = environment();
  return {
    program: programDigest(op),
    inputs: "all 2^32",
    sha256_all: reference.sha256_all,
    reference: reference.source,
    backend,
    module,
    ...where,
  };
}

/** Adds a level to a function's record, which starts anew where anything in it has changed. */
function recordNative(op: FunctionOp, level: Prover, source: string, reference: Published): void {
  const known = readJson<Record<string, NativeProof>>(recordPath("native-proofs.json"), {})[op];
  const program = programDigest(op);
  const levels = known?.program === program && known.source === source ? known.levels : {};
  const { engine: _, ...where } = environment();
  const proof: NativeProof = {
    program,
    inputs: "all 2^32",
    sha256_all: reference.sha256_all,
    reference: reference.source,
    source,
    levels: { ...levels, [level]: { ...where, backend: `native ${level}` } },
  };
  record("native-proofs.json", op, proof);
}
