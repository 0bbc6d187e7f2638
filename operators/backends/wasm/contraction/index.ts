import type { Contractor } from "../machine/contractor.js";
import { integerKernel } from "./integer-kernel.wasm.js";
import { contractionKernel } from "./kernel.wasm.js";

/** Elements of a column operand above which reading it once from memory is what counts. */
const LARGE_OPERAND = 1 << 20;

/**
 * For few rows packing would not pay: up to 16 where the operand is large (8x4096x4096: 23 GFLOP/s
 * against 15); a small one is in the cache and better packed (16x128x3025: 33 against 40).
 */
function prefersInPlace(rows: number, columns: number, depth: number): boolean {
  return rows <= (depth * columns >= LARGE_OPERAND ? 16 : 4) && columns >= 64;
}

/** The kernel as a machine takes it. */
export function wasmContractor(): Contractor {
  compiled ??= { f32: kernelOf(contractionKernel), integers: kernelOf(integerKernel) };
  const { f32, integers } = compiled;
  const cutting = { panel: 16, tileRows: 2 };
  return {
    origin: { kind: "wasm", module: f32.module, integers: integers.module },
    ...cutting,
    workspaceBytes: f32.workspaceBytes,
    chunkWork: () => 1 << 18,
    prefersInPlace,
    integers: {
      ...cutting,
      workspaceBytes: integers.workspaceBytes,
      chunkWork: () => 1 << 19,
      quads: false,
    },
  };
}

/** Both modules, compiled once per process. */
let compiled: { readonly f32: Kernel; readonly integers: Kernel } | undefined;

interface Kernel {
  readonly module: WebAssembly.Module;
  readonly workspaceBytes: number;
}

/** A kernel states what it needs in a global. */
function kernelOf(base64: string): Kernel {
  const module = new WebAssembly.Module(bytesOf(base64));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { module, workspaceBytes: (exports.workspaceBytes as WebAssembly.Global).value as number };
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
