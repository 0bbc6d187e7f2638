import { AssayError } from "../../../operators/basis.js";
import { isFolder, readFile } from "../../files/disk.js";
import { MAX_RECEIPT_TEXT, receiptFromJson } from "../../receipt/json.js";
import { openRun } from "../../verify/open-run.js";
import type { Io } from "../command.js";
import type { InspectArguments } from "../commands/inspect.js";
import { EXIT } from "../errors.js";
import { describeModel, modelFacts } from "../inspect-model.js";
import { describeReceipt, receiptFacts, runFacts } from "../inspect-receipt.js";
import { digestedModel } from "../model-digest.js";
import { BACKEND } from "../options.js";
import { jsonLine } from "../printable.js";

export async function inspect(args: InspectArguments, io: Io): Promise<number> {
  const { stdout } = io;
  const { target, json, all } = args;
  if (isFolder(target)) {
    const run = openRun(target);
    const facts = { ...runFacts(run), ...receiptFacts(run.signed) };
    stdout.write(json ? jsonLine(facts) : describeReceipt(facts));
  } else if (startsWithBrace(target)) {
    const facts = receiptFacts(receiptFromJson(readFile(target, "receipt", MAX_RECEIPT_TEXT)));
    stdout.write(json ? jsonLine(facts) : describeReceipt(facts));
  } else {
    const threads = BACKEND.threads.default;
    const known = digestedModel(target, { ...args, threads }, io);
    const facts = modelFacts(known, dimensions(args.dim));
    stdout.write(json ? jsonLine(facts) : describeModel(facts, all));
  }
  return EXIT.ok;
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
