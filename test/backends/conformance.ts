import { expect } from "vitest";
import { WasmBackend } from "../../operators/backends/wasm/index.js";
import { bytesEqual, type ElementProgram, runProgram, type Tensor } from "../../operators/index.js";

/** A backend that runs whole programs; the interpreter is what all of them are compared with. */
export interface ProgramBackend {
  readonly name: string;
  run(program: ElementProgram, sources: readonly Tensor[]): Tensor;
}

/** Every backend, each called directly: none may hand a program on to another. */
export function programBackends(): ProgramBackend[] {
  const alone = new WasmBackend();
  const shared = new WasmBackend({ shared: true });
  return [
    { name: "wasm", run: (p, s) => alone.run(p, s) },
    { name: "wasm, shared memory", run: (p, s) => shared.run(p, s) },
  ];
}

/** Runs a program on a backend and on the interpreter and compares bytes. */
export function expectSameBytes(
  backend: ProgramBackend,
  program: ElementProgram,
  sources: readonly Tensor[],
  want: Tensor = runProgram(program, sources),
): Tensor {
  const got = backend.run(program, sources);
  if (!bytesEqual(got.bytes, want.bytes)) {
    expect.fail(`${backend.name} differs: ${difference(want, got)}\n${describeProgram(program)}`);
  }
  return want;
}

export function difference(want: Tensor, got: Tensor): string {
  const size = want.bytes.length / Math.max(1, elements(want));
  const at = want.bytes.findIndex((b, i) => b !== got.bytes[i]);
  const element = Math.floor(at / size);
  const hex = (t: Tensor): string =>
    [...t.bytes.subarray(element * size, (element + 1) * size)]
      .reverse()
      .map((b) => b.toString(16).padStart(2, "0"))
      .join("");
  return `element ${element} of ${elements(want)} is ${hex(got)}, the interpreter has ${hex(want)}`;
}

const elements = (t: Tensor): number => t.dims.reduce((n, d) => n * d, 1);

/** The program as JSON, so that a failure can be made a fixture. */
export function describeProgram(program: ElementProgram): string {
  return JSON.stringify(program, (_, v) => (typeof v === "bigint" ? `0x${v.toString(16)}` : v));
}
