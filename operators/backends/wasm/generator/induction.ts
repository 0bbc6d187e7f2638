import type { FunctionBody, Local } from "../function-body.js";
import type { Linear } from "./kernel.js";
import type { Schedule } from "./schedule.js";

/**
 * Scalars that are affine in the loop coordinates (addresses, guarded values, coordinates), kept
 * up to date by additions as the loops advance instead of being computed anew.
 */
export interface Variable {
  readonly width: "i32" | "i64";
  /** Pointer added to the value, for addresses. */
  readonly base: Local | undefined;
  readonly constant: bigint;
  readonly outer: readonly bigint[];
  /** Change per lane. */
  readonly lane: bigint;
  /** Change per chunk. */
  readonly chunk: bigint;
  readonly fold: readonly bigint[];
  /** Locals of the enclosing loops, the current one last. */
  readonly scopes: Local[];
}

export interface VariableRequest {
  readonly width: "i32" | "i64";
  readonly linear: Linear;
  /** Factor of the whole linear form: the size of an element in bytes. */
  readonly scale?: bigint;
  readonly base?: Local;
}

/** Change of a linear form from one chunk to the next. */
export function chunkDistance(linear: Linear, schedule: Schedule): bigint {
  const { lane, across } = schedule;
  return (linear.out[across] as bigint) * (across === lane ? 4n : 1n);
}

export class Induction {
  private readonly variables = new Map<string, Variable>();

  constructor(
    private readonly f: FunctionBody,
    private readonly schedule: Schedule,
    /** Coordinates along the outer dims, i32. */
    private readonly coordinates: readonly Local[],
  ) {}

  /** Declares a variable, before the loops are opened; equal requests share one. */
  declare(request: VariableRequest): Variable {
    const { width, linear, scale = 1n, base } = request;
    const bits = width === "i32" ? 32 : 64;
    const scaled = (c: bigint): bigint => BigInt.asIntN(bits, c * scale);
    const variable: Variable = {
      width,
      base,
      constant: scaled(linear.constant),
      outer: this.schedule.outer.map((d) => scaled(linear.out[d.dim] as bigint)),
      lane: scale * (linear.out[this.schedule.lane] as bigint),
      chunk: scale * chunkDistance(linear, this.schedule),
      fold: linear.fold.map(scaled),
      scopes: [],
    };
    const { constant, outer, lane, fold } = variable;
    const key = [width, base, scale, constant, outer, lane, fold].join("|");
    const known = this.variables.get(key);
    if (known) return known;
    this.variables.set(key, variable);
    return variable;
  }

  /** Pushes the value at the current loop level, for lane 0 of chunk 0. */
  push(v: Variable): void {
    this.f.get(v.scopes.at(-1) as Local);
  }

  /** Computes all variables at the first lane of a row, with fold coordinates 0. */
  enterRow(): void {
    for (const v of this.variables.values()) {
      if (v.base === undefined) this.pushConstant(v, v.constant);
      else {
        this.f.get(v.base);
        this.addConstant(v, v.constant);
      }
      for (const [i, c] of v.outer.entries()) this.addMultiple(v, c, this.coordinates[i] as Local);
      this.open(v);
    }
  }

  /** Moves to lane position `lane` of the row. */
  enterChunk(lane: Local): void {
    for (const v of this.variables.values()) {
      if (v.lane === 0n) continue;
      this.push(v);
      this.addMultiple(v, v.lane, lane);
      this.open(v);
    }
  }

  leaveChunk(): void {
    for (const v of this.variables.values()) if (v.lane !== 0n) v.scopes.pop();
  }

  /** Opens the loop over fold dim d. */
  enterFold(d: number): void {
    for (const v of this.along(d)) {
      this.push(v);
      this.open(v);
    }
  }

  /** At the end of an iteration of fold dim d. */
  advanceFold(d: number): void {
    for (const v of this.along(d)) {
      this.push(v);
      this.addConstant(v, v.fold[d] as bigint);
      this.f.set(v.scopes.at(-1) as Local);
    }
  }

  leaveFold(d: number): void {
    for (const v of this.along(d)) v.scopes.pop();
  }

  private along(d: number): Variable[] {
    return [...this.variables.values()].filter((v) => v.fold[d] !== 0n);
  }

  /** Gives the value on the stack a local of its own for the level that begins. */
  private open(v: Variable): void {
    const local = this.f.local(v.width);
    this.f.set(local);
    v.scopes.push(local);
  }

  private pushConstant(v: Variable, value: bigint): void {
    if (v.width === "i32") this.f.i32(value);
    else this.f.i64(value);
  }

  private addConstant(v: Variable, value: bigint): void {
    if (value === 0n) return;
    this.pushConstant(v, value);
    this.f.op(`${v.width}.add`);
  }

  /** Adds coefficient · coordinate, a non-negative i32. */
  private addMultiple(v: Variable, coefficient: bigint, coordinate: Local): void {
    if (coefficient === 0n) return;
    this.f.get(coordinate);
    if (v.width === "i64") this.f.op("i64.extend_i32_u");
    if (coefficient !== 1n) {
      this.pushConstant(v, coefficient);
      this.f.op(`${v.width}.mul`);
    }
    this.f.op(`${v.width}.add`);
  }
}
