import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Tensor } from "../../operators/index.js";
import type { Case } from "./cases.js";

/** Results of every case in order; nothing where a runtime does not have the operator. */
export type Results = readonly (Float32Array | undefined)[];

export interface Settings {
  readonly threads: number;
  /** Whether cases that are too large for an emulator run too. */
  readonly large: boolean;
  /** A processor that qemu emulates instead of the one that is here. */
  readonly cpu?: string;
}

const HERE = dirname(fileURLToPath(import.meta.url));
const QEMU = "/usr/bin/qemu-x86_64-static";

/** Whether older processors can be emulated here. */
export const canEmulate = (): boolean => existsSync(QEMU);

/** Version of the emulator. */
export const emulatorVersion = (): string => firstLine(QEMU, ["--version"]);

/** Runs one runtime in a process of its own. */
export function runElsewhere(runtime: string, { threads, large, cpu }: Settings): Results {
  const folder = mkdtempSync(join(tmpdir(), "assay-reproducibility-"));
  try {
    const file = join(folder, "results");
    const worker = [join(HERE, "worker.ts"), runtime, String(threads), large ? "1" : "0", file];
    const node = [process.execPath, "--import", "tsx", ...worker];
    const [command = "", ...args] = cpu === undefined ? node : [QEMU, "-cpu", cpu, ...node];
    const done = spawnSync(command, args, { encoding: "utf8" });
    if (done.status !== 0) throw new Error(`${runtime}: ${done.stderr.slice(-2000)}`);
    return parsed(new Uint8Array(readFileSync(file)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function parsed(bytes: Uint8Array): Results {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const results: (Float32Array | undefined)[] = [];
  for (let at = 0; at < bytes.length; ) {
    const count = view.getInt32(at, true);
    at += 4;
    results.push(count < 0 ? undefined : new Float32Array(bytes.slice(at, at + 4 * count).buffer));
    at += 4 * Math.max(0, count);
  }
  return results;
}

/** A plain BLAS: built where there is a compiler and the library, else nothing. */
export class OpenBlas {
  private constructor(
    private readonly program: string,
    private readonly folder: string,
  ) {}

  static build(): OpenBlas | undefined {
    const folder = mkdtempSync(join(tmpdir(), "assay-openblas-"));
    const program = join(folder, "openblas");
    const source = join(HERE, "openblas.c");
    const built = spawnSync("cc", ["-O2", source, "-o", program, "-lopenblas"], {
      stdio: "ignore",
    });
    if (built.status === 0) return new OpenBlas(program, folder);
    rmSync(folder, { recursive: true });
    return undefined;
  }

  /** Version and the kernels that are taken, under an OPENBLAS_CORETYPE. */
  about(core = ""): string {
    return firstLine(this.program, ["--about"], { OPENBLAS_CORETYPE: core });
  }

  /** Products of matrices; a batch is one product after another. */
  run(cases: readonly Case[], threads: number, core = ""): Results {
    return cases.map((c) => {
      if (c.column !== "MatMul") return undefined;
      const [a, b] = c.operands.map((o) => o.tensor) as [Tensor, Tensor];
      const done = spawnSync(this.program, {
        input: Buffer.concat(productsOf(a, b)),
        env: environment({ OPENBLAS_NUM_THREADS: String(threads), OPENBLAS_CORETYPE: core }),
        maxBuffer: 2 ** 26,
      });
      if (done.status !== 0) throw new Error("the OpenBLAS program failed");
      return new Float32Array(Uint8Array.from(done.stdout).buffer);
    });
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}

function productsOf(a: Tensor, b: Tensor): Uint8Array[] {
  const [m, k, n] = [a.dims.at(-2), a.dims.at(-1), b.dims.at(-1)] as [number, number, number];
  const count = a.dims.length === 3 ? (a.dims[0] as number) : 1;
  const slice = (t: Tensor, i: number, size: number): Uint8Array =>
    t.bytes.subarray(4 * i * size, 4 * (i + 1) * size);
  const sizes = new Uint8Array(Int32Array.of(m, k, n).buffer);
  return Array.from({ length: count }, (_, i) => [
    sizes,
    slice(a, i, m * k),
    slice(b, i, k * n),
  ]).flat();
}

function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const set = Object.entries(more).filter(([, value]) => value !== "");
  return { ...process.env, ...Object.fromEntries(set) };
}

function firstLine(command: string, args: string[], env: Record<string, string> = {}): string {
  const done = spawnSync(command, args, { encoding: "utf8", env: environment(env) });
  return done.stdout?.split("\n")[0]?.trim() ?? "";
}
