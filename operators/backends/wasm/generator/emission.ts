import type { FunctionBody, Local } from "../function-body.js";
import type { FunctionLibrary } from "./functions.js";
import { type Test, testOf, widthOf } from "./guards.js";
import { Induction, type Variable } from "./induction.js";
import {
  elementSize,
  type Guard,
  type Kernel,
  type KernelBody,
  type KernelRead,
  type Linear,
} from "./kernel.js";
import type { Schedule } from "./schedule.js";

/** What code generation of one kernel shares: the function being written and its variables. */
export class Emission {
  private readonly addresses = new Map<KernelRead, Variable>();
  private readonly guards = new Map<Guard, Variable>();
  private readonly coordinates = new Map<Linear, Variable>();
  readonly induction: Induction;

  constructor(
    readonly f: FunctionBody,
    readonly kernel: Kernel,
    readonly schedule: Schedule,
    readonly functions: FunctionLibrary,
    outer: readonly Local[],
    /** The forms of `finish` that code is generated from. */
    finishes: readonly KernelBody[],
  ) {
    this.induction = new Induction(f, schedule, outer);
    for (const g of kernel.when) this.declareGuard(g);
    for (const i of [kernel.step, ...finishes].flatMap((body) => body.code)) {
      if (i.kind === "coordinate") {
        const variable = this.induction.declare({ width: "i64", linear: i.value });
        this.coordinates.set(i.value, variable);
      } else if (i.kind === "read") this.declareRead(i);
    }
  }

  private declareRead(read: KernelRead): void {
    const variable = this.induction.declare({
      width: "i32",
      linear: read.address,
      scale: elementSize(read.dtype),
      // Parameter 0 is the output, sources follow.
      base: 1 + read.source,
    });
    this.addresses.set(read, variable);
    for (const g of read.guards) this.declareGuard(g);
  }

  private declareGuard(guard: Guard): void {
    const variable = this.induction.declare({ width: widthOf(guard), linear: guard.value });
    this.guards.set(guard, variable);
  }

  address(read: KernelRead): Variable {
    return this.addresses.get(read) as Variable;
  }

  coordinate(value: Linear): Variable {
    return this.coordinates.get(value) as Variable;
  }

  /** A guard's test, without its registers. */
  test(guard: Guard): Test {
    return testOf(this.induction, guard, this.guards.get(guard) as Variable);
  }

  get chunks(): readonly number[] {
    return [...Array(this.schedule.chunks).keys()];
  }
}

/** Which guards need no test where code is emitted. */
export type Assumption =
  /** None is known to hold. */
  | "nothing"
  /** The conditions of `when` that are the same in all lanes hold. */
  | "uniform"
  /** All conditions and all guards without registers hold, in all lanes. */
  | "all";
