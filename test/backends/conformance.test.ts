import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WasmBackend } from "../../operators/backends/wasm/index.js";
import {
  bytesEqual,
  type ElementProgram,
  elementCount,
  runProgram,
  type Tensor,
} from "../../operators/index.js";
import { describeProgram, difference, expectSameBytes, programBackends } from "./conformance.js";
import { edgeTensor } from "./edge-tensors.js";
import { randomProgram } from "./random-program.js";
import { runTight } from "./tight-memory.js";

/**
 * Random programs on every backend, bytes compared with the interpreter. The seed is fixed so that
 * a run can be repeated; ASSAY_FUZZ_RUNS and ASSAY_FUZZ_SEED look further.
 */
const RUNS = Number(process.env.ASSAY_FUZZ_RUNS ?? 700);
const SEED = Number(process.env.ASSAY_FUZZ_SEED ?? 20240229);

function sourcesOf(program: ElementProgram, seed: number): Tensor[] {
  return program.sources.map((s, i) => edgeTensor(s.dtype, [s.length], seed + i));
}

describe.each(programBackends())("$name", (backend) => {
  it("gives the interpreter's bytes for random programs", () => {
    let elements = 0;
    fc.assert(
      fc.property(fc.gen(), fc.nat(), (draw, seed) => {
        const program = randomProgram(draw);
        elements += elementCount(program.out);
        expectSameBytes(backend, program, sourcesOf(program, seed));
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect(elements).toBeGreaterThan(RUNS);
  });
});

describe("generated kernels", () => {
  const backend = new WasmBackend();
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 65536 });

  it("touch nothing but their tensors, whatever the pieces of the range", () => {
    fc.assert(
      fc.property(fc.gen(), fc.nat(), (draw, seed) => {
        const program = randomProgram(draw);
        const sources = sourcesOf(program, seed);
        const want = runProgram(program, sources);
        const got = runTight(backend, program, sources, seed, memory);
        if (!bytesEqual(got.bytes, want.bytes)) {
          expect.fail(
            `${difference(want, { ...want, bytes: got.bytes })}\n${describeProgram(program)}`,
          );
        }
        expect(got.untouched).toBe(true);
      }),
      { numRuns: RUNS, seed: SEED + 1 },
    );
  });

  it("address all of a 4 GiB memory", ({ skip }) => {
    const high = highMemory();
    if (!high) return skip("4 GiB of address space are not to be had here");
    fc.assert(
      fc.property(fc.gen(), fc.nat(), (draw, seed) => {
        const program = randomProgram(draw);
        const sources = sourcesOf(program, seed);
        const want = runProgram(program, sources);
        const got = runTight(backend, program, sources, seed, high);
        expect(bytesEqual(got.bytes, want.bytes)).toBe(true);
        expect(got.untouched).toBe(true);
      }),
      { numRuns: Math.ceil(RUNS / 4), seed: SEED + 2 },
    );
  });
});

/** A memory of 65536 pages, of which only the touched ones take space. */
function highMemory(): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: 65536, maximum: 65536 });
  } catch {
    return undefined;
  }
}
