import { AssayError } from "../../../errors.js";
import type { Machine, MachineCall } from "../../machine.js";
import { wasmContractor } from "../contraction/index.js";
import { compileProgram, unitsOf } from "../index.js";
import { type Contractor, contractionExports } from "./contractor.js";
import { CONTROL, Crew, type WorkerSetup } from "./crew.js";
import { type LoweredCalls, lowerCalls } from "./lower-calls.js";
import { ARENA_BASE } from "./memory-map.js";
import { type KernelRun, type Step, StepRunner } from "./steps.js";

const PAGE = 65536;
/** All modules are compiled for a memory of at most this many pages: 4 GiB. */
const MAX_PAGES = 65536;

/**
 * The WebAssembly machine: one shared memory, generated code for maps and folds, the contraction
 * kernel for matrix products, and as many threads as asked for.
 */
export class WasmMachine implements Machine {
  readonly name: Machine["name"] = "wasm";
  private lowered: LoweredCalls | undefined;
  private memory: WebAssembly.Memory | undefined;
  private runner: StepRunner | undefined;
  private crew: Crew | undefined;
  /** What `estimate` lowered for the `load` that follows: lowering is half the work of loading. */
  private estimated:
    | {
        readonly calls: readonly MachineCall[];
        readonly arenaBytes: number;
        readonly lowered: LoweredCalls;
      }
    | undefined;

  constructor(
    private readonly threads = 1,
    private readonly contractor: Contractor = wasmContractor(),
  ) {
    if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
      throw new AssayError("usage", `the number of threads is 1 to 64, got ${threads}`);
    }
  }

  estimate(calls: readonly MachineCall[], arenaBytes: number): number {
    // What no memory holds cannot even be addressed, so it is not lowered either.
    if (arenaBytes > MAX_PAGES * PAGE) throw tooLarge(arenaBytes);
    const lowered = this.lower(calls, arenaBytes);
    this.estimated = { calls, arenaBytes, lowered };
    return lowered.memory.totalBytes + this.threads * workspaceBytes(this.contractor);
  }

  async load(calls: readonly MachineCall[], arenaBytes: number): Promise<void> {
    const { estimated } = this;
    this.estimated = undefined;
    const lowered =
      estimated?.calls === calls && estimated.arenaBytes === arenaBytes
        ? estimated.lowered
        : this.lower(calls, arenaBytes);
    const workspaces = Array.from({ length: this.threads }, () =>
      lowered.memory.reserve(workspaceBytes(this.contractor)),
    );
    const memory = allocate(lowered.memory.totalBytes);
    for (const { at, words } of lowered.memory.initial) writeWords(memory, at, words);
    const modules = lowered.programs.map(({ program, timeMajor }) =>
      compileProgram(program, { shared: true, timeMajor }),
    );
    const contraction = this.contractor.origin;
    const imports = { env: { memory } };
    const kernels = modules.map(
      (m) => new WebAssembly.Instance(m, imports).exports.run as KernelRun,
    );
    const exports = contractionExports(contraction, memory);
    this.lowered = lowered;
    this.memory = memory;
    this.runner = new StepRunner(kernels, exports, workspaces[0] as number);
    const control = new SharedArrayBuffer(4 * CONTROL.words);
    const steps = [...lowered.loadSteps, ...lowered.steps];
    const setups = workspaces.slice(1).map((workspace): WorkerSetup => {
      return { control, memory, modules, contraction, steps, workspace };
    });
    this.crew = await Crew.start(setups, control);
  }

  /** Packs constants; called when their bytes are in place, before the first run. */
  constantsReady(): void {
    const { loadSteps } = this.loaded();
    loadSteps.forEach((step, i) => {
      this.step(i, step);
    });
  }

  bytes(offset: number, length: number): Uint8Array {
    this.loaded();
    return new Uint8Array((this.memory as WebAssembly.Memory).buffer, ARENA_BASE + offset, length);
  }

  run(first: number, end: number): void {
    const { loadSteps, steps, stepsOf } = this.loaded();
    for (let i = stepsOf[first] as number; i < (stepsOf[end] as number); i++) {
      this.step(loadSteps.length + i, steps[i] as Step);
    }
  }

  async close(): Promise<void> {
    await this.crew?.close();
    this.lowered = undefined;
    this.memory = undefined;
    this.runner = undefined;
    this.crew = undefined;
  }

  private lower(calls: readonly MachineCall[], arenaBytes: number): LoweredCalls {
    return lowerCalls(calls, arenaBytes, this.threads, unitsOf, this.contractor);
  }

  private step(index: number, step: Step): void {
    (this.crew as Crew).run(index, step, this.runner as StepRunner);
  }

  private loaded(): LoweredCalls {
    if (!this.lowered) throw new AssayError("backend/unavailable", "the machine is not loaded");
    return this.lowered;
  }
}

/** One place serves both kinds of products. */
function workspaceBytes({ workspaceBytes, integers }: Contractor): number {
  return Math.max(workspaceBytes, integers.workspaceBytes);
}

function allocate(bytes: number): WebAssembly.Memory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE));
  if (pages > MAX_PAGES) throw tooLarge(bytes);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true });
  } catch (cause) {
    throw tooLarge(bytes, cause);
  }
}

function tooLarge(bytes: number, cause?: unknown): AssayError {
  return new AssayError(
    "model/too-large",
    `WebAssembly memory of ${bytes} bytes is not to be had`,
    {
      hint: "WebAssembly memory ends at 4 GiB; use smaller inputs or a smaller model",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** WebAssembly memory is little endian on every host. */
function writeWords(memory: WebAssembly.Memory, at: number, words: Int32Array | Uint32Array): void {
  const view = new DataView(memory.buffer);
  for (let i = 0; i < words.length; i++) view.setUint32(at + 4 * i, words[i] as number, true);
}
