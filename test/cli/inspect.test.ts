import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Model } from "../../src/graph/types.js";
import { assay, onnxOf, smallModel, smallWorld } from "./support.js";

const world = smallWorld();
const { path, run, model } = world;

beforeAll(async () => {
  await run("honest", "--context", "ab".repeat(32));
  await run("drill", "--corrupt", "3:7");
});

describe("inspect a model", () => {
  test("operators, layers, sizes, digests and cost", async () => {
    const { code, json, stderr } = await assay(["inspect", model, "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(json).toMatchObject({ kind: "model", bound: true, weightCount: 4, weightBytes: 3136 });
    expect(json.operators).toHaveLength(10);
    expect(json.operators[3]).toMatchObject({
      index: 3,
      name: "/m2/MatMul",
      operator: "MatMul-13",
      output: [{ dtype: "f32", dims: [1, 16] }],
    });
    const sum = json.operators.reduce(
      (n: number, o: { cost: { steps: number } }) => n + o.cost.steps,
      0,
    );
    expect(sum).toBe(json.cost.steps);
    const receipt = JSON.parse(readFileSync(path("honest", "receipt.json"), "utf8"));
    expect(json.model).toBe(receipt.model);
  });

  test("as a table", async () => {
    const { stdout } = await assay(["inspect", model]);
    const lines = stdout.split("\n");
    expect(lines).toContain("  input      x f32[batch,16]");
    expect(lines).toContain("             4 tensors, 3.1 KiB");
    expect(lines.filter((l) => /^ *\d+ +\d+ +\/\S+ +\w+-\d+ +f32\[1,16\]/.test(l))).toHaveLength(
      10,
    );
  });

  test("--dim gives a symbol its size; a wrong symbol is named", async () => {
    const { json } = await assay(["inspect", model, "--json", "--dim", "batch=8"]);
    expect(json.operators[0].output[0].dims).toEqual([8, 16]);
    const wrong = await assay(["inspect", model, "--dim", "bacth=8"]);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      'error [usage]: --dim: the model has no symbolic dimension "bacth"\n  hint: did you mean batch?\n',
    ]);
    for (const spec of ["batch", "batch=", "batch=-1", "=3", "batch=1e3"]) {
      expect((await assay(["inspect", model, "--dim", spec])).stderr).toContain(
        "takes symbol=number",
      );
    }
  });

  test("a long model is cut, unless all of it is asked for", async () => {
    writeFileSync(path("long.onnx"), onnxOf(longModel(500)));
    const { stdout } = await assay(["inspect", path("long.onnx")]);
    expect(stdout).toContain("… and 400 more\n--all lists every operator\n");
    const all = (await assay(["inspect", path("long.onnx"), "--all"])).stdout;
    expect(all.split("\n").length).toBeGreaterThan(500);
    expect((await assay(["inspect", path("long.onnx"), "--json"])).json.operators).toHaveLength(
      500,
    );
  });

  test("whose shapes hang on the value of an input is shown unbound", async () => {
    writeFileSync(path("steered.onnx"), onnxOf(steeredModel()));
    const { json, code } = await assay(["inspect", path("steered.onnx"), "--json"]);
    expect([code, json.bound]).toEqual([0, false]);
    expect(json.operators).toEqual([{ index: 0, name: "reshape", operator: "Reshape-14" }]);
    expect((await assay(["inspect", path("steered.onnx")])).stdout).toContain(
      "not bound to shapes: ",
    );
  });
});

describe("inspect a receipt", () => {
  test("what it says and whether its signature is its executor's", async () => {
    const { json, code } = await assay(["inspect", path("honest", "receipt.json"), "--json"]);
    const receipt = JSON.parse(readFileSync(path("honest", "receipt.json"), "utf8"));
    const { signature, ...fields } = receipt;
    expect(code).toBe(0);
    expect(json).toMatchObject({ kind: "receipt", signature, signatureValid: true });
    expect(json.fields).toEqual({ ...fields, generation: null, salt: null });
    const { stdout } = await assay(["inspect", path("honest", "receipt.json")]);
    expect(stdout).toContain("generation (absent)");
    expect(stdout).toContain("valid: the executor's own");
  });

  test("whose name does not end in .json, and with a wrong signature", async () => {
    const text = readFileSync(path("honest", "receipt.json"), "utf8");
    writeFileSync(path("receipt.txt"), text.replace(/("trace": "0x)../, "$1ab"));
    const { json } = await assay(["inspect", path("receipt.txt"), "--json"]);
    expect(json.signatureValid).toBe(false);
    expect((await assay(["inspect", path("receipt.txt")])).stdout).toContain("INVALID");
  });

  test("a run folder says what it was run on, and that it is a drill", async () => {
    const { json } = await assay(["inspect", path("drill"), "--json"]);
    expect(json).toMatchObject({
      kind: "receipt",
      granularity: "layer",
      inputs: [{ name: "x", dims: [4, 16] }, { name: "bias" }],
      outputs: [{ name: "probabilities", file: "outputs/probabilities.npy" }, { name: "r1" }],
      drill: { node: 3, element: 7, masked: false },
    });
    const { stdout } = await assay(["inspect", path("honest")]);
    expect(stdout).not.toContain("drill");
  });
});

function longModel(length: number): Model {
  const { graph, weights } = smallModel();
  const nodes = Array.from({ length }, (_, i) => ({
    name: `relu ${i}`,
    domain: "",
    operator: "Relu",
    version: 14,
    attributes: new Map(),
    inputs: [i === 0 ? "x" : `v${i}`],
    outputs: [i === length - 1 ? "r1" : `v${i + 1}`],
  }));
  const [, output] = graph.outputs;
  return { graph: { ...graph, outputs: output ? [output] : [], nodes }, weights };
}

function steeredModel(): Model {
  const reshape = {
    name: "reshape",
    domain: "",
    operator: "Reshape",
    version: 14,
    attributes: new Map(),
    inputs: ["x", "shape"],
    outputs: ["y"],
  };
  return {
    graph: {
      name: "steered",
      inputs: [
        { name: "x", dtype: "f32", dims: [4, 4] },
        { name: "shape", dtype: "i64", dims: [2] },
      ],
      outputs: [{ name: "y", dtype: "f32", dims: null }],
      nodes: [reshape],
    },
    weights: new Map(),
  };
}
