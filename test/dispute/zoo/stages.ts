import { interpret, interpretScan } from "../../../operators/backends/interpreter/index.js";
import { readerOf, writerOf } from "../../../operators/backends/interpreter/storage.js";
import {
  DTYPES,
  type DType,
  elementCount,
  emptyTensor,
  firstNonCanonical,
  type Lowering,
  type Tensor,
} from "../../../operators/index.js";

/** An element of a stage that a run gets wrong, on which everything later builds. */
export interface WrongElement {
  readonly stage?: number | undefined;
  readonly element?: number | undefined;
  readonly bytes?: readonly number[] | undefined;
}

/** All stages of an operator in the interpreter, with elements made wrong as they are written. */
export function runStagesWith(
  { stages, scan }: Lowering,
  inputs: readonly (Tensor | undefined)[],
  wrong: readonly WrongElement[],
): Tensor[] {
  const results = stages.map(({ program }) => emptyTensor(program.dtype, program.out));
  const members = stages.map(({ program, sources }, s) => {
    const result = results[s] as Tensor;
    const store = writerOf(program.dtype, result.bytes);
    const readers = sources.map((from) => {
      const tensor = from.kind === "input" ? inputs[from.index] : results[from.index];
      if (!tensor) throw new Error(`stage "${stages[s]?.name}" reads a missing input`);
      return readerOf(tensor.dtype, tensor.bytes);
    });
    const write = (i: number, value: number | bigint): void => {
      store(i, value);
      const lie = wrong.find((w) => w.stage === s && (w.element ?? 0) === i);
      if (lie) corruptElement(program.dtype, result.bytes, i, lie.bytes);
    };
    return { program, readers, write };
  });
  members.forEach(({ program, readers, write }, s) => {
    if (scan && s >= scan.first && s < scan.end) {
      if (s === scan.first) interpretScan(scan.steps, members.slice(scan.first, scan.end));
      return;
    }
    const run = interpret(program, readers);
    for (let i = 0; i < elementCount(program.out); i++) write(i, run.element(i));
  });
  return results;
}

/** Another canonical value in place of an element, or the given bytes, canonical or not. */
export function corruptElement(
  dtype: DType,
  all: Uint8Array,
  element: number,
  given?: readonly number[],
): void {
  const { size } = DTYPES[dtype];
  const at = all.subarray(element * size, (element + 1) * size);
  if (given) return at.set(given);
  const flipped = at.slice();
  const place = Math.max(0, size - 2);
  flipped[place] = (flipped[place] as number) ^ (dtype === "bool" ? 1 : 0x40);
  // A NaN or an infinity with another mantissa is no canonical value: +0 instead.
  at.set(firstNonCanonical(dtype, flipped) < 0 ? flipped : new Uint8Array(size));
}
