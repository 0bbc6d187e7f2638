import { fileNames, RUN_FILES } from "../execute/run-folder.js";
import { type Disk, writeFolderAtomic } from "../files/disk.js";
import { writeNpy } from "../files/npy.js";
import type { Ledger } from "../ledger/port.js";
import { nodeHasher } from "../merkle/node-hash.js";
import { toHex } from "../receipt/hex.js";
import { receiptToJson } from "../receipt/json.js";
import { receiptDigest } from "../receipt/receipt.js";
import { type Answer, fetchAnswer } from "../service/job-answer.js";
import type { RuleBook } from "../settlement/rule-book.js";
import type { Job } from "../settlement/state.js";
import { modelOf } from "../settlement/step.js";
import { field, typeText } from "./format.js";

export interface AnswerRequest {
  readonly ledger: Ledger;
  readonly book: RuleBook;
  readonly job: Job;
  /** The folder to write into, if any. */
  readonly args: { readonly out?: string; readonly force: boolean };
  readonly disk: Disk;
}

export interface CheckedAnswer {
  readonly answer: Answer;
  readonly facts: {
    readonly executor: string;
    readonly receipt: string;
    readonly outputs: readonly {
      readonly name: string;
      readonly dtype: string;
      readonly dims: readonly number[];
    }[];
    readonly folder: string | null;
  };
}

/**
 * Fetches the outputs of a job that was answered, checks them against the receipt, and writes both:
 * receipt.json and outputs/<name>.npy, as in a run folder. Throws `run/incomplete` and `file/write`.
 */
export async function answerFiles(request: AnswerRequest): Promise<CheckedAnswer> {
  const { ledger, book, job, args, disk } = request;
  const { plan } = book.rulesOf(modelOf(ledger.state, job.model), job, ledger.state.parameters);
  const answer = await fetchAnswer(ledger, nodeHasher, job, plan);
  if (args.out !== undefined) writeFolderAtomic(args.out, filesOf(answer), args.force, disk);
  const { executor, signed, outputs } = answer;
  const facts = {
    executor,
    receipt: toHex(receiptDigest(nodeHasher, signed.receipt)),
    outputs: [...outputs].map(([name, { dtype, dims }]) => ({ name, dtype, dims })),
    folder: args.out ?? null,
  };
  return { answer, facts };
}

function filesOf({ signed, outputs }: Answer): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  files.set(RUN_FILES.receipt, new TextEncoder().encode(receiptToJson(signed)));
  const names = fileNames([...outputs.keys()]);
  [...outputs.values()].forEach((tensor, i) => {
    files.set(`outputs/${names[i]}.npy`, writeNpy(tensor));
  });
  return files;
}

export function describeAnswer({ answer, facts }: CheckedAnswer): string {
  const lines = [
    "",
    ...[...answer.outputs].map(([name, t]) => field("output", `${name} ${typeText(t)}`)),
    field("receipt", `${facts.receipt}, by ${facts.executor}`),
    field("checked", "the outputs are those that the receipt commits to"),
    ...(facts.folder === null ? [] : [field("written to", facts.folder)]),
  ];
  return `${lines.join("\n")}\n`;
}
