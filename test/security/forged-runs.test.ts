import { describe, expect, it } from "vitest";
import {
  canonicalNaNs,
  f32Tensor,
  InterpreterMachine,
  type Tensor,
} from "../../operators/index.js";
import { type Run, runModel } from "../../src/execute/run-model.js";
import { modelDigest } from "../../src/graph/digests.js";
import type { Digest } from "../../src/merkle/hash.js";
import { indexedRoot } from "../../src/merkle/indexed-root.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { traceList } from "../../src/merkle/trace.js";
import type { Receipt } from "../../src/receipt/receipt.js";
import { maskRoot } from "../../src/receipt/salt.js";
import { signReceipt } from "../../src/receipt/sign.js";
import type { VerificationReport } from "../../src/verify/report.js";
import { sampleRun } from "../../src/verify/sample.js";
import { verifyRun } from "../../src/verify/verify-run.js";
import { modelOf } from "../support/graphs.js";

/** What an executor could publish beside a receipt of its own making, to be called honest. */

const model = modelOf({
  inputs: [{ name: "x", dims: [2, 3] }],
  outputs: ["y", "carried", "x"],
  nodes: [
    { op: "Exp", inputs: ["x"], outputs: ["carried"] },
    { op: "MatMul", inputs: ["carried", "w"], outputs: ["m"] },
    { op: "Relu", inputs: ["m"], outputs: ["r"] },
    { op: "Add", inputs: ["r", "m"], outputs: ["y"] },
  ],
  weights: { w: f32Tensor([3, 2], [1, -2, 3, -4, 5, -6]) },
});
const digest = modelDigest(hasher, model);
const key = new Uint8Array(32).fill(9);
const salt = new Uint8Array(32).fill(3);
const inputs = new Map([["x", f32Tensor([2, 3], [0.1, 0.2, 0.3, -1, -2, -3])]]);

const honestRun = (): Promise<Run> =>
  runModel({
    model,
    digest,
    inputs,
    granularity: "operator",
    machine: new InterpreterMachine(),
    hasher,
    key,
    salt,
    keepBoundaries: true,
  });

interface Published {
  receipt: Receipt;
  boundaries: Digest[][];
  outputs: Digest[];
  kept: Map<number, Tensor>;
}

type Forgery = (run: Published) => void;

const OTHER = f32Tensor([2, 2], [9, 9, 9, 9]);
const replaced = (t: Tensor): Tensor => {
  const bytes = t.bytes.slice();
  bytes[2] = (bytes[2] as number) ^ 0x40;
  return { ...t, bytes };
};

/** Publishes a forged run, with roots and signature that fit whatever was forged. */
async function published(run: Run, forge: Forgery) {
  const made: Published = {
    receipt: run.signed.receipt,
    boundaries: run.trace.boundaries.map((live) => [...live]),
    outputs: [...run.trace.outputs],
    kept: new Map(run.trace.kept),
  };
  forge(made);
  const receipt: Receipt = {
    ...made.receipt,
    trace: maskRoot(hasher, "trace", traceList(hasher, made.boundaries).root, salt),
    outputs: maskRoot(hasher, "outputs", indexedRoot(hasher, "outputs", made.outputs), salt),
  };
  return { signed: signReceipt(hasher, receipt, key), ...made };
}

async function sampled(forge: Forgery, share = 1): Promise<VerificationReport> {
  const run = await honestRun();
  const { signed, boundaries, kept } = await published(run, forge);
  return sampleRun({
    hasher,
    signed,
    model,
    evidence: { model: digest, plan: run.plan, inputs: run.inputs, salt },
    machine: new InterpreterMachine(),
    share,
    beacon: new Uint8Array(32),
    boundaries,
    kept,
  });
}

/** Live values are, by segment: carried; carried m; carried m r; carried y. */
const forgeries: Readonly<Record<string, Forgery>> = {
  "a result that nothing gives": ({ boundaries, kept, outputs }) => {
    const id = [...kept.keys()].at(-1) as number;
    kept.set(id, OTHER);
    outputs[0] = commitTensor(hasher, OTHER);
    (boundaries[3] as Digest[])[1] = commitTensor(hasher, OTHER);
  },
  "an output that the trace does not end with": ({ outputs }) => {
    outputs[0] = commitTensor(hasher, OTHER);
  },
  "an output that is not the input it repeats": ({ outputs }) => {
    outputs[2] = commitTensor(hasher, OTHER);
  },
  "a carried tensor that changes on the way": ({ boundaries, outputs }) => {
    const other = commitTensor(hasher, f32Tensor([2, 3], [1, 1, 1, 1, 1, 1]));
    (boundaries[3] as Digest[])[0] = other;
    outputs[1] = other;
  },
  "a first result with everything after it consistent": ({ boundaries, kept, outputs }) => {
    const [id, tensor] = [...kept][0] as [number, Tensor];
    const other = replaced(tensor);
    kept.set(id, other);
    for (const live of boundaries) live[0] = commitTensor(hasher, other);
    outputs[1] = commitTensor(hasher, other);
  },
  "two tensors in each other's place": ({ boundaries }) => {
    const live = boundaries[1] as Digest[];
    boundaries[1] = [live[1] as Digest, live[0] as Digest];
  },
  "tensors that are not those committed": ({ kept }) => {
    for (const [id, tensor] of kept) kept.set(id, replaced(tensor));
  },
  "tensors of another length": ({ kept }) => {
    for (const [id, tensor] of kept) kept.set(id, { ...tensor, bytes: tensor.bytes.slice(4) });
  },
  "no tensors": ({ kept }) => kept.clear(),
  "a boundary less": ({ boundaries }) => {
    boundaries.pop();
  },
  "a commitment more": ({ boundaries }) => {
    boundaries[2]?.push(new Uint8Array(32));
  },
  "another number of segments": (run) => {
    run.receipt = { ...run.receipt, segments: 5 };
  },
  "another plan": (run) => {
    run.receipt = { ...run.receipt, plan: new Uint8Array(32) };
  },
  "another binding": (run) => {
    run.receipt = { ...run.receipt, binding: new Uint8Array(32) };
  },
};

describe("sampling every segment", () => {
  it("verifies an honest run", async () => {
    expect((await sampled(() => {})).outcome).toBe("verified");
  });

  for (const [what, forge] of Object.entries(forgeries)) {
    it(`refutes ${what}`, async () => {
      expect((await sampled(forge)).outcome).toBe("refuted");
    });
  }

  it("could not check under another salt", async () => {
    const other = (run: Published): void => {
      run.receipt = { ...run.receipt, salt: new Uint8Array(32).fill(1) };
    };
    expect((await sampled(other)).outcome).toBe("could-not-check");
  });
});

describe("bits that no tensor may hold", () => {
  const foreign = f32Tensor([2, 3], [0, 0, 0, 0, 0, 0]);

  it("are made canonical before an executor commits to them", async () => {
    const request = { model, digest, machine: new InterpreterMachine(), hasher, key };
    const run = async (x: Tensor) => {
      const machine = new InterpreterMachine();
      return (await runModel({ ...request, machine, inputs: new Map([["x", x]]) })).signed;
    };
    const improper = nanAt(foreign, 8);
    expect(await run(improper)).toEqual(await run(canonicalNaNs(improper)));
    expect(await run(improper)).not.toEqual(await run(foreign));
  });

  it("refute a receipt that commits to them", async () => {
    const { signed, plan } = await honestRun();
    const improper = nanAt(foreign, 8);
    const root = indexedRoot(hasher, "inputs", [commitTensor(hasher, improper)]);
    const receipt = { ...signed.receipt, inputs: maskRoot(hasher, "inputs", root, salt) };
    const report = await verifyRun({
      mode: "replay",
      hasher,
      signed: signReceipt(hasher, receipt, key),
      evidence: { model: digest, plan, inputs: [improper], salt },
      model,
      machine: new InterpreterMachine(),
    });
    expect(report.outcome).toBe("refuted");
    expect(report.reason).toContain("inputs are not those of the receipt");
  });
});

function nanAt(t: Tensor, at: number): Tensor {
  const bytes = t.bytes.slice();
  bytes.set([1, 0, 0xc0, 0x7f], at);
  return { ...t, bytes };
}
