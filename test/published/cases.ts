import { existsSync, readdirSync, readFileSync } from "node:fs";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { AssayError, type DType, type Machine, type Tensor } from "../../operators/index.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import { parseTensorFile } from "../../src/files/parse.js";
import type { Plan } from "../../src/graph/plan.js";
import type { Model, ValueInfo } from "../../src/graph/types.js";
import { importOnnx } from "../../src/onnx/import.js";
import { mismatch } from "../support/compare.js";
import { dataPath } from "../support/data.js";

/** A published model with inputs and the outputs that someone else's runtime gave. */
export interface PublishedCase {
  /** Its folder in the data folder: what the table of exceptions calls it. */
  readonly name: string;
  readonly model: Model;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly expected: readonly Tensor[];
}

/** Folders with a model below one of the data folders, sorted. */
export function caseNames(family: string): string[] {
  return readdirSync(dataPath(family))
    .filter((name) => existsSync(dataPath(`${family}/${name}/model.onnx`)))
    .sort()
    .map((name) => `${family}/${name}`);
}

/** Throws what the importer throws. A tensor file that cannot be read counts as not running too. */
export function readPublished(name: string): PublishedCase {
  const model = importOnnx(read(`${name}/model.onnx`));
  const set = SETS.find((s) => existsSync(dataPath(`${name}/${s}`)));
  if (!set) throw new AssayError("input/missing", "the case has no reference outputs");
  const tensors = (kind: string): Tensor[] => {
    const files = readdirSync(dataPath(`${name}/${set}`)).filter((f) => f.startsWith(`${kind}_`));
    return files.map((_, i) => tensorOf(`${name}/${set}/${kind}_${i}.pb`));
  };
  const given = tensors("input");
  const inputs = model.graph.inputs.map((v, i) => [v.name, given[i] as Tensor] as const);
  const expected = tensors("output").map((t, i) => asDeclared(t, model.graph.outputs[i]));
  return { name, model, inputs: new Map(inputs), expected };
}

/** Some recorders store a scalar as one element along one axis. */
function asDeclared(t: Tensor, info: ValueInfo | undefined): Tensor {
  return info?.dims?.length === 0 && t.dims.join() === "1" ? { ...t, dims: [] } : t;
}

const SETS = ["test_data_set_0", "golden_ort1.30"];

const read = (path: string): Uint8Array => new Uint8Array(readFileSync(dataPath(path)));

const tensorOf = (path: string): Tensor => parseTensorFile(path, read(path));

/** Runs a case, in the WebAssembly backend unless told; yields its outputs in graph order. */
export async function runPublished(
  { model, inputs }: PublishedCase,
  machine: Machine = new WasmMachine(1),
  plan = planFor(model, inputs),
): Promise<Tensor[]> {
  const session = await Session.open(plan, model.weights, machine);
  try {
    session.setInputs(plan.inputs.map((v) => inputs.get(v.name) as Tensor));
    session.runNodes(0, plan.nodes.length);
    return plan.outputs.map((v) => session.tensor(v.value));
  } finally {
    await session.close();
  }
}

/** A case as it ran in the WebAssembly backend. */
export interface RanCase {
  readonly published: PublishedCase;
  readonly plan: Plan;
  readonly outputs: readonly Tensor[];
}

/** Runs a case. Yields why it does not give the expected outputs, if it does not. */
export async function failureOf(
  name: string,
  ran: (run: RanCase) => void,
): Promise<string | undefined> {
  try {
    const published = readPublished(name);
    const plan = planFor(published.model, published.inputs);
    const outputs = await runPublished(published, new WasmMachine(1), plan);
    ran({ published, plan, outputs });
    const precision = narrowestFloat(plan);
    for (const [i, expected] of published.expected.entries()) {
      const wrong = mismatch(outputs[i], expected, precision);
      if (wrong) return `output ${i}: ${wrong}`;
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

/**
 * Where tensors inside a model are halves, its f32 outputs are no more precise than those, in the
 * reference too: they are compared like halves.
 */
function narrowestFloat({ values }: Plan): DType {
  const dtypes = new Set(values.map((v) => v.dtype));
  return (["bf16", "f16"] as const).find((dtype) => dtypes.has(dtype)) ?? "f32";
}
