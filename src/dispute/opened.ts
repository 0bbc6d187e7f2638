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
  private readonly tensors = new Map<number, Tensor>();

  constructor(private readonly plan: Plan) {}

  add(value: number, bytes: Uint8Array): void {
    this.tensors.set(value, planTensor(this.plan, value, bytes));
  }

  /** Throws `dispute/refused` for a value that no move opened. */
  read(value: number): Tensor {
    const tensor = this.tensors.get(value) ?? this.constant(value);
    if (tensor === undefined) {
      throw new AssayError("dispute/refused", `the referee read value ${value}, never opened`, {
        facts: { value },
      });
    }
    this.tensors.set(value, tensor);
    return tensor;
  }

  private constant(value: number): Tensor | undefined {
    const origin = originOf(this.plan, value);
    if (origin.kind !== "constant") return undefined;
    return materialize(this.plan.constants[origin.index] as KnownValue);
  }
}
