import type { FunctionBody, Local } from "../function-body.js";
import type { RegisterInfo } from "./analysis.js";
import type { KernelBody, KernelInstruction } from "./kernel.js";
import { LANE_SHAPES, pushLanes, vectorLocals } from "./lanes.js";
import type { Operand } from "./operand.js";

/** State words as vectors: `[word][chunk][half]`. */
export type StateLocals = readonly (readonly (readonly Local[])[])[];

/** Where the registers of a body live: a scalar local if uniform, vectors per chunk if varying. */
export class Registers {
  private readonly scalars = new Map<number, Local>();
  private readonly vectors = new Map<string, Local[]>();

  constructor(
    private readonly f: FunctionBody,
    readonly body: KernelBody,
    readonly infos: readonly RegisterInfo[],
    private readonly state: StateLocals,
  ) {}

  info(register: number): RegisterInfo {
    return this.infos[register] as RegisterInfo;
  }

  private instruction(register: number): KernelInstruction {
    return this.body.code[register] as KernelInstruction;
  }

  /** The local of a uniform register. */
  scalar(register: number): Local {
    let local = this.scalars.get(register);
    if (local === undefined) {
      local = this.f.local(this.info(register).type);
      this.scalars.set(register, local);
    }
    return local;
  }

  /** The vectors of a register in a chunk; chunks share those of a uniform one. */
  vector(register: number, chunk: number): readonly Local[] {
    const i = this.instruction(register);
    if (i.kind === "state") return this.state[i.index]?.[chunk] as readonly Local[];
    const info = this.info(register);
    const key = info.varying ? `${register}:${chunk}` : `${register}`;
    let locals = this.vectors.get(key);
    if (!locals) {
      locals = vectorLocals(this.f, info.mask === 64 ? "i64" : info.type);
      this.vectors.set(key, locals);
    }
    return locals;
  }

  operand(register: number, chunk: number): Operand {
    const i = this.instruction(register);
    const { type, mask, varying } = this.info(register);
    if (i.kind === "constant") {
      const { bits } = i.value;
      const width = LANE_SHAPES[type].halves === 1 ? 32 : 64;
      const push = (): void => pushLanes(this.f, width, [bits]);
      return { type, register, mask, push, scalar: this.scalar(register), literal: bits };
    }
    const push = (h: number): void => {
      this.f.get(this.vector(register, chunk)[h] as Local);
    };
    if (!varying) return { type, register, mask, push, scalar: this.scalar(register) };
    const isLess = i.kind === "operate" && (i.op === "f32.lt" || i.op === "f64.lt");
    return { type, register, mask, push, ...(isLess ? { less: i.args } : {}) };
  }

  /** Spreads a uniform register that has just been computed to all lanes, if vector code uses it. */
  spread(register: number): void {
    const { type, splat } = this.info(register);
    if (!splat) return;
    this.f.get(this.scalar(register)).op(LANE_SHAPES[type].splat);
    const [first, ...rest] = this.vector(register, 0);
    for (const local of rest) this.f.tee(local);
    this.f.set(first as Local);
  }
}
