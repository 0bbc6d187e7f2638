import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { InterpreterMachine, type Machine, type Tensor } from "../../operators/index.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import type { Model } from "../../src/graph/types.js";

/** Everything that may run a graph; all of it gives the same bits. */
export const MACHINES: readonly (readonly [string, () => Machine])[] = [
  ["interpreter", () => new InterpreterMachine()],
  ["WebAssembly, 1 thread", () => new WasmMachine(1)],
  ["WebAssembly, 2 threads", () => new WasmMachine(2)],
  ["WebAssembly, 3 threads", () => new WasmMachine(3)],
];

/** The machine on which the other side of a comparison runs, unless it is the machines that differ. */
export const single = (): Machine => new WasmMachine(1);

export type Inputs = Readonly<Record<string, Tensor>>;

/** Outputs by name. */
export type Outputs = ReadonlyMap<string, Tensor>;

/** The outputs of a model on inputs; nothing is committed. */
export async function outputsOf(model: Model, inputs: Inputs, machine: Machine): Promise<Outputs> {
  const given = new Map(Object.entries(inputs));
  const plan = planFor(model, given);
  const session = await Session.open(plan, model.weights, machine);
  try {
    session.setInputs(plan.inputs.map((v) => given.get(v.name) as Tensor));
    session.runNodes(0, plan.nodes.length);
    return new Map(plan.outputs.map((v) => [v.name, session.tensor(v.value)]));
  } finally {
    await session.close();
  }
}
