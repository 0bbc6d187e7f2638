import { elementCount } from "../../dtype.js";
import { AssayError } from "../../errors.js";
import { programBytes } from "../../program/bytes.js";
import type { ElementProgram } from "../../program/types.js";
import { byteLength, emptyTensor, type Tensor } from "../../tensor.js";
import { type GenerateOptions, generate } from "./generator/module.js";

export { generateModule, unitsOf } from "./generator/module.js";

/** A program compiled for this machine; `module` can be posted to threads. */
export interface CompiledProgram {
  readonly module: WebAssembly.Module;
  /** Work that a range `begin ≤ unit < end` divides. */
  readonly units: number;
  /** Fewest units worth a thread's attention. */
  readonly grain: number;
  /** Binds the module to a memory, of the kind (shared or not) it was compiled for. */
  instantiate(memory: WebAssembly.Memory): Kernel;
}

/**
 * Computes units begin … end − 1 of the output at byte address `out` from sources at their byte
 * addresses. The output must not overlap a source.
 */
export type Kernel = (out: number, sources: readonly number[], begin: number, end: number) => void;

/** Instantiates a generated module, here or in a thread that it was posted to. */
export function instantiateKernel(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const run = instance.exports.run as (...args: number[]) => void;
  return (out, sources, begin, end) => run(out, ...sources, begin, end);
}

/**
 * The WebAssembly backend: generated modules, cached by the canonical bytes of their programs, the
 * least recently used ones dropped. Never falls back: what cannot be generated throws
 * `backend/unavailable`.
 */
export class WasmBackend {
  private readonly compiled = new Map<string, CompiledProgram>();
  private memory: WebAssembly.Memory | undefined;

  constructor(private readonly options: GenerateOptions & { readonly cacheSize?: number } = {}) {}

  compile(program: ElementProgram): CompiledProgram {
    const key = keyOf(programBytes(program));
    const known = this.compiled.get(key);
    const compiled = known ?? compile(program, this.options);
    // Insertion order is order of use.
    this.compiled.delete(key);
    this.compiled.set(key, compiled);
    if (this.compiled.size > (this.options.cacheSize ?? 512)) {
      this.compiled.delete(this.compiled.keys().next().value as string);
    }
    return compiled;
  }

  /** Runs a program over whole tensors, copied into and out of a memory of the backend's own. */
  run(program: ElementProgram, sources: readonly Tensor[], into?: Tensor): Tensor {
    const result = into ?? emptyTensor(program.dtype, program.out);
    checkTensors(program, sources, result);
    const compiled = this.compile(program);
    const places = placesOf([result, ...sources]);
    const memory = this.reserve(places.end);
    const bytes = new Uint8Array(memory.buffer);
    sources.forEach((t, i) => {
      bytes.set(t.bytes, places.at[i + 1] as number);
    });
    const [out, ...rest] = places.at as [number, ...number[]];
    compiled.instantiate(memory)(out, rest, 0, compiled.units);
    result.bytes.set(bytes.subarray(out, out + result.bytes.length));
    return result;
  }

  private reserve(bytes: number): WebAssembly.Memory {
    const pages = Math.ceil(bytes / PAGE) + 1;
    if (pages > MAX_PAGES) {
      throw new AssayError("backend/unavailable", `${bytes} bytes exceed a WebAssembly memory`);
    }
    const shared = this.options.shared ?? false;
    this.memory ??= new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared });
    const missing = pages - this.memory.buffer.byteLength / PAGE;
    if (missing > 0) this.memory.grow(missing);
    return this.memory;
  }
}

const PAGE = 65536;
const MAX_PAGES = 65536;

/** A program's module for a memory shared between threads, unless `options` say otherwise. */
export function compileProgram(
  program: ElementProgram,
  options: GenerateOptions = { shared: true },
): WebAssembly.Module {
  return compile(program, options).module;
}

function compile(program: ElementProgram, options: GenerateOptions): CompiledProgram {
  if (typeof WebAssembly === "undefined") {
    throw new AssayError("backend/unavailable", "there is no WebAssembly here");
  }
  const { bytes, units, grain } = generate(program, options);
  const module = compileBytes(bytes);
  return { module, units, grain, instantiate: (memory) => instantiateKernel(module, memory) };
}

function compileBytes(bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    throw new AssayError("backend/unavailable", "the engine refuses a generated module", {
      cause,
      hint: "SIMD is needed: Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or newer.",
    });
  }
}

function checkTensors(program: ElementProgram, sources: readonly Tensor[], out: Tensor): void {
  program.sources.forEach((s, i) => {
    const given = sources[i];
    if (given && given.dtype === s.dtype && elementCount(given.dims) === s.length) return;
    throw new AssayError(
      "program/invalid",
      `source ${i} is not ${s.dtype} of ${s.length} elements`,
    );
  });
  if (out.bytes.length !== byteLength({ dtype: program.dtype, dims: program.out })) {
    throw new AssayError("program/invalid", "the output tensor does not fit the program");
  }
}

/** Addresses of tensors one behind the other, 16-byte aligned, the first page left free. */
function placesOf(tensors: readonly Tensor[]): { at: number[]; end: number } {
  const at: number[] = [];
  let end = PAGE;
  for (const t of tensors) {
    at.push(end);
    end += Math.ceil(t.bytes.length / 16) * 16;
  }
  return { at, end };
}

/** Program bytes as a map key. */
function keyOf(bytes: Uint8Array): string {
  let key = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    key += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return key;
}
