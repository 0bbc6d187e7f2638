import type { Contractor } from "../machine/contractor.js";
import { contractionKernel } from "./kernel.wasm.js";

/** The kernel as a machine takes it. */
export function wasmContractor(): Contractor {
  return {
    origin: { kind: "wasm", module: contractionModule() },
    panel: 16,
    tileRows: 2,
    workspaceBytes: workspaceBytes(),
    chunkWork: 1 << 18,
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
