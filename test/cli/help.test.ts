import { describe, expect, test } from "vitest";
import { readArguments } from "../../src/cli/arguments.js";
import { allCommands } from "../../src/cli/commands/index.js";
import { commandHelp, generalHelp, wrapped } from "../../src/cli/help.js";
import { assay } from "./support.js";

const COMMANDS = await allCommands();

/** Words as a shell splits them; no example needs quotes. */
const split = (line: string): string[] => line.split(" ").slice(1);

describe("help", () => {
  test("the commands with one line each", async () => {
    const { code, stdout, stderr } = await assay(["--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: assay <command> [options]

      Did this model, on this input, really produce this output? Assay runs models
      with the same bits on every machine, signs what came out, and finds the first
      wrong operator of a run that lies.

      Runs and receipts:
        demo                      see an honest run verified and a cheating one
                                  convicted, in seconds
        run <model>               run a model, commit to every layer and sign a
                                  receipt
        verify-run <target>       verify a run folder or a receipt, or play a dispute
                                  between two runs
        inspect <target>          show what a model, a receipt or a run folder is
        doctor                    show which backends work here, and why others do not

      A network:
        ledger serve <folder>     keep a ledger in a folder and serve it over HTTP
        ledger check <folder>     replay a ledger's log and show what it amounts to
        ledger deposit <address>  let money into a ledger, as its operator
        account                   show an account on a ledger: money, stake, open
                                  bonds
        executor serve            run the jobs that a ledger draws this account for,
                                  for a fee
        watch                     re-execute the jobs of a ledger and challenge what
                                  is wrong
        job post <model>          have a model run by executors of a ledger
        job show <id>             show how a job stands: phases, receipts, disputes
                                  and verdicts

      Options:
        -h, --help     show help; also after a command
            --version  show the version

      Examples:
        See it all at work, in seconds:
          assay demo

        Run a model and keep a signed receipt:
          assay run model.onnx -i x=x.npy -o my-run

        Check somebody's run, bit for bit:
          assay verify-run their-run -m model.onnx

      Exit codes: 0 done or verified (--against: the other run is at fault), 1 refuted
      or outside tolerance, 2 failed, interrupted or could not check.
      "
    `);
  });

  test("of run", async () => {
    const { code, stdout } = await assay(["run", "--help"]);
    expect(code).toBe(0);
    // The default number of threads is the machine's.
    expect(stdout.replace(/(bit \(default: )\d/, "$1N")).toMatchInlineSnapshot(`
      "Usage: assay run <model> --out <folder> [options]

      Runs an ONNX model and writes a run folder: a signed receipt, the outputs as
      .npy, and what its executor needs to defend the run. What crosses a layer is
      committed to on the way.

      Argument:
            <model>                   an ONNX file

      Inputs:
        -i, --input <name=file>       a graph input from a .npy, .pb or .json file
                                      (may be repeated)

      Writing:
        -o, --out <folder>            folder for the run; new or empty (required)
            --force                   replace an earlier run in --out

      The receipt:
            --key <file>              sign with this key, 64 hex digits (default: a
                                      local key, made on first use)
            --granularity <name>      commit after every layer, or after every
                                      operator (one of layer, operator; default:
                                      layer)
            --context <hex>           32 bytes that say what the run is for, such as a
                                      ledger's job
            --salt                    mask the roots, so that nobody can guess inputs
                                      from the receipt

      Comparing:
            --expect <name=file>      compare an output with someone else's; exit code
                                      1 if it is outside tolerance (may be repeated)
            --rtol <number>           relative tolerance of --expect (default: 0.001)
            --atol <number>           absolute tolerance of --expect (default:
                                      0.00001)

      Computing:
            --backend <name>          where to compute; every backend gives the same
                                      bits (one of auto, native, wasm, interpreter;
                                      default: auto)
            --threads <n>             compute threads; their number never changes a
                                      bit (default: N)
            --memory-limit <MiB>      refuse to start above this (default: the memory
                                      that is free)
            --profile <file>          show where the time goes, and write it to a new
                                      file as a Chrome trace
            --no-cache                hash the weights anew; else once for a file,
                                      with a note beside it

      Drills:
            --corrupt <op[:element]>  falsify one element of the output of an
                                      operator, by index or name, and carry on from
                                      there; the receipt does not show it, a dispute
                                      does

      Output:
            --json                    print one JSON object and nothing else
            --verbose                 say more, and show stack traces of errors
        -h, --help                    show this help

      Examples:
        Run a model and write a receipt:
          assay run mnist.onnx -i Input3=digit.npy -o my-run

        Cheat on purpose, to see a dispute find it:
          assay run mnist.onnx -i Input3=digit.npy -o drill --corrupt 5

        Compare with what another runtime gave:
          assay run mnist.onnx -i Input3=digit.npy -o my-run --expect Plus214=theirs.npy

      Exit codes: 0 done or verified (--against: the other run is at fault), 1 refuted
      or outside tolerance, 2 failed, interrupted or could not check.
      "
    `);
  });

  test("of a family of commands", async () => {
    for (const args of [
      ["ledger", "--help"],
      ["help", "ledger"],
      ["--help", "ledger"],
    ]) {
      const { code, stdout } = await assay(args);
      expect(code).toBe(0);
      expect(stdout).toContain("Usage: assay ledger <command> [options]\n");
      for (const name of ["serve <folder>", "check <folder>", "deposit <address>"]) {
        expect(stdout).toContain(`  ledger ${name}`);
      }
      expect(stdout).not.toContain("executor serve");
    }
  });

  test("is the same however it is asked for", async () => {
    const asked = [
      ["run", "--help"],
      ["run", "-h"],
      ["help", "run"],
      ["--help", "run"],
      ["run", "m", "-o", "x", "-h"],
    ];
    const [first, ...rest] = await Promise.all(asked.map((args) => assay(args)));
    for (const { code, stdout } of rest) expect([code, stdout]).toEqual([0, first?.stdout]);
  });

  test("without a command: on stderr, and not a success", async () => {
    const { code, stdout, stderr } = await assay([]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Runs and receipts:");
  });

  test("the version", async () => {
    const { code, stdout } = await assay(["--version"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  describe.each([60, 80, 100])("in %i columns", (width) => {
    test.each(COMMANDS.map((c) => [c.name, c] as const))(
      "%s fits and lists every option",
      (_, c) => {
        const text = commandHelp(c, width);
        const lines = text.split("\n");
        const wide = lines.filter((l) => l.length > width && !l.startsWith("    assay "));
        expect(wide).toEqual([]);
        expect(lines.filter((l) => l.length > 160)).toEqual([]);
        for (const [key, option] of Object.entries(c.options)) {
          expect(text).toContain(`--${key}`);
          expect(option.describe).toMatch(/^[a-z0-9][^\n]+[^.]$/);
        }
        expect(text).not.toMatch(/\[default|\[array|undefined|\[\]/);
      },
    );

    test("so does the general one", () => {
      const lines = generalHelp(COMMANDS, width).split("\n");
      expect(lines.filter((l) => l.length > width)).toEqual([]);
    });
  });

  const examples = COMMANDS.flatMap((c) => c.examples.map((e) => [e.command, c] as const));
  test.each(examples)("%s is a command line that works", (line, command) => {
    const request = readArguments(split(line), COMMANDS);
    expect(request).toMatchObject({ kind: "run", command });
  });

  test("no two options of a command share a letter", () => {
    for (const { options } of COMMANDS) {
      const letters = Object.values(options).flatMap((o) => o.alias ?? []);
      expect(new Set(letters).size).toBe(letters.length);
    }
  });
});

test("wrapping keeps every word", () => {
  const text = "one two three four a-very-long-word-that-fits-nowhere five";
  expect(wrapped(text, 12).join(" ")).toBe(text);
  expect(wrapped("one two three", 7)).toEqual(["one two", "three"]);
});
