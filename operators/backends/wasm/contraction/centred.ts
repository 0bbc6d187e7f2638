import { DTYPES, elementCount } from "../../../dtype.js";
import { literal } from "../../../program/literal.js";
import type { ElementProgram, IndexExpression } from "../../../program/types.js";
import type { Call } from "../../machine.js";

/**
 * Where a convolution pads, its operand has been centred before: a map stored x − z as i16, so that
 * padding is 0. Products of bytes take twice as many lanes as those of i16, so what the map stored is
 * turned back into bytes while it is padded: z there, and x elsewhere.
 */
export interface Centred {
  readonly dtype: "u8" | "i8";
  /** Address of z, one element. */
  readonly zeroAt: number;
}

/** What `before` centred, if its result lies at `offset` and its zero point outlives `call`. */
export function centredOf(
  before: Call | undefined,
  offset: number,
  call: Call,
): Centred | undefined {
  if (before?.out !== offset || before.program.dtype !== "i16") return undefined;
  const { program, sources } = before;
  const { code, results } = program.finish;
  const difference = code[results[0] as number];
  if (program.fold.length > 0 || difference?.kind !== "operate" || difference.op !== "i32.sub") {
    return undefined;
  }
  const [x, z] = difference.args.map((at) => code[at]);
  if (x?.kind !== "read" || z?.kind !== "read" || elementCount(z.view) !== 1) return undefined;
  if (
    z.index.some((i) => i.constant !== 0 || i.registers.length > 0 || i.out.some((c) => c !== 0))
  ) {
    return undefined;
  }
  const dtype = program.sources[z.source]?.dtype;
  if ((dtype !== "u8" && dtype !== "i8") || program.sources[x.source]?.dtype !== dtype) {
    return undefined;
  }
  if (x.pad.bits !== 0n) return undefined;
  const zeroAt = (sources[z.source] as Call["sources"][number]).offset;
  const written = DTYPES[call.program.dtype].size * elementCount(call.program.out);
  const survives = zeroAt < call.out || zeroAt >= call.out + written;
  return survives ? { dtype, zeroAt } : undefined;
}

/** The padded copy of an i16 with its zero point, the second source, added again. */
export function centredCopy(copy: ElementProgram, dtype: Centred["dtype"]): ElementProgram {
  const [read] = copy.finish.code;
  if (!read) return copy;
  const index: IndexExpression[] = [];
  const zero = { kind: "read", source: 1, view: [], index, pad: literal("i32", 0) } as const;
  const sum = { kind: "operate", op: "i32.add", args: [0, 1] } as const;
  return {
    ...copy,
    sources: [...copy.sources, { dtype, length: 1 }],
    finish: { code: [read, zero, sum], results: [2] },
  };
}
