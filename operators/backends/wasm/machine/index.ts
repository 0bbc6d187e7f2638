import { AssayError } from "../../../errors.js";
import type { ElementProgram } from "../../../program/types.js";
import type { ConstantBytes, Machine, MachineCall, MachineMemory } from "../../machine.js";
import { wasmContractor } from "../contraction/index.js";
import { compileProgram, unitsOf } from "../index.js";
import { type ConstantPacker, type Contractor, contractionExports } from "./contractor.js";
import { CONTROL, Crew, type WorkerSetup } from "./crew.js";
import { type LoweredCalls, lowerCalls } from "./lower-calls.js";
import { ARENA_BASE } from "./memory-map.js";
import { FAR_WORDS, type Packing, packedSources } from "./packings.js";
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
  /** Packings whose constant was not given yet, by its offset. */
  private awaited = new Map<number, Packing[]>();
  private arenaBytes = 0;
  /** Keeps memory of the packer alive. */
  private held: unknown[] = [];
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

  packs(program: ElementProgram, isConstant: (source: number) => boolean): readonly number[] {
    return packedSources(program, isConstant, this.contractor);
  }

  estimate(
    calls: readonly MachineCall[],
    arenaBytes: number,
    constants?: ConstantBytes,
  ): MachineMemory {
    // What no memory holds cannot even be addressed, so it is not lowered either.
    if (arenaBytes > MAX_PAGES * PAGE) throw tooLarge(arenaBytes);
    const lowered = this.lower(calls, arenaBytes);
    this.estimated = { calls, arenaBytes, lowered };
    const own = lowered.memory.totalBytes + this.threads * workspaceBytes(this.contractor);
    const { packedBytes, sharedBytes } = packedMemory(
      lowered.packings,
      this.contractor.packer,
      constants,
    );
    return { totalBytes: own + packedBytes - sharedBytes, packedBytes, sharedBytes };
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
    const modules = lowered.programs.map(({ program, timeMajor }) =>
      compileProgram(program, { shared: true, timeMajor }),
    );
    const contraction = this.contractor.origin;
    const imports = { env: { memory } };
    const kernels = modules.map(
      (m) => new WebAssembly.Instance(m, imports).exports.run as KernelRun,
    );
    // Before anything is written: the native kernel asks for larger pages.
    const exports = contractionExports(contraction, memory);
    for (const { at, words } of lowered.memory.initial) writeWords(memory, at, words);
    this.lowered = lowered;
    this.memory = memory;
    this.arenaBytes = arenaBytes;
    this.awaited = byOffset(lowered.packings);
    this.runner = new StepRunner(kernels, exports, workspaces[0] as number);
    const control = new SharedArrayBuffer(4 * CONTROL.words);
    const steps = [...lowered.loadSteps, ...lowered.steps];
    const setups = workspaces.slice(1).map((workspace): WorkerSetup => {
      return { control, memory, modules, contraction, steps, workspace };
    });
    this.crew = await Crew.start(setups, control);
  }

  constant(offset: number, bytes: Uint8Array): void {
    this.loaded();
    if (offset < this.arenaBytes) this.bytes(offset, bytes.length).set(bytes);
    for (const packing of this.awaited.get(offset) ?? []) this.pack(packing, bytes, true);
    this.awaited.delete(offset);
  }

  /** Packs what was written into the arena, and copies what is read padded. */
  constantsReady(): void {
    const { loadSteps, packings } = this.loaded();
    for (const [offset, waiting] of this.awaited) {
      for (const packing of waiting) this.pack(packing, this.bytes(offset, packing.bytes), false);
    }
    this.awaited.clear();
    const done = new Set(packings.flatMap(({ steps }) => steps));
    loadSteps.forEach((step, i) => {
      if (!done.has(i)) this.step(i, step);
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
    this.awaited.clear();
    this.held = [];
  }

  /** `given`: the bytes are the constant's own and stay what they are. */
  private pack(packing: Packing, bytes: Uint8Array, given: boolean): void {
    const { request, stagedAt, copied, jobs } = packing;
    const { loadSteps } = this.loaded();
    if (bytes.length !== packing.bytes) {
      throw new AssayError("backend/unavailable", "a constant is not what the program reads");
    }
    const memory = (this.memory as WebAssembly.Memory).buffer;
    if (stagedAt !== undefined) new Uint8Array(memory, stagedAt, bytes.length).set(bytes);
    for (const i of packing.steps) this.step(i, loadSteps[i] as Step);
    const { packer } = this.contractor;
    if (!request || !packer) return;
    const from = copied ? new Uint8Array(memory, copied.at, copied.bytes) : bytes;
    const shared = request.shared && given;
    const { address, held } = packer.pack(from, { ...request, shared }, this.threads);
    this.held.push(held);
    const piece = packer.size(request) / jobs.length;
    const view = new DataView(memory);
    jobs.forEach((job, i) => {
      const at = job + 4 * FAR_WORDS[request.side];
      view.setBigUint64(at, BigInt(address + i * piece), true);
    });
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

function byOffset(packings: readonly Packing[]): Map<number, Packing[]> {
  const found = new Map<number, Packing[]>();
  for (const packing of packings) {
    const others = found.get(packing.offset);
    if (others) others.push(packing);
    else found.set(packing.offset, [packing]);
  }
  return found;
}

/** What a packer will take for these packings, and what of it is there. Equal ones count once. */
function packedMemory(
  packings: readonly Packing[],
  packer: ConstantPacker | undefined,
  constants: ConstantBytes = () => undefined,
): { packedBytes: number; sharedBytes: number } {
  let [packedBytes, sharedBytes] = [0, 0];
  const seen = new Set<string>();
  for (const { request, offset } of packings) {
    if (!request || !packer) continue;
    const name = `${offset} ${request.side} ${request.key}`;
    if (request.shared && seen.has(name)) continue;
    seen.add(name);
    const size = packer.size(request);
    const bytes = constants(offset);
    packedBytes += size;
    if (bytes && packer.knows(bytes, request)) sharedBytes += size;
  }
  return { packedBytes, sharedBytes };
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
