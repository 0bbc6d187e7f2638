import { describe, expect, test } from "vitest";
import { camelCase, readArguments } from "../../src/cli/arguments.js";
import { allCommands } from "../../src/cli/commands/index.js";
import { assay } from "./support.js";

const COMMANDS = await allCommands();

const parsed = (...words: string[]) => {
  const request = readArguments(words, COMMANDS);
  if (request.kind !== "run") throw new Error(`${request.kind}`);
  return request.args;
};

describe("arguments", () => {
  test("repeated inputs do not swallow what follows them", () => {
    const args = parsed("run", "-i", "x=x.npy", "m.onnx", "--input", "y=y.npy", "-o", "out");
    expect(args).toMatchObject({ model: "m.onnx", input: ["x=x.npy", "y=y.npy"], out: "out" });
  });

  test("values that look like something else stay text", () => {
    const args = parsed("run", "1e3", "-o", "007", "--corrupt=3:4", "--context=0x01");
    expect(args).toMatchObject({ model: "1e3", out: "007", corrupt: "3:4", context: "0x01" });
  });

  test("defaults, numbers and flags", () => {
    const args = parsed("run", "m", "-o", "x", "--memory-limit", "1.5e3", "--rtol", "0");
    expect(args).toMatchObject({
      input: [],
      backend: "auto",
      granularity: "layer",
      memoryLimit: 1500,
      rtol: 0,
      atol: 1e-5,
      json: false,
      force: false,
      key: undefined,
    });
    expect(parsed("run", "m", "-o", "x", "--json", "--force")).toMatchObject({
      json: true,
      force: true,
    });
  });

  test("after -- everything is an argument", () => {
    expect(parsed("inspect", "--", "--json")).toMatchObject({ target: "--json", json: false });
  });

  test("commands of two words take their target behind both", () => {
    const args = parsed("ledger", "serve", "folder", "--port", "0");
    expect(args).toMatchObject({ folder: "folder", port: 0, host: "127.0.0.1", public: false });
  });

  test("names in camel case", () => {
    expect(camelCase("expect-model")).toBe("expectModel");
  });
});

describe("usage errors", () => {
  test.each([
    ["run m -o x --treads 2", "run has no option --treads", "did you mean --threads?"],
    [
      "run m -o x --memory-limti 2",
      "run has no option --memory-limti",
      "did you mean --memory-limit?",
    ],
    ["run m -o x --no-json", "run has no option --no-json", "see: assay run --help"],
    ["run m -o x --input.x=3", "run has no option --input.x", "did you mean --input?"],
    ["run m -o x -q", "run has no option -q", "see: assay run --help"],
    ["run m -o x -i=a -ofoo", "run has no option -ofoo", "see: assay run --help"],
    ["verify-run r --modle m", "verify-run has no option --modle", "did you mean --model?"],
    ["rnu m", 'there is no command "rnu"', "did you mean run?"],
    ["verify r", 'there is no command "verify"', "did you mean verify-run?"],
    [
      "frobnicate",
      'there is no command "frobnicate"',
      "there are demo, run, verify-run, inspect, doctor, ledger, account, executor, watch, job; see: assay --help",
    ],
    [
      "ledger",
      "ledger what?",
      "there are ledger serve, ledger check, ledger deposit; see: assay ledger --help",
    ],
    ["ledger srve f", 'there is no command "ledger srve"', "did you mean ledger serve?"],
    [
      "job frobnicate",
      'there is no command "job frobnicate"',
      "there are job post, job show; see: assay job --help",
    ],
    ["ledger --port 3", 'there is no command "ledger 3"', "there are ledger serve"],
    ["ledger --frob", "there is no option --frob of ledger alone", "see: assay ledger --help"],
    ["legder serve f", 'there is no command "legder"', "did you mean ledger?"],
    ["ledger serve", "ledger serve needs <folder>", undefined],
    ["ledger serve f --prot 3", "ledger serve has no option --prot", "did you mean --port?"],
    ["ledger serve f --port 70000", "--port is a whole number from 0 to 65535", undefined],
    ["ledger deposit 0x1 --ledger u", "ledger deposit needs --amount <n>", undefined],
    ["account --ledger u --stake 0", '--stake is a whole number from 1, not "0"', undefined],
    ["executor serve --ledger u", "executor serve needs --data <folder>", undefined],
    ["watch", "watch needs --ledger <url>", undefined],
    ["job post m --ledger u --mode often", "--mode is instant, sampled", undefined],
    ["job show --ledger u", "job show needs <id>", undefined],
    ["--verbose", "which command?", "see: assay --help"],
    ["--frob", "there is no option --frob without a command", "see: assay --help"],
    ["run", "run needs <model>: an ONNX file", "see: assay run --help"],
    [
      "run m",
      "run needs --out <folder>: folder for the run; new or empty",
      "see: assay run --help",
    ],
    ["run m n -o x", '"n" is one argument too many', "see: assay run --help"],
    ["run m -o", "-o needs a value", "see: assay run --help"],
    ["run m -o x -o y", "--out is given 2 times", "give it once"],
    [
      "run m -o x --granularity layers",
      '--granularity is layer or operator, not "layers"',
      "did you mean layer?",
    ],
    [
      "run m -o x --backend cuda",
      '--backend is auto, native, wasm or interpreter, not "cuda"',
      undefined,
    ],
    ["run m -o x --threads 0", '--threads is a whole number from 1 to 64, not "0"', undefined],
    ["run m -o x --threads two", '--threads is a whole number from 1 to 64, not "two"', undefined],
    ["run m -o x --threads 0x2", '--threads is a whole number from 1 to 64, not "0x2"', undefined],
    ["run m -o x --rtol -1", '--rtol is a number from 0, not "-1"', undefined],
    [
      "run m -o x --memory-limit 0",
      '--memory-limit is a number of MiB above 0, not "0"',
      undefined,
    ],
    ["verify-run r --share 1.5", '--share is a number above 0 and at most 1, not "1.5"', undefined],
    [
      "verify-run r --mode smaple",
      '--mode is check, sample or replay, not "smaple"',
      "did you mean sample?",
    ],
  ])("%s", async (line, message, hint) => {
    const { code, stdout, stderr } = await assay(line.split(" "));
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr.startsWith(`error [usage]: ${message}`)).toBe(true);
    if (hint) expect(stderr).toContain(`\n  hint: ${hint}`);
  });

  // A shell variable that is not set must not turn a pin, a salt or a folder off.
  test.each([
    "expect-model",
    "expect-executor",
    "expect-context",
    "salt",
    "against",
    "beacon",
    "model",
    "input",
    "mode",
  ])("an empty --%s is refused", async (name) => {
    for (const words of [[`--${name}=`], [`--${name}`, ""]]) {
      const { code, stderr } = await assay(["verify-run", "r", ...words]);
      expect(code).toBe(2);
      expect(stderr).toMatch(new RegExp(`^error \\[usage\\]: --${name} (is empty|needs a value)`));
    }
  });

  test("under --json: one object on stdout, nothing on stderr", async () => {
    const { code, json, stderr } = await assay(["run", "m", "-o", "x", "--json", "--treads", "2"]);
    expect([code, stderr]).toEqual([2, ""]);
    expect(json).toEqual({
      error: {
        code: "usage",
        message: "run has no option --treads",
        hint: "did you mean --threads?",
        facts: {},
      },
    });
  });

  test("a stack only under --verbose", async () => {
    const { stderr } = await assay(["run", "m", "-o", "x", "--verbose", "--treads", "2"]);
    expect(stderr).toMatch(/^ {4}at /m);
    expect((await assay(["run", "m", "-o", "x", "--treads"])).stderr).not.toMatch(/^ {4}at /m);
  });
});
