import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AssayError, type Tensor } from "../../../operators/index.js";
import type { BackendName } from "../../execute/backend.js";
import { planFor } from "../../execute/run-model.js";
import { readFile } from "../../files/disk.js";
import { loadModelFile } from "../../files/load-model.js";
import { parseTensorFile } from "../../files/parse.js";
import { type ModelDigest, modelDigest } from "../../graph/digests.js";
import type { Plan } from "../../graph/plan.js";
import type { Model } from "../../graph/types.js";
import { nodeHasher } from "../../merkle/node-hash.js";

/** What the demo is played with: the digit model, one picture, and the number to falsify. */
export interface Stage {
  /** Where the runs are written. */
  readonly folder: string;
  readonly backend: BackendName;
  readonly modelFile: string;
  readonly model: Model;
  readonly digest: ModelDigest;
  readonly plan: Plan;
  /** The picture: f32 [1, 1, height, width], 0 is paper and 1 is ink. */
  readonly picture: Tensor;
  readonly pictureFile: string;
  /** The digit that it shows. */
  readonly label: number;
  /** The operator whose output the cheating executor falsifies, and the element. */
  readonly drill: { readonly node: number; readonly element: number };
}

/** Reads what `fixtures/digits` holds. Throws `file/not-found` where it was not installed along. */
export function setStage(folder: string, backend: BackendName): Stage {
  const fixtures = fixtureFolder();
  const modelFile = join(fixtures, "model.onnx");
  const model = loadModelFile(modelFile);
  const { digit, operator, element } = readDrill(join(fixtures, "digits.json"));
  const pictureFile = join(fixtures, `digit-${digit}.npy`);
  const picture = parseTensorFile(pictureFile, readFile(pictureFile, "digit"));
  const plan = planFor(model, new Map([["image", picture]]));
  const node = plan.nodes.findIndex((n) => n.name === operator);
  const digest = modelDigest(nodeHasher, model);
  const drill = { node, element };
  const shown = { picture, pictureFile, label: digit };
  return { folder, backend, modelFile, model, digest, plan, ...shown, drill };
}

/** The fixtures lie beside the sources, and one folder further up beside the built files. */
function fixtureFolder(): string {
  for (const up of ["../../..", "../../../.."]) {
    const folder = fileURLToPath(new URL(`${up}/fixtures/digits`, import.meta.url));
    if (existsSync(join(folder, "model.onnx"))) return folder;
  }
  throw new AssayError("file/not-found", "the demo's model is not installed", {
    hint: "fixtures/digits belongs beside the program; clone or install the package again",
  });
}

interface Drill {
  readonly digit: number;
  readonly operator: string;
  readonly element: number;
}

function readDrill(path: string): Drill {
  const text = new TextDecoder().decode(readFile(path, "digits"));
  return (JSON.parse(text) as { drill: Drill }).drill;
}
