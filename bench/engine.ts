import { setFlagsFromString } from "node:v8";

/**
 * Has V8 compile WebAssembly with its optimising compiler at once, for every runtime alike; to be
 * called before any module is compiled. By default code starts unoptimised and is replaced while it
 * runs: after any length of warm-up, sessions of onnxruntime-web were seen to stay at a quarter or
 * half of their speed (128×768×768: 27 GFLOP/s in most sessions, 7 to 15 in some; 29 in all with
 * these flags). Peers are to be measured at their best.
 */
export function optimiseWebAssembly(): void {
  setFlagsFromString("--no-liftoff");
  setFlagsFromString("--no-wasm-dynamic-tiering");
}
