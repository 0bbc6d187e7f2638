import { NativeMachine, nativeAddon } from "../../operators/backends/native/index.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { AssayError, InterpreterMachine, type Machine } from "../../operators/index.js";

export type BackendName = "auto" | "native" | "wasm" | "interpreter";

export interface BackendChoice {
  /**
   * `auto` takes the fastest there is: native code where the addon was built, else WebAssembly, and
   * the interpreter only where there is no WebAssembly SIMD.
   */
  readonly backend?: BackendName;
  /** Compute threads; never changes a bit. */
  readonly threads?: number;
}

export function createMachine({ backend = "auto", threads = 1 }: BackendChoice = {}): Machine {
  const chosen = backend === "auto" ? best() : backend;
  const reason = whyNot(chosen);
  if (reason !== undefined) {
    const hint = `use --backend ${best()}`;
    throw new AssayError("backend/unavailable", `no ${chosen} backend here: ${reason}`, { hint });
  }
  if (chosen === "native") return new NativeMachine(threads);
  return chosen === "wasm" ? new WasmMachine(threads) : new InterpreterMachine();
}

/** The fastest first. */
export const BACKENDS = ["native", "wasm", "interpreter"] as const;

function best(): Machine["name"] {
  return BACKENDS.find((name) => whyNot(name) === undefined) ?? "interpreter";
}

/** Why a backend does not work here, or nothing where it does. */
export function whyNot(backend: Machine["name"]): string | undefined {
  if (backend === "interpreter") return undefined;
  // The native machine has its maps and folds in WebAssembly too.
  if (!hasWasmSimd()) return "this engine has no WebAssembly SIMD with threads";
  if (backend === "wasm") return undefined;
  const native = nativeAddon();
  return "reason" in native ? native.reason : undefined;
}

/** A module whose only function is `v128.const; drop`: valid exactly where SIMD is. */
const SIMD_PROBE = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 253, 12, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 26, 11,
]);

function hasWasmSimd(): boolean {
  return (
    typeof WebAssembly === "object" &&
    typeof SharedArrayBuffer === "function" &&
    WebAssembly.validate(SIMD_PROBE)
  );
}
