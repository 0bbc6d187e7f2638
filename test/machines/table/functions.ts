import { Random } from "../../../fixtures/builders/random.js";
import { buildProgram, emptyTensor, o, type Tensor } from "../../../operators/index.js";
import type { FunctionOp } from "../../../operators/program/micro-ops.js";
import { SCALAR_FUNCTIONS } from "../../../operators/scalar/functions/index.js";
import type { Workload } from "./workload.js";

/** Bit patterns per function: every one of the 65536 upper halves would be 16 times as many. */
const PATTERNS = 4096;

/** The scalar functions over a fixed pseudo-random set: f32 bit patterns, all of them equally likely. */
export function functionWorkloads(): Workload[] {
  return (Object.keys(SCALAR_FUNCTIONS) as FunctionOp[]).map((op) => {
    const arity = SCALAR_FUNCTIONS[op].parameters.length;
    const inputs = Array.from({ length: arity }, (_, i) => patterns(i));
    const views = inputs.map(({ dtype, dims }, source) => ({ source, dtype, dims }));
    const program = buildProgram({
      sources: inputs,
      dtype: "f32",
      out: [PATTERNS],
      finish: (b) => b.op(op, ...views.map((v) => b.read(v, [o(0)]))),
    });
    const sources = inputs.map((_, index) => ({ kind: "input" as const, index }));
    return {
      row: "functions",
      name: op,
      stages: [{ name: "output", program, sources }],
      inputs,
      constant: false,
    };
  });
}

/**
 * Random upper bits reach every sign and exponent; half of the arguments lie between 2^−16 and 2^16,
 * where functions do something. NaNs are as they are drawn: what reads them makes them canonical.
 */
function patterns(stream: number): Tensor {
  const random = new Random(0x7ab1e, stream);
  const tensor = emptyTensor("f32", [PATTERNS]);
  const view = new DataView(tensor.bytes.buffer);
  for (let i = 0; i < PATTERNS; i++) {
    const bits = random.u32();
    const moderate = (bits & 0x807fffff) | ((111 + ((bits >>> 23) & 31)) << 23);
    view.setUint32(4 * i, i % 2 === 0 ? bits : moderate >>> 0, true);
  }
  return tensor;
}
