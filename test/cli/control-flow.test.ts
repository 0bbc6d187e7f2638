import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { i64Tensor } from "../../operators/index.js";
import { writeNpy } from "../../src/files/npy.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { modelOf, type SubgraphSpec, subgraph } from "../support/graphs.js";
import { assay, matrix, type Ran, workFolder } from "./support.js";

/** A model whose rate decides a branch, and in whose branch a loop runs as often as an input says. */
const folder = workFolder();
const path = (...names: string[]): string => join(folder, ...names);
const env = { ASSAY_HOME: path("home") };

const step: SubgraphSpec = {
  inputs: ["i", "c", "h"],
  outputs: ["c", "r", "m"],
  nodes: [
    { op: "MatMul", inputs: ["h", "w"], outputs: ["m"] },
    { op: "Add", inputs: ["m", "x"], outputs: ["a"] },
    { op: "Tanh", inputs: ["a"], outputs: ["r"] },
  ],
  weights: { w: "branch/then_branch/loop/body/w" },
};
const model = modelOf({
  inputs: [
    { name: "x", dims: [4, 16] },
    { name: "rate", dtype: "i64", dims: [] },
    { name: "trips", dtype: "i64", dims: [] },
  ],
  outputs: ["y", "rows"],
  nodes: [
    { op: "Equal", inputs: ["rate", "known"], outputs: ["c"], name: "is16k" },
    {
      op: "If",
      name: "branch",
      inputs: ["c"],
      outputs: ["y", "rows"],
      attributes: {
        then_branch: subgraph({
          outputs: ["last", "all"],
          nodes: [
            {
              op: "Loop",
              name: "loop",
              inputs: ["trips", "", "x"],
              outputs: ["last", "all"],
              attributes: { body: subgraph(step) },
            },
          ],
        }),
        else_branch: subgraph({
          outputs: ["n", "n"],
          nodes: [{ op: "Neg", inputs: ["x"], outputs: ["n"] }],
        }),
      },
    },
  ],
  weights: { known: i64Tensor([], [16000]), "branch/then_branch/loop/body/w": matrix([16, 16], 1) },
});

const inputs = (rate: number, trips: number): string[] => {
  writeFileSync(path(`${rate}.npy`), writeNpy(i64Tensor([1], [rate])));
  writeFileSync(path(`${trips}.npy`), writeNpy(i64Tensor([], [trips])));
  return ["x=x.npy", `rate=${rate}.npy`, `trips=${trips}.npy`].flatMap((spec) => {
    const [name, file] = spec.split("=") as [string, string];
    return ["-i", `${name}=${path(file)}`];
  });
};

const run = (name: string, given: readonly string[], ...args: string[]): Promise<Ran> =>
  assay(
    [
      "run",
      path("m.onnx"),
      ...given,
      "-o",
      path(name),
      "--json",
      "--backend",
      "interpreter",
      ...args,
    ],
    { env },
  );

const verify = (name: string, ...args: string[]): Promise<Ran> =>
  assay(
    ["verify-run", path(name), "-m", path("m.onnx"), "--json", "--backend", "interpreter", ...args],
    {
      env,
    },
  );

let honest: Ran;

beforeAll(async () => {
  writeFileSync(
    path("m.onnx"),
    writeOnnx(model, { opsets: new Map([["", 20]]), producer: "test" }),
  );
  writeFileSync(path("x.npy"), writeNpy(matrix([4, 16], 5)));
  honest = await run("honest", inputs(16000, 3));
  await run("drill", inputs(16000, 3), "--corrupt", "branch/then/loop[1]/Add_1:7");
  await run("other-branch", inputs(8000, 3));
  await run("longer", inputs(16000, 4));
});

describe("a run of a model with a branch and a loop", () => {
  test("is made, and one element is enough for a scalar", () => {
    expect([honest.code, honest.stderr]).toEqual([0, ""]);
  });

  test("is verified by sampling and by replay", async () => {
    const draw = ["--share", "1", "--beacon", "00".repeat(16)];
    for (const mode of [["replay"], ["sample", ...draw]]) {
      const { code, json } = await verify("honest", "--mode", ...mode);
      expect([code, json.outcome]).toEqual([0, "verified"]);
    }
  });

  test("with a false element is convicted of it, by the name it has in the iteration", async () => {
    const replayed = await verify("drill", "--mode", "replay");
    expect([replayed.code, replayed.json.outcome]).toEqual([1, "refuted"]);
    const { code, json } = await verify("drill", "--against", path("honest"));
    expect([code, json.outcome]).toEqual([1, "refuted"]);
    expect(json.parties[0].outcome.evidence.operator.name).toBe("branch/then/loop[1]/Add_1");
    const other = await verify("honest", "--against", path("drill"));
    expect([other.code, other.json.outcome]).toEqual([0, "not-refuted"]);
  });

  test("has a plan of its own for each branch and number of iterations", async () => {
    for (const name of ["other-branch", "longer"]) {
      const { code, json } = await verify("honest", "--against", path(name));
      expect([code, json.outcome]).toEqual([2, "could-not-check"]);
      expect((await verify(name, "--mode", "replay")).json.outcome).toBe("verified");
    }
  });

  test("inspect shows what the file states where the values are not there", async () => {
    const { json } = await assay(["inspect", path("m.onnx"), "--json"]);
    expect(json.bound).toBe(false);
    expect(json.reason).toContain("branch: which branch is taken depends on values");
    expect(json.operators.map((o: { name: string }) => o.name)).toEqual([
      "is16k",
      "branch",
      "branch/then_branch/loop",
      "branch/then_branch/loop/body/MatMul_0",
      "branch/then_branch/loop/body/Add_1",
      "branch/then_branch/loop/body/Tanh_2",
      "branch/else_branch/Neg_0",
    ]);
  });
});
