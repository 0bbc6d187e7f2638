import { existsSync } from "node:fs";
import { join } from "node:path";
import { AssayError } from "../../operators/index.js";
import { runFiles } from "../execute/run-folder.js";
import type { Run } from "../execute/run-model.js";
import { readFile, writeFolderAtomic } from "../files/disk.js";
import type { Plan } from "../graph/plan.js";
import type { Model } from "../graph/types.js";
import { DIGEST_SIZE, type Digest, type Hasher } from "../merkle/hash.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { parseHex, toHex } from "../receipt/hex.js";
import type { SignedReceipt } from "../receipt/receipt.js";
import type { Id } from "../settlement/state.js";
import { keptRun } from "../verify/kept-run.js";
import { openRun } from "../verify/open-run.js";
import type { KeptRun } from "../verify/run-provider.js";

/** What an executor sealed, and will reveal. */
export interface SealedRun {
  readonly signed: SignedReceipt;
  readonly nonce: Digest;
  /** SHA-256 of the outputs' bytes. */
  readonly outputs: Digest;
}

/** Beside the files of a run folder: nonce and digest of the outputs, in hex. */
const SEAL = "seal.json";

/**
 * The runs of an executor, one folder per job, each whole or not there: a commit is worth nothing
 * without what it sealed.
 */
export class JobStore {
  constructor(
    private readonly folder: string,
    private readonly hasher: Hasher,
  ) {}

  /** Keeps a run; on disk once it returns. Throws `file/write`. */
  write(job: Id, run: Run, nonce: Digest, outputs: Digest): SealedRun {
    const files = runFiles(run);
    const seal = JSON.stringify({ nonce: toHex(nonce), outputs: toHex(outputs) });
    files.set(SEAL, new TextEncoder().encode(`${seal}\n`));
    writeFolderAtomic(this.path(job), files, false);
    return { signed: run.signed, nonce, outputs };
  }

  /** What was sealed for a job, or undefined. Throws `run/incomplete` where it is broken. */
  read(job: Id): SealedRun | undefined {
    const folder = this.path(job);
    if (!existsSync(folder)) return undefined;
    const { signed } = openRun(folder);
    return { signed, ...readSeal(join(folder, SEAL)) };
  }

  /** The run with which a claim is defended. */
  keptRun(job: Id, model: Model, plan: Plan): KeptRun | undefined {
    const folder = this.path(job);
    if (!existsSync(folder)) return undefined;
    const run = openRun(folder);
    const outputs = run.outputs.map((t) => commitTensor(this.hasher, t));
    return keptRun(run, model, outputs, plan);
  }

  private path(job: Id): string {
    return join(this.folder, "jobs", job.slice(2));
  }
}

/** Two digests in hex and what JSON needs around them. */
const MAX_SEAL = 256;

function readSeal(path: string): Pick<SealedRun, "nonce" | "outputs"> {
  const bytes = readFile(path, "sealed run", MAX_SEAL);
  try {
    const { nonce, outputs } = JSON.parse(new TextDecoder().decode(bytes)) as Record<
      string,
      unknown
    >;
    const [n, o] = [nonce, outputs].map((h) => parseHex(String(h), DIGEST_SIZE));
    if (n && o) return { nonce: n, outputs: o };
  } catch {
    // Not JSON: said below like everything else that is wrong with it.
  }
  throw new AssayError("run/incomplete", `${path} does not hold a nonce and a digest`);
}
