import { existsSync } from "node:fs";
import { join } from "node:path";
import { byteLength, type Tensor } from "../../operators/basis.js";
import {
  MAX_RUN_JSON,
  RUN_FILES,
  type RunDescription,
  type RunReader,
  readBoundaries,
  readDescription,
  readInputs,
  readKept,
  readReceipt,
} from "../execute/run-folder.js";
import { readFile } from "../files/disk.js";
import { fitTensor } from "../files/fit.js";
import { readNpy } from "../files/npy.js";
import type { Plan } from "../graph/plan.js";
import { MAX_RECEIPT_TEXT } from "../receipt/json.js";
import type { SignedReceipt } from "../receipt/receipt.js";

/** A run folder that is read when asked, file by file. */
export interface OpenedRun {
  readonly folder: string;
  readonly signed: SignedReceipt;
  readonly description: RunDescription;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** The outputs that lie in the folder, in graph order. */
  readonly outputs: readonly Tensor[];
  boundaries(plan: Plan): Uint8Array[][];
  kept(plan: Plan): Map<number, Tensor> | undefined;
}

/** Files whose parsers refuse anything longer: not read further than that. */
const LIMITS: Readonly<Record<string, number>> = {
  [RUN_FILES.receipt]: MAX_RECEIPT_TEXT,
  [RUN_FILES.run]: MAX_RUN_JSON,
};

/** Throws `run/incomplete`, `json/malformed`, `receipt/malformed` and what reading a tensor throws. */
export function openRun(folder: string): OpenedRun {
  const read: RunReader = (path, atMost) => {
    const file = join(folder, path);
    return existsSync(file) ? readFile(file, path, LIMITS[path] ?? atMost) : undefined;
  };
  const description = readDescription(read);
  return {
    folder,
    signed: readReceipt(read),
    description,
    inputs: readInputs(read, description),
    outputs: description.outputs.map((out) => {
      // bf16 is written twice as wide; the header takes less than 64 KiB.
      const most = 2 * byteLength(out) + 65536;
      const bytes = readFile(join(folder, out.file), `output "${out.name}"`, most);
      return fitTensor(out.file, readNpy(bytes, out.file), out);
    }),
    boundaries: (plan) => readBoundaries(read, plan),
    kept: (plan) => readKept(read, plan),
  };
}
