import type { Command } from "../command.js";
import { CACHE, OUTPUT } from "../options.js";

export interface InspectArguments {
  readonly target: string;
  readonly dim: readonly string[];
  readonly all: boolean;
  readonly noCache: boolean;
  readonly json: boolean;
}

export const inspectCommand: Command<InspectArguments> = {
  name: "inspect",
  area: "Runs and receipts",
  summary: "show what a model, a receipt or a run folder is",
  details:
    "A model: its operators, layers, sizes, digests and what a run of it costs. A receipt: what it says and who signed it. A run folder: its receipt, what it was run on, and whether it is a drill.",
  target: { name: "target", describe: "an ONNX file, a receipt.json or a run folder" },
  options: {
    dim: {
      value: "symbol=n",
      many: true,
      group: "Models",
      otherwise: "1",
      describe: "the size of a symbolic dimension",
    },
    all: { group: "Models", describe: "list every operator of a long model" },
    ...CACHE,
    ...OUTPUT,
  },
  examples: [
    { what: "Operators, layers and digests of a model", command: "assay inspect mnist.onnx" },
    { what: "With a batch of 8", command: "assay inspect model.onnx --dim batch=8" },
    { what: "What a receipt says", command: "assay inspect my-run/receipt.json" },
  ],
  run: async (args, io) => (await import("../actions/inspect.js")).inspect(args, io),
};
