import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AssayError } from "../operators/errors.js";
import { functionBytes } from "../operators/program/bytes.js";
import type { FunctionOp } from "../operators/program/micro-ops.js";
import { SCALAR_FUNCTIONS } from "../operators/scalar/functions/index.js";
import { moduleDigest } from "./prove-chunk.js";
import type { Result, Task } from "./prove-worker.js";

/**
 *   npx tsx scripts/prove.ts exp log …    proves functions correctly rounded for all 2^32 inputs
 *   npx tsx scripts/prove.ts all
 *
 * The WebAssembly backend computes every result; their SHA-256 digests, one per 2^24 inputs, are
 * compared with the published ones of CORE-MATH in $ASSAY_DATA/float/digests. Digests that are done
 * are kept in .assay/prove until the end, so that an interrupted proof goes on where it stopped. A
 * function that passes is recorded in operators/scalar/functions/proofs.json.
 */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const DATA = resolve(process.env.ASSAY_DATA ?? join(ROOT, "../shared/data"));
const RECORD = join(ROOT, "operators/scalar/functions/proofs.json");
const PROGRESS = join(ROOT, ".assay/prove");
const WORKERS = 2;
const CHUNKS = 256;

/** A finished proof: what was proven, against what, and where it ran. */
interface Proof {
  /** SHA-256 of the canonical bytes of the proven program. */
  readonly program: string;
  readonly inputs: string;
  /** SHA-256 of all 2^32 results; equal to the published one because all 256 chunks are. */
  readonly sha256_all: string;
  readonly reference: string;
  readonly backend: string;
  /** SHA-256 of the generated WebAssembly module that was run. */
  readonly module: string;
  readonly engine: string;
  readonly arch: string;
  readonly cpu: string;
  readonly date: string;
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

function programDigest(op: FunctionOp): string {
  return createHash("sha256").update(functionBytes(SCALAR_FUNCTIONS[op])).digest("hex");
}

function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

function readJson<T>(path: string, otherwise: T): T {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : otherwise;
}

/** Digests of the chunks by number, computed by child processes; calls `done` after each. */
function digestChunks(
  op: FunctionOp,
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
        else child.send({ op, chunk } satisfies Task);
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

/** Proves one function; yields the numbers of the chunks that differ. */
async function prove(op: FunctionOp): Promise<number[]> {
  const reference = published(op);
  const module = moduleDigest(op);
  const path = join(PROGRESS, `${op}-${module.slice(0, 16)}-${process.version}.json`);
  const digests = readJson<Record<string, string>>(path, {});
  const missing = Array.from({ length: CHUNKS }, (_, c) => c).filter((c) => !digests[c]);
  await digestChunks(op, missing, ({ chunk, digest, seconds, module: ran }) => {
    if (ran !== module) {
      throw new AssayError("backend/unavailable", "the code generator changed during the proof");
    }
    digests[chunk] = digest;
    writeJson(path, digests);
    const rate = (seconds / 2 ** 24) * 1e9;
    const agrees = digest === reference.sha256_chunks[chunk] ? "agrees" : "DIFFERS";
    const count = Object.keys(digests).length;
    const name = chunk.toString(16).padStart(2, "0");
    console.log(`${op} ${count}/${CHUNKS}: chunk ${name} ${agrees}, ${rate.toFixed(1)} ns each`);
  });
  const wrong = reference.sha256_chunks.flatMap((want, c) => (digests[c] === want ? [] : [c]));
  if (wrong.length === 0) record(op, module, reference);
  rmSync(path, { force: true });
  return wrong;
}

function record(op: FunctionOp, module: string, reference: Published): void {
  const proofs = readJson<Record<string, Proof>>(RECORD, {});
  proofs[op] = {
    program: programDigest(op),
    inputs: "all 2^32",
    sha256_all: reference.sha256_all,
    reference: reference.source,
    backend: "wasm",
    module,
    engine: `node ${process.versions.node}, V8 ${process.versions.v8}`,
    arch: process.arch,
    cpu: cpus()[0]?.model ?? "unknown",
    date: new Date().toISOString().slice(0, 10),
  };
  const ordered = Object.keys(SCALAR_FUNCTIONS).flatMap((name) => {
    const proof = proofs[name];
    return proof ? [[name, proof] as const] : [];
  });
  writeJson(RECORD, Object.fromEntries(ordered));
}

/** Functions of one argument; pow has 2^64 inputs and is its own contract. */
function requested(names: readonly string[]): FunctionOp[] {
  const provable = Object.values(SCALAR_FUNCTIONS).filter((f) => f.parameters.length === 1);
  const ops = provable.map((f) => f.name);
  if (names.length === 1 && names[0] === "all") return ops;
  const found = names.map((n) => ops.find((op) => op === `f32.${n}`));
  if (found.length === 0 || found.includes(undefined)) {
    const known = ops.map((op) => op.slice("f32.".length)).join(", ");
    throw new AssayError("usage", `name functions to prove: all, or some of ${known}`);
  }
  return found as FunctionOp[];
}

try {
  for (const op of requested(process.argv.slice(2))) {
    const wrong = await prove(op);
    console.log(wrong.length === 0 ? `${op}: proven` : `${op}: chunks ${wrong.join(", ")} differ`);
    if (wrong.length > 0) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof AssayError)) throw error;
  console.error([error.message, error.hint].filter((line) => line !== undefined).join("\n"));
  process.exitCode = 2;
}
