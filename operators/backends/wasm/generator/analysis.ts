import { DTYPES, type RegisterType } from "../../../dtype.js";
import { isFunctionOp, MICRO_OPS } from "../../../program/micro-ops.js";
import type { Guard, KernelBody, KernelInstruction, Linear } from "./kernel.js";
import { type MaskWidth, maskOf, type Truth, yieldsTruth } from "./operand.js";
import type { Schedule } from "./schedule.js";

/**
 * What is known of each register before code is generated: where in the loop nest it can be
 * computed, and whether the lanes of a vector may differ in it.
 */
export interface RegisterInfo {
  readonly type: RegisterType;
  /** Outermost loop in which everything it depends on is known; see `LEVEL`. */
  readonly level: number;
  /** Whether lanes may differ: then it is a vector, else a scalar. */
  readonly varying: boolean;
  /** The width of the lane mask that a varying truth value is kept as. */
  readonly mask: MaskWidth | undefined;
  /** Whether any result depends on it. */
  readonly live: boolean;
  /** For a uniform register: whether vector code uses it, so that it is wanted in all lanes. */
  readonly splat: boolean;
}

/** Levels of the loop nest, outermost first; fold dim d is `LEVEL.fold + d`. */
export const LEVEL = { once: -1, row: 0, chunk: 1, fold: 2 } as const;

export function levelOf(linear: Linear, schedule: Schedule): number {
  for (let d = linear.fold.length - 1; d >= 0; d--) {
    if (linear.fold[d] !== 0n) return LEVEL.fold + d;
  }
  return isVarying(linear, schedule) ? LEVEL.chunk : LEVEL.row;
}

/** Whether a linear form may differ between lanes or chunks. */
export function isVarying(linear: Linear, schedule: Schedule): boolean {
  return linear.out[schedule.lane] !== 0n || linear.out[schedule.across] !== 0n;
}

/** `stateLevel`: where the body sees the state words (the innermost fold dim, or the chunk). */
export function analyse(body: KernelBody, schedule: Schedule, stateLevel: number): RegisterInfo[] {
  const infos: Mutable[] = [];
  for (const i of body.code) {
    infos.push({ ...describe(i, body, infos, schedule, stateLevel), live: false, splat: false });
  }
  markLive(body, infos);
  return infos;
}

type Mutable = { -readonly [K in keyof RegisterInfo]: RegisterInfo[K] };
type Description = Pick<RegisterInfo, "type" | "level" | "varying" | "mask">;

function describe(
  i: KernelInstruction,
  body: KernelBody,
  infos: readonly RegisterInfo[],
  schedule: Schedule,
  stateLevel: number,
): Description {
  switch (i.kind) {
    case "constant":
      return { type: i.value.type, level: LEVEL.once, varying: false, mask: undefined };
    case "state":
      return { type: i.type, level: stateLevel, varying: true, mask: undefined };
    case "coordinate":
      return {
        type: "i64",
        level: levelOf(i.value, schedule),
        varying: isVarying(i.value, schedule),
        mask: undefined,
      };
    case "read": {
      const linears = [i.address, ...i.guards.map((g: Guard) => g.value)];
      const registers = i.registers.map((r) => infos[r.register] as RegisterInfo);
      return {
        type: DTYPES[i.dtype].register,
        level: Math.max(
          ...linears.map((l) => levelOf(l, schedule)),
          ...registers.map((r) => r.level),
        ),
        varying: linears.some((l) => isVarying(l, schedule)) || registers.some((r) => r.varying),
        mask: undefined,
      };
    }
    case "operate": {
      const args = i.args.map((a) => infos[a] as RegisterInfo);
      const varying = args.some((a) => a.varying);
      return {
        type: MICRO_OPS[i.op].result,
        level: Math.max(...args.map((a) => a.level)),
        varying,
        mask: varying
          ? maskOf(
              i.op,
              i.args.map((a) => truthOf(a, body, infos)),
            )
          : undefined,
      };
    }
  }
}

function truthOf(register: number, body: KernelBody, infos: readonly RegisterInfo[]): Truth {
  const i = body.code[register] as KernelInstruction;
  const { mask } = infos[register] as RegisterInfo;
  const isTruth =
    mask !== undefined ||
    (i.kind === "constant" && i.value.bits <= 1n) ||
    (i.kind === "operate" && yieldsTruth(i.op));
  return { mask, isTruth };
}

/** Liveness from the results backwards, and which uniform registers meet vector code. */
function markLive(body: KernelBody, infos: Mutable[]): void {
  for (const r of body.results) {
    const info = infos[r] as Mutable;
    info.live = true;
    info.splat = true;
  }
  for (let r = body.code.length - 1; r >= 0; r--) {
    const i = body.code[r] as KernelInstruction;
    const info = infos[r] as Mutable;
    if (!info.live) continue;
    if (i.kind === "operate") {
      const asVector = info.varying || isFunctionOp(i.op);
      for (const a of i.args) {
        const arg = infos[a] as Mutable;
        arg.live = true;
        if (asVector) arg.splat = true;
      }
    }
    if (i.kind === "read") for (const t of i.registers) (infos[t.register] as Mutable).live = true;
  }
}
