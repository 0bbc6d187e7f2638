import { Random } from "../../../fixtures/builders/random.js";
import { recurrentModel } from "../../../fixtures/builders/recurrent.js";
import { resnetModel } from "../../../fixtures/builders/resnet.js";
import { f32Tensor, type Machine, type Tensor } from "../../../operators/index.js";
import { runModel } from "../../../src/execute/run-model.js";
import { parseTensorFile } from "../../../src/files/parse.js";
import { modelDigest } from "../../../src/graph/digests.js";
import type { Granularity } from "../../../src/graph/plan.js";
import type { Model } from "../../../src/graph/types.js";
import { nobleHasher } from "../../../src/merkle/hash.js";
import { importOnnx } from "../../../src/onnx/import.js";
import { receiptToJson } from "../../../src/receipt/json.js";
import { receiptBytes } from "../../../src/receipt/receipt.js";
import { digestOf, textBytes } from "./digest.js";
import type { Platform, TableCase, TableRow } from "./types.js";

/** A model with an input of each name. */
interface ModelUnderTest {
  readonly name: string;
  readonly model: Model;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

/** Signs nothing but this table: everybody can compute it. */
const KEY = nobleHasher.hash(textBytes("assay machines: public test key"));

/** Models run from end to end, by layer and by operator: receipts, signatures, outputs, JSON. */
export async function modelRows(
  models: readonly ModelUnderTest[],
  create: () => Machine,
): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const { name, model, inputs } of models) {
    const cases: TableCase[] = [];
    for (const granularity of ["layer", "operator"] as const) {
      const parts = await receiptParts(model, inputs, granularity, create());
      for (const [part, bytes] of parts) {
        const index = cases.length;
        cases.push({ index, name: `${part}, by ${granularity}`, digest: digestOf([bytes]) });
      }
    }
    rows.push({ name: `model: ${name}`, total: cases.length, cases });
  }
  return rows;
}

/** First the outputs: where they differ, everything else does. */
async function receiptParts(
  model: Model,
  inputs: ReadonlyMap<string, Tensor>,
  granularity: Granularity,
  machine: Machine,
): Promise<[string, Uint8Array][]> {
  const digest = modelDigest(nobleHasher, model);
  const hasher = nobleHasher;
  const run = await runModel({ model, digest, inputs, granularity, machine, hasher, key: KEY });
  return [
    ...[...run.outputs].map(([name, t]): [string, Uint8Array] => [`output ${name}`, t.bytes]),
    ["receipt", receiptBytes(run.signed.receipt)],
    ["signature", run.signed.signature],
    ["receipt as JSON", textBytes(receiptToJson(run.signed))],
  ];
}

/**
 * The fixtures, a residual network whose convolutions are shared between threads, and a recurrence
 * with quantised weights.
 */
export async function tableModels(platform: Platform): Promise<ModelUnderTest[]> {
  const file = (path: string) => platform.readFile(`fixtures/${path}`);
  const tensor = async (path: string) => parseTensorFile(path, await file(path));
  return [
    {
      name: "digits, a convolutional network",
      model: importOnnx(await file("digits/model.onnx")),
      inputs: new Map([["image", await tensor("digits/digit-5.npy")]]),
    },
    {
      name: "transformer block",
      model: importOnnx(await file("transformer/model.onnx")),
      inputs: new Map([["x", await tensor("transformer/x-13.npy")]]),
    },
    {
      name: "residual network",
      model: resnetModel({ size: 24, channels: [8, 16], blocks: 1, classes: 10 }),
      inputs: new Map([["image", normals([1, 3, 24, 24])]]),
    },
    {
      name: "recurrent network, quantised",
      model: recurrentModel({ features: 12, hidden: 16, classes: 6, steps: 9 }),
      inputs: new Map([["x", normals([9, 1, 12])]]),
    },
  ];
}

function normals(dims: readonly number[]): Tensor {
  const random = new Random(0x7ab1e, 0xffff);
  const count = dims.reduce((n, d) => n * d, 1);
  return f32Tensor(
    dims,
    Array.from({ length: count }, () => random.normal()),
  );
}
