import type { Contractor } from "../machine/contractor.js";
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
  return {
    origin: { kind: "wasm", module: contractionModule() },
    panel: 16,
    tileRows: 2,
    workspaceBytes: workspaceBytes(),
    chunkWork: () => 1 << 18,
    prefersInPlace,
  };
}

/** The contraction kernel's module, compiled once per process. */
function contractionModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(bytesOf(contractionKernel));
  return compiled;
}

let compiled: WebAssembly.Module | undefined;

/** The module states it in a global. */
function workspaceBytes(): number {
  if (workspace === undefined) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const { exports } = new WebAssembly.Instance(contractionModule(), { env: { memory } });
    workspace = (exports.workspaceBytes as WebAssembly.Global).value as number;
  }
  return workspace;
}

let workspace: number | undefined;

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
