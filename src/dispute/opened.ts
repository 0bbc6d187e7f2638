import { AssayError, type Tensor } from "../../operators/index.js";
import type { Plan } from "../graph/plan.js";
import { type KnownValue, materialize } from "../graph/values.js";
import { originOf, planTensor } from "./values.js";

/**
 * The referee's only source of tensors: what the current move opened against the asserter's
 * commitments, and constants of the plan. It throws on every other read, so that nothing can enter
 * a verdict that was not proved.
 */
export class OpenedTensors {
  private readonly bytes = new Map<number, Uint8Array>();

  constructor(private readonly plan: Plan) {}

  add(value: number, bytes: Uint8Array): void {
    this.bytes.set(value, bytes);
  }

  /** Throws `dispute/refused` for a value that no move opened. */
  read(value: number): Tensor {
    const origin = originOf(this.plan, value);
    if (origin.kind === "constant") {
      return materialize(this.plan.constants[origin.index] as KnownValue);
    }
    const bytes = this.bytes.get(value);
    if (bytes === undefined) {
      throw new AssayError("dispute/refused", `the referee read value ${value}, never opened`, {
        facts: { value },
      });
    }
    return planTensor(this.plan, value, bytes);
  }
}
