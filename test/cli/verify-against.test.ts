import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { assay, type Ran, smallWorld } from "./support.js";

const world = smallWorld();
const { path, run, verify, model, inputs, env } = world;

beforeAll(async () => {
  await run("honest");
  await run("same");
  await run("operators", "--granularity", "operator");
  await run("drill", "--corrupt", "3:7");
  await run("drill-later", "--corrupt", "6:9");
  await run("drill-a", "--granularity", "operator", "--corrupt", "3:7");
  await run("drill-b", "--granularity", "operator", "--corrupt", "3:30");
  await run("drill-operators", "--granularity", "operator", "--corrupt", "5:1");
  await run("salted", "--salt");
  await run("salted-drill", "--salt", "--corrupt", "3:7");
  const other = ["-i", `x=${path("other-x.npy")}`, "-i", `bias=${path("bias.npy")}`];
  const args = ["run", model, ...other, "-o", path("other-input"), "--backend", "interpreter"];
  await assay(args, { env });
});

const dispute = (target: string, other: string, ...args: string[]): Promise<Ran> =>
  verify(target, "-m", model, "--against", path(other), ...args);

describe("--against", () => {
  test("a drill against an honest run is refuted, at the operator that was falsified", async () => {
    for (const [cheat, honest, operator, element] of [
      ["drill", "honest", "/m2/MatMul", [0, 7]],
      ["drill-operators", "operators", "/r2/Relu", [0, 1]],
      ["salted-drill", "salted", "/m2/MatMul", [0, 7]],
      ["drill", "salted", "/m2/MatMul", [0, 7]],
    ] as const) {
      const { code, json, stderr } = await dispute(cheat, honest);
      expect([code, json.outcome, stderr], `${cheat}`).toEqual([1, "refuted", ""]);
      const [mine, theirs] = json.parties;
      expect([mine.atFault, theirs.atFault]).toEqual([true, false]);
      const { evidence } = mine.outcome;
      expect(evidence.operator.name).toBe(operator);
      expect(evidence.element.coordinates).toEqual(element);
      expect(mine.cost.operator.steps).toBeLessThan(mine.cost.run.steps);
      expect(json.reason).toContain(operator);
    }
  });

  test("an honest run against a drill stands", async () => {
    const { code, json } = await dispute("honest", "drill");
    expect([code, json.outcome]).toEqual([0, "not-refuted"]);
    expect(json.parties[1].atFault).toBe(true);
    expect(json.reason).toMatch(/honest stands against .*drill, which is at fault/);
    expect(json.signerPinned).toBe(false);
  });

  test("of two drills the first difference convicts", async () => {
    const both = await dispute("drill-a", "drill-b");
    expect([both.code, both.json.parties.map((p: { atFault: boolean }) => p.atFault)]).toEqual([
      1,
      [true, true],
    ]);
    const earlier = await dispute("drill", "drill-later");
    expect([earlier.code, earlier.json.parties[0].atFault]).toEqual([1, true]);
  });

  test("a run against itself, or against the same bits", async () => {
    for (const [a, b] of [
      ["honest", "honest"],
      ["honest", "same"],
      ["drill", "drill"],
      ["honest", "salted"],
    ] as const) {
      const { code, json } = await dispute(a, b);
      // Agreement verifies nothing: two drills agree too.
      expect([code, json.outcome]).toEqual([2, "could-not-check"]);
      expect(json.reason).toContain("the same bits");
    }
  });

  test("other inputs or another granularity: no dispute", async () => {
    for (const other of ["other-input", "operators"]) {
      const { code, json } = await dispute("honest", other);
      expect([code, json.outcome]).toEqual([2, "could-not-check"]);
      expect(json.parties).toBeUndefined();
    }
  });

  test("a target that is wrong on paper is refuted before any dispute", async () => {
    cpSync(path("honest"), path("paper"), { recursive: true });
    const receipt = readFileSync(path("paper", "receipt.json"), "utf8");
    writeFileSync(path("paper", "receipt.json"), receipt.replace(/("trace": "0x)../, "$1ab"));
    const { code, json } = await dispute("paper", "honest");
    expect([code, json.outcome]).toEqual([1, "refuted"]);
    expect(json.reason).toContain("signature");
    const text = await assay([
      "verify-run",
      path("paper"),
      "-m",
      model,
      "--against",
      path("honest"),
    ]);
    expect(text.stdout).toMatch(/✗ signature .*\n\nREFUTED: /);
    // The other way round there is nobody to dispute with.
    const reverse = await dispute("honest", "paper");
    expect([reverse.code, reverse.json.outcome]).toEqual([2, "could-not-check"]);
    expect(reverse.json.reason).toContain("is no claim to dispute with");
  });

  test("pins hold for the target", async () => {
    const pin = ["--expect-executor", "11".repeat(20)];
    expect((await dispute("honest", "drill", ...pin)).json.outcome).toBe("refuted");
    const { executor } = (await verify("honest")).json;
    const { json } = await dispute("honest", "drill", "--expect-executor", executor);
    expect(json).toMatchObject({ outcome: "not-refuted", signerPinned: true });
  });

  test("executor data that was tampered with defends nobody", async () => {
    cpSync(path("honest"), path("kept"), { recursive: true });
    const kept = readFileSync(path("kept", "executor/kept.bin"));
    writeFileSync(path("kept", "executor/kept.bin"), Buffer.alloc(kept.length));
    const { code, json } = await dispute("kept", "drill");
    expect([code, json.outcome]).toEqual([1, "refuted"]);
  });

  test("as text", async () => {
    const { stdout, code } = await assay([
      "verify-run",
      path("drill"),
      "-m",
      model,
      "--against",
      path("honest"),
    ]);
    expect(code).toBe(1);
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/^ {2}✗ .*drill: operator 3 "\/m2\/MatMul" \(MatMul\)/);
    expect(lines[3]).toMatch(/^ {2}✓ .*honest: operator 3/);
    expect(lines[2]).toMatch(
      /recomputed one operator: \S+.* of \S+.* steps \(\d+\.\d\d % of the run\)/,
    );
    expect(lines[7]).toMatch(/^REFUTED: .*drill is at fault/);
  });
});

describe("--against cannot", () => {
  test.each([
    [
      "without a model",
      () => verify("honest", "--against", path("drill")),
      "--against needs --model",
    ],
    ["for a bare receipt", () => dispute("honest/receipt.json", "drill"), "is not a run folder"],
    [
      "against a bare receipt",
      () => dispute("honest", "drill/receipt.json"),
      "is not a run folder",
    ],
    ["against nothing", () => dispute("honest", "nowhere"), "is not a run folder"],
    ["with a mode", () => dispute("honest", "drill", "--mode", "replay"), "takes no --mode"],
    ["with other inputs", () => dispute("honest", "drill", ...inputs), "takes no --mode"],
  ])("%s", async (_, dispute, message) => {
    const { code, json } = await dispute();
    expect([code, json.outcome]).toEqual([2, "could-not-check"]);
    expect(json.reason).toContain(message);
  });

  test("with a folder that lacks what its executor needs", async () => {
    for (const file of [
      "executor/kept.bin",
      "executor/trace.bin",
      "executor/inputs.bin",
      "run.json",
    ]) {
      cpSync(path("drill"), path("lacking"), { recursive: true });
      rmSync(path("lacking", file));
      const { code, json } = await dispute("lacking", "honest");
      expect([code, json.error.code]).toEqual([2, "run/incomplete"]);
    }
  });

  test.each([
    { node: 10, element: 0 },
    { node: -1, element: 0 },
    { node: 3, element: 64 },
    { node: 3, element: -1 },
    { node: 2 ** 53, element: 0 },
    { node: 1e300, element: 0 },
    { node: "3", element: 0 },
  ])("with a drill outside the plan: %j", async (drill) => {
    cpSync(path("drill"), path("drilled"), { recursive: true });
    const description = JSON.parse(readFileSync(path("drilled", "run.json"), "utf8"));
    const wrong = { ...description, drill: { ...drill, masked: false } };
    writeFileSync(path("drilled", "run.json"), JSON.stringify(wrong));
    const { code, json } = await dispute("drilled", "honest");
    expect([code, json.error.code]).toEqual([2, "json/malformed"]);
  });
});
