import type { BackendName } from "../../execute/backend.js";
import type { Granularity } from "../../graph/plan.js";
import type { Command } from "../command.js";
import { BACKEND, CACHE, MODEL_INPUT, OUTPUT, PROFILE } from "../options.js";

export interface RunArguments {
  readonly model: string;
  readonly input: readonly string[];
  readonly out: string;
  readonly force: boolean;
  readonly backend: BackendName;
  readonly threads: number;
  readonly memoryLimit?: number;
  readonly profile?: string;
  readonly granularity: Granularity;
  readonly key?: string;
  readonly context?: string;
  readonly salt: boolean;
  readonly corrupt?: string;
  readonly expect: readonly string[];
  readonly rtol: number;
  readonly atol: number;
  readonly noCache: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

const TOLERANCE = { test: (n: number) => n >= 0 && Number.isFinite(n), range: "a number from 0" };

export const runCommand: Command<RunArguments> = {
  name: "run",
  area: "Runs and receipts",
  summary: "run a model, commit to every layer and sign a receipt",
  details:
    "Runs an ONNX model and writes a run folder: a signed receipt, the outputs as .npy, and what its executor needs to defend the run. What crosses a layer is committed to on the way.",
  target: { name: "model", describe: "an ONNX file" },
  options: {
    ...MODEL_INPUT,
    out: {
      alias: "o",
      value: "folder",
      required: true,
      group: "Writing",
      describe: "folder for the run; new or empty",
    },
    force: { group: "Writing", describe: "replace an earlier run in --out" },
    key: {
      value: "file",
      group: "The receipt",
      otherwise: "a local key, made on first use",
      describe: "sign with this key, 64 hex digits",
    },
    granularity: {
      value: "name",
      choices: ["layer", "operator"],
      default: "layer",
      group: "The receipt",
      describe: "commit after every layer, or after every operator",
    },
    context: {
      value: "hex",
      group: "The receipt",
      describe: "32 bytes that say what the run is for, such as a ledger's job",
    },
    salt: {
      group: "The receipt",
      describe: "mask the roots, so that nobody can guess inputs from the receipt",
    },
    expect: {
      value: "name=file",
      many: true,
      group: "Comparing",
      describe: "compare an output with someone else's; exit code 1 if it is outside tolerance",
    },
    rtol: {
      value: "number",
      number: TOLERANCE,
      default: 1e-3,
      group: "Comparing",
      describe: "relative tolerance of --expect",
    },
    atol: {
      value: "number",
      number: TOLERANCE,
      default: 1e-5,
      group: "Comparing",
      describe: "absolute tolerance of --expect",
    },
    ...BACKEND,
    ...PROFILE,
    corrupt: {
      value: "op[:element]",
      group: "Drills",
      describe:
        "falsify one element of the output of an operator, by index or name, and carry on from there; the receipt does not show it, a dispute does",
    },
    ...CACHE,
    ...OUTPUT,
  },
  examples: [
    {
      what: "Run a model and write a receipt",
      command: "assay run mnist.onnx -i Input3=digit.npy -o my-run",
    },
    {
      what: "Cheat on purpose, to see a dispute find it",
      command: "assay run mnist.onnx -i Input3=digit.npy -o drill --corrupt 5",
    },
    {
      what: "Compare with what another runtime gave",
      command: "assay run mnist.onnx -i Input3=digit.npy -o my-run --expect Plus214=theirs.npy",
    },
  ],
  run: async (args, io) => (await import("../actions/run.js")).run(args, io),
};
