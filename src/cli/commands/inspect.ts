import { AssayError } from "../../../operators/index.js";
import { isFolder, readFile } from "../../files/disk.js";
import { loadModelFile } from "../../files/load-model.js";
import { MAX_RECEIPT_TEXT, receiptFromJson } from "../../receipt/json.js";
import { openRun } from "../../verify/open-run.js";
import type { Command, Io } from "../command.js";
import { EXIT } from "../errors.js";
import { describeModel, modelFacts } from "../inspect-model.js";
import { describeReceipt, receiptFacts, runFacts } from "../inspect-receipt.js";
import { OUTPUT } from "../options.js";
import { jsonLine } from "../printable.js";

export interface InspectArguments {
  readonly target: string;
  readonly dim: readonly string[];
  readonly all: boolean;
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
    ...OUTPUT,
  },
  examples: [
    { what: "Operators, layers and digests of a model", command: "assay inspect mnist.onnx" },
    { what: "With a batch of 8", command: "assay inspect model.onnx --dim batch=8" },
    { what: "What a receipt says", command: "assay inspect my-run/receipt.json" },
  ],
  run: async (args, io) => {
    inspect(args, io);
    return EXIT.ok;
  },
};

function inspect(args: InspectArguments, { stdout }: Io): void {
  const { target, json, all } = args;
  if (isFolder(target)) {
    const run = openRun(target);
    const facts = { ...runFacts(run), ...receiptFacts(run.signed) };
    stdout.write(json ? jsonLine(facts) : describeReceipt(facts));
  } else if (startsWithBrace(target)) {
    const facts = receiptFacts(receiptFromJson(readFile(target, "receipt", MAX_RECEIPT_TEXT)));
    stdout.write(json ? jsonLine(facts) : describeReceipt(facts));
  } else {
    const facts = modelFacts(loadModelFile(target), dimensions(args.dim));
    stdout.write(json ? jsonLine(facts) : describeModel(facts, all));
  }
}

/** JSON; an ONNX file cannot begin so: 0x7b would open a group, which the format does not have. */
function startsWithBrace(path: string): boolean {
  const start = new TextDecoder().decode(readFile(path, "target", 64));
  return start.trimStart().startsWith("{");
}

function dimensions(specs: readonly string[]): Map<string, number> {
  return new Map(
    specs.map((spec): [string, number] => {
      const at = spec.lastIndexOf("=");
      const size = spec.slice(at + 1);
      if (at <= 0 || !/^\d{1,15}$/.test(size)) {
        throw new AssayError("usage", `--dim takes symbol=number, got "${spec}"`);
      }
      return [spec.slice(0, at), Number(size)];
    }),
  );
}
