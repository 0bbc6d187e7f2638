import type { BackendName } from "../../execute/backend.js";
import type { VerificationMode } from "../../verify/report.js";
import type { Command } from "../command.js";
import type { EvidenceArguments } from "../evidence.js";
import { BACKEND, CACHE, MODEL_INPUT, OUTPUT, PROFILE } from "../options.js";

export interface VerifyArguments extends EvidenceArguments {
  readonly target: string;
  readonly model?: string;
  readonly mode?: VerificationMode;
  readonly share?: number;
  readonly beacon?: string;
  readonly against?: string;
  readonly backend: BackendName;
  readonly threads: number;
  readonly memoryLimit?: number;
  readonly profile?: string;
  readonly noCache: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

export const verifyRunCommand: Command<VerifyArguments> = {
  name: "verify-run",
  area: "Runs and receipts",
  summary: "verify a run folder or a receipt, or play a dispute between two runs",
  details:
    "Ends in one of three ways: verified, refuted (with what is wrong), or could not check (with the reason). What is left out is not checked, and the answer says so.",
  target: { name: "target", describe: "a run folder, or a receipt.json" },
  options: {
    model: {
      alias: "m",
      value: "file",
      group: "Inputs",
      describe: "the ONNX file that the receipt is about",
    },
    input: {
      ...MODEL_INPUT.input,
      otherwise: "those in the run folder",
    },
    salt: {
      value: "hex",
      group: "Inputs",
      otherwise: "that in the run folder",
      describe: "the salt of a salted receipt",
    },
    mode: {
      value: "name",
      choices: ["check", "sample", "replay"],
      group: "How much",
      otherwise: "replay with a model, else check",
      describe: "check the paper, re-execute a sample, or re-execute all",
    },
    share: {
      value: "number",
      number: { test: (n) => n > 0 && n <= 1, range: "a number above 0 and at most 1" },
      group: "How much",
      describe: "sample: share of the segments to re-execute",
    },
    beacon: {
      value: "hex",
      group: "How much",
      describe: "sample: public randomness that nobody knew when the receipt was made",
    },
    against: {
      value: "folder",
      group: "How much",
      describe: "another run of the same claim: play the dispute between the two",
    },
    "expect-model": {
      value: "hex",
      group: "Relying on",
      describe: "the model digest must be this",
    },
    "expect-executor": {
      value: "hex",
      group: "Relying on",
      describe: "the signer's address must be this",
    },
    "expect-context": {
      value: "hex",
      group: "Relying on",
      describe: "the 32-byte context must be this",
    },
    ...BACKEND,
    ...PROFILE,
    ...CACHE,
    ...OUTPUT,
  },
  examples: [
    {
      what: "Re-execute everything and compare every bit",
      command: "assay verify-run their-run -m mnist.onnx",
    },
    {
      what: "Look at a receipt alone, in milliseconds",
      command: "assay verify-run receipt.json --expect-executor 0x52908400098527886e0f…",
    },
    {
      what: "Re-execute a tenth, drawn by public randomness",
      command: "assay verify-run their-run -m mnist.onnx --share 0.1 --beacon 8f1a…",
    },
    {
      what: "Two runs differ: who is at fault, and where",
      command: "assay verify-run their-run -m mnist.onnx --against my-run",
    },
  ],
  run: async (args, io) => (await import("../actions/verify-run.js")).verify(args, io),
};
