import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { f32Tensor } from "../../operators/index.js";
import { writeNpy } from "../../src/files/npy.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { receiptFromJson, receiptToJson } from "../../src/receipt/json.js";
import { parseKey } from "../../src/receipt/key.js";
import type { Receipt } from "../../src/receipt/receipt.js";
import { signReceipt } from "../../src/receipt/sign.js";
import { assay, matrix, onnxOf, type Ran, smallModel, smallWorld } from "./support.js";

const world = smallWorld();
const { path, run, verify, model, inputs } = world;
const DRAW = ["--share", "1", "--beacon", "00".repeat(16)];
const CONTEXT = `0x${"ab".repeat(32)}`;
const OUTCOMES = { 0: "verified", 1: "refuted", 2: "could-not-check" } as const;

let honest: Ran;

beforeAll(async () => {
  honest = await run("honest", "--json", "--context", CONTEXT);
  await run("operators", "--granularity", "operator");
  await run("salted", "--salt");
  await run("drill", "--corrupt", "3");
  const other = smallModel();
  const weights = new Map([...other.weights, ["b", matrix([16], 9)] as const]);
  writeFileSync(path("other.onnx"), onnxOf({ ...other, weights }));
  writeFileSync(path("other-inputs.onnx"), onnxOf(renamedInputs()));
});

function renamedInputs() {
  const { graph, weights } = smallModel();
  const rename = (name: string): string => (name === "x" ? "y" : name);
  const info = graph.inputs.map((v) => ({ ...v, name: rename(v.name) }));
  const nodes = graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(rename) }));
  return { graph: { ...graph, inputs: info, nodes }, weights };
}

/** A copy of a run folder with one file changed. */
function tampered(
  from: string,
  name: string,
  file: string,
  change: (bytes: Buffer) => Buffer,
): string {
  cpSync(path(from), path(name), { recursive: true });
  writeFileSync(path(name, file), change(readFileSync(path(name, file))));
  return name;
}

const flip =
  (at: number) =>
  (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at < 0 ? copy.length + at : at] = (copy[at < 0 ? copy.length + at : at] as number) ^ 1;
    return copy;
  };

/** A run folder whose receipt says something else, signed again by its own executor. */
function resigned(name: string, change: Partial<Receipt>): string {
  const key = parseKey(readFileSync(path("home", "key"), "utf8"));
  return tampered("honest", name, "receipt.json", (bytes) => {
    const { receipt } = receiptFromJson(bytes);
    return Buffer.from(receiptToJson(signReceipt(nodeHasher, { ...receipt, ...change }, key)));
  });
}

/** The outcome in the report and the exit code say the same; yields the reason. */
function expectOutcome(ran: Ran, outcome: "verified" | "refuted" | "could-not-check"): string {
  expect(ran.stderr).toBe("");
  expect(ran.stdout.split("\n")).toHaveLength(2);
  expect(ran.json, ran.stdout).toMatchObject({ outcome });
  expect(OUTCOMES[ran.code as 0 | 1 | 2]).toBe(outcome);
  return ran.json.reason;
}

describe("check", () => {
  test("a run folder or a bare receipt is valid; the signer is not pinned", async () => {
    for (const target of ["honest", "honest/receipt.json", "drill", "operators"]) {
      expect(expectOutcome(await verify(target), "verified")).toContain("valid; signer not pinned");
    }
  });

  test("with everything pinned", async () => {
    const { model: digest, executor } = honest.json;
    const pins = [
      "--expect-model",
      digest,
      "--expect-executor",
      executor,
      "--expect-context",
      CONTEXT,
    ];
    const ran = await verify("honest", ...pins);
    expect(expectOutcome(ran, "verified")).toContain("signed by the expected executor");
    expect(ran.json.signerPinned).toBe(true);
    // Upper case and without 0x, as other tools print them.
    const upper = pins.map((p) => (p.startsWith("0x") ? p.slice(2).toUpperCase() : p));
    expectOutcome(await verify("honest", ...upper), "verified");
  });

  test.each([
    ["--expect-model", `0x${"11".repeat(32)}`],
    ["--expect-executor", `0x${"11".repeat(20)}`],
    ["--expect-context", `0x${"11".repeat(32)}`],
    ["--expect-context", "00".repeat(32)],
  ])("a wrong %s refutes, in every mode", async (pin, value) => {
    for (const mode of [[], ["-m", model], ["-m", model, ...DRAW]]) {
      const reason = expectOutcome(await verify("honest", ...mode, pin, value), "refuted");
      expect(reason).toContain(`expected 0x${value.replace("0x", "")}`);
    }
  });

  test.each(["--expect-model", "--expect-executor", "--expect-context", "--salt"])(
    "%s of the wrong length is an error, not a pin that is dropped",
    async (pin) => {
      for (const value of ["0x", "11", "zz".repeat(32), `0x${"11".repeat(33)}`]) {
        const { code, json } = await verify("honest", "-m", model, pin, value);
        expect([code, json.outcome, json.error.code]).toEqual([2, "could-not-check", "usage"]);
      }
    },
  );

  test("a broken signature refutes, in every mode", async () => {
    const name = tampered("honest", "unsigned", "receipt.json", (bytes) =>
      Buffer.from(
        bytes
          .toString()
          .replace(/("signature": "0x..)(.)/, (_, a, b) => `${a}${b === "0" ? "1" : "0"}`),
      ),
    );
    for (const mode of [[], ["-m", model], ["-m", model, ...DRAW]]) {
      expectOutcome(await verify(name, ...mode), "refuted");
      expectOutcome(await verify(`${name}/receipt.json`, ...mode), "refuted");
    }
  });

  test("a changed field breaks the signature", async () => {
    const name = tampered("honest", "changed-field", "receipt.json", (bytes) =>
      Buffer.from(bytes.toString().replace(/("trace": "0x)./, "$10")),
    );
    expect(expectOutcome(await verify(name), "refuted")).toContain("signature");
  });

  test("tampered outputs refute", async () => {
    const name = tampered("honest", "outputs", "outputs/r1.npy", flip(-2));
    expect(expectOutcome(await verify(name), "refuted")).toContain("outputs are not those");
    expectOutcome(await verify(name, "-m", model), "refuted");
    expectOutcome(await verify(name, "-m", model, ...DRAW), "refuted");
  });
});

describe("replay", () => {
  test("is the default with a model, for every kind of honest run", async () => {
    for (const target of ["honest", "operators", "salted"]) {
      const ran = await verify(target, "-m", model);
      expect(expectOutcome(ran, "verified")).toContain("every bit agrees; signer not pinned");
      expect(ran.json.mode).toBe("replay");
    }
  });

  test("of a bare receipt, with inputs", async () => {
    for (const target of ["honest", "operators"]) {
      const ran = await verify(`${target}/receipt.json`, "-m", model, ...inputs);
      expectOutcome(ran, "verified");
    }
  });

  test("of a bare receipt without inputs could not be checked", async () => {
    const ran = await verify("honest/receipt.json", "-m", model);
    expect(expectOutcome(ran, "could-not-check")).toContain("--input");
  });

  test("without a model could not be checked", async () => {
    const ran = await verify("honest", "--mode", "replay");
    expect(expectOutcome(ran, "could-not-check")).toContain("--model");
  });

  test("a drill is refuted, and the segment is named", async () => {
    const ran = await verify("drill", "-m", model);
    expectOutcome(ran, "refuted");
    expect(ran.json.firstDifference.operators).toContain("/m2/MatMul");
    expect((await assay(["verify-run", path("drill"), "-m", model])).stdout).toContain(
      "the runs part in segment",
    );
  });

  test("another model refutes, also where its inputs have other names", async () => {
    for (const other of ["other.onnx", "other-inputs.onnx"]) {
      for (const mode of [[], DRAW, ["--mode", "check"]]) {
        for (const target of ["honest", "honest/receipt.json"]) {
          const ran = await verify(target, "-m", path(other), ...mode);
          expect(expectOutcome(ran, "refuted")).toContain("another model");
        }
      }
    }
  });

  test("other inputs refute", async () => {
    const other = ["-i", `x=${path("other-x.npy")}`, "-i", `bias=${path("bias.npy")}`];
    expect(expectOutcome(await verify("honest", "-m", model, ...other), "refuted")).toContain(
      "inputs are not those",
    );
    writeFileSync(path("batch.npy"), writeNpy(matrix([2, 16], 5)));
    const shape = ["-i", `x=${path("batch.npy")}`, "-i", `bias=${path("bias.npy")}`];
    expect(expectOutcome(await verify("honest", "-m", model, ...shape), "refuted")).toContain(
      "other input shapes",
    );
  });

  test("over the memory limit could not be checked", async () => {
    const ran = await verify("honest", "-m", model, "--memory-limit", "0.001");
    expect(expectOutcome(ran, "could-not-check")).toContain("of memory");
  });

  test("a receipt whose roots were changed and signed again is refuted", async () => {
    const zero = new Uint8Array(32).fill(7);
    for (const field of ["trace", "outputs", "inputs", "plan", "binding", "profile"] as const) {
      const name = resigned(`resigned-${field}`, { [field]: zero });
      expectOutcome(await verify(name, "-m", model), "refuted");
      if (field === "outputs" || field === "trace") {
        expectOutcome(await verify(`${name}/receipt.json`, "-m", model, ...inputs), "refuted");
      }
    }
    expectOutcome(
      await verify(resigned("resigned-segments", { segments: 7 }), "-m", model),
      "refuted",
    );
  });

  test("published boundaries that are not the receipt's say nothing about where", async () => {
    const name = tampered("drill", "drill-trace", "executor/trace.bin", flip(0));
    const ran = await verify(name, "-m", model);
    expectOutcome(ran, "refuted");
    expect(ran.json.firstDifference).toBeUndefined();
  });

  test("broken executor data does not keep a run from being replayed", async () => {
    for (const file of ["executor/trace.bin", "executor/kept.bin"]) {
      const name = tampered("honest", `short-${file.slice(9)}`, file, (b) => b.subarray(1));
      expectOutcome(await verify(name, "-m", model), "verified");
    }
  });

  test("the granularity in run.json is not believed", async () => {
    const name = tampered("honest", "granularity", "run.json", (b) =>
      Buffer.from(b.toString().replace('"layer"', '"operator"')),
    );
    expectOutcome(await verify(name, "-m", model), "verified");
  });
});

describe("sample", () => {
  test("says with which probability one wrong segment would have been caught", async () => {
    const ran = await verify(
      "operators",
      "-m",
      model,
      "--share",
      "0.3",
      "--beacon",
      "0x".padEnd(34, "a"),
    );
    expect(expectOutcome(ran, "verified")).toContain("probability 30.0 %");
    expect(ran.json.sample).toMatchObject({ segments: 10, probability: 0.3 });
    expect(ran.json.sample.drawn).toHaveLength(3);
    const again = await verify(
      "operators",
      "-m",
      model,
      "--share",
      "0.3",
      "--beacon",
      "a".repeat(32),
    );
    expect(again.json.sample).toEqual(ran.json.sample);
  });

  test("all segments of an honest run agree, salted or not", async () => {
    for (const target of ["honest", "operators", "salted"]) {
      expectOutcome(await verify(target, "-m", model, ...DRAW), "verified");
    }
  });

  test("a drill is refuted where it is drawn, and only there", async () => {
    const all = await verify("drill", "-m", model, ...DRAW);
    expectOutcome(all, "refuted");
    const { segment } = all.json.firstDifference;
    for (let i = 0; i < 6; i++) {
      const beacon = String(i).repeat(32);
      const ran = await verify("drill", "-m", model, "--share", "0.01", "--beacon", beacon);
      expectOutcome(ran, ran.json.sample.drawn.includes(segment) ? "refuted" : "verified");
    }
  });

  test("a bare receipt could not be checked", async () => {
    const bare = await verify("honest/receipt.json", "-m", model, ...inputs, ...DRAW);
    expect(expectOutcome(bare, "could-not-check")).toContain("bare receipt");
    expectOutcome(await verify("honest/receipt.json", ...DRAW), "could-not-check");
  });

  test("executor data that is missing or cut could not be checked; false data refutes", async () => {
    const data = ["executor/kept.bin", "executor/trace.bin"];
    for (const [i, file] of data.entries()) {
      const cut = tampered("operators", `cut-${i}`, file, (b) => b.subarray(0, -1));
      expectOutcome(await verify(cut, "-m", model, ...DRAW), "could-not-check");
      rmSync(path(cut, file));
      expectOutcome(await verify(cut, "-m", model, ...DRAW), "could-not-check");
      const wrong = tampered("operators", `wrong-${i}`, file, flip(3));
      expectOutcome(await verify(wrong, "-m", model, ...DRAW), "refuted");
    }
  });

  test("a forged outputs root is caught although the last segment is not drawn", async () => {
    const key = parseKey(readFileSync(path("home", "key"), "utf8"));
    const forged = f32Tensor([4, 16], new Array(64).fill(0.5));
    // The outputs in the folder are those of the forged root, so that only the trace contradicts it.
    cpSync(path("operators"), path("forged"), { recursive: true });
    writeFileSync(path("forged", "outputs/probabilities.npy"), writeNpy(forged));
    const signed = receiptFromJson(readFileSync(path("operators", "receipt.json")));
    const { indexedRoot } = await import("../../src/merkle/indexed-root.js");
    const { commitTensor } = await import("../../src/merkle/tensor-tree.js");
    const { readNpy } = await import("../../src/files/npy.js");
    const r1 = readNpy(readFileSync(path("forged", "outputs/r1.npy")));
    const outputs = indexedRoot(
      nodeHasher,
      "outputs",
      [forged, r1].map((t) => commitTensor(nodeHasher, t)),
    );
    const receipt = signReceipt(nodeHasher, { ...signed.receipt, outputs }, key);
    writeFileSync(path("forged", "receipt.json"), receiptToJson(receipt));
    expectOutcome(await verify("forged"), "verified");
    for (let i = 0; i < 5; i++) {
      const ran = await verify(
        "forged",
        "-m",
        model,
        "--share",
        "0.1",
        "--beacon",
        String(i).repeat(32),
      );
      expect(expectOutcome(ran, "refuted")).toContain("not what its own trace ends with");
    }
    expectOutcome(await verify("forged", "-m", model), "refuted");
  });

  test.each([
    [["--mode", "sample"], "needs --share and --beacon"],
    [["--share", "0.5"], "needs --share and --beacon"],
    [["--share", "0.5", "--beacon", "00"], "at least 16 bytes"],
    [["--share", "0.5", "--beacon", "x".repeat(32)], "takes 16 bytes of hex"],
    [["--mode", "replay", "--share", "0.5"], "for --mode sample, not replay"],
  ])("%j is a usage error", async (args, message) => {
    const { code, json } = await verify("honest", "-m", model, ...args);
    expect([code, json.outcome, json.error.code]).toEqual([2, "could-not-check", "usage"]);
    expect(json.reason).toContain(message);
  });
});

describe("a salted receipt", () => {
  test("without its salt could not be checked", async () => {
    const cases = [
      ["-m", model, ...inputs],
      ["-m", model, ...inputs, "--mode", "check"],
    ];
    for (const args of cases) {
      const ran = await verify("salted/receipt.json", ...args);
      expect(expectOutcome(ran, "could-not-check")).toContain("its salt was not given");
    }
  });

  test("with its salt verifies, with another could not be checked", async () => {
    const { salt } = JSON.parse(readFileSync(path("salted", "run.json"), "utf8"));
    const bare = ["-m", model, ...inputs, "--salt"];
    expectOutcome(await verify("salted/receipt.json", ...bare, salt), "verified");
    const ran = await verify("salted/receipt.json", ...bare, "11".repeat(32));
    expect(expectOutcome(ran, "could-not-check")).toContain("not with the given salt");
  });

  test("alone is checked like any other", async () => {
    expectOutcome(await verify("salted/receipt.json"), "verified");
  });

  test("two runs of one input share no root", async () => {
    await run("salted-2", "--salt");
    const [a, b] = ["salted", "salted-2"].map((n) =>
      JSON.parse(readFileSync(path(n, "receipt.json"), "utf8")),
    );
    for (const field of ["inputs", "outputs", "trace", "salt"]) expect(a[field]).not.toBe(b[field]);
    for (const field of ["model", "binding", "plan"]) expect(a[field]).toBe(b[field]);
  });
});

describe("text", () => {
  test("says the same as the object", async () => {
    for (const [target, args] of [
      ["honest", ["-m", model]],
      ["drill", ["-m", model]],
      ["honest/receipt.json", ["-m", model]],
    ] as const) {
      const { json, code } = await verify(target, ...args);
      const text = await assay(["verify-run", path(target), ...args, "--backend", "interpreter"]);
      expect([text.code, text.stderr]).toEqual([code, ""]);
      for (const f of json.findings) expect(text.stdout).toContain(f.detail);
      const headline = json.outcome.toUpperCase().replaceAll("-", " ");
      expect(text.stdout).toContain(`\n${headline}: ${json.reason}\n`);
    }
  });

  test("lists a dozen of many segments that agree", async () => {
    const { describeReport } = await import("../../src/cli/verify-report.js");
    const { styleFor } = await import("../../src/cli/style.js");
    const { json } = await verify("honest", "-m", model);
    const findings = Array.from({ length: 500 }, (_, i) => ({
      what: `segment ${i}`,
      result: "ok",
      detail: "agrees",
    }));
    const text = describeReport(
      { ...json, findings: [...json.findings, ...findings] },
      styleFor({}, {}),
    );
    expect(text.match(/segment \d+ /g)).toHaveLength(12);
    expect(text).toContain("and 488 more segments agree");
  });

  test("colour only on a terminal", async () => {
    const written: string[] = [];
    const terminal = { isTTY: true, write: (t: string) => written.push(t) };
    await assay(["verify-run", path("honest")], { stdout: terminal, env: {} });
    expect(written.join("")).toContain("\u001b[");
    written.length = 0;
    await assay(["verify-run", path("honest")], { stdout: terminal, env: { NO_COLOR: "1" } });
    expect(written.join("")).not.toContain("\u001b[");
  });
});
