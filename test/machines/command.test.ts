import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testMachines } from "./command.js";
import { FACTS, fakeMachine, machineThat, missingMachine, row, sampleRows } from "./fakes.js";
import type { MachineUnderTest } from "./machines/machine.js";

async function run(machines: readonly MachineUnderTest[], ...args: string[]) {
  let text = "";
  const code = await testMachines(args, machines, {
    print: (t) => {
      text += t;
    },
    progress: () => {},
  });
  return { code, text };
}

const good = fakeMachine("good", sampleRows);
const same = fakeMachine("same", sampleRows);
/** One bit of one case in one column. */
const faulty = fakeMachine("faulty", (column) =>
  column === "wasm ×3" ? [row("Add", "0x01", "0x02"), row("MatMul", "0x02")] : sampleRows(column),
);
const silent = machineThat("silent", async (_, listen) => listen({ kind: "engine", facts: FACTS }));
const dying = machineThat("dying", () => Promise.reject(new Error("killed by SIGILL")));
const confused = machineThat("confused", async (_, listen) => {
  listen({ kind: "engine", facts: FACTS });
  listen({ kind: "failed", error: "no SIMD here" });
});
const endless = machineThat(
  "endless",
  (_, __, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("stopped")));
    }),
);
const absent = missingMachine("absent");

describe("the command", () => {
  it("succeeds where all machines agree", async () => {
    const { code, text } = await run([good, same]);
    expect(code).toBe(0);
    expect(text).toContain("identical: 3 rows, 12 columns, 2 machines run, 0 missing");
    expect(text).toMatch(/MatMul +1 +[0-9a-f]{16} +8 of 8\n/);
  });

  it("fails at one injected fault and names the operator, case, machine and column", async () => {
    const { code, text } = await run([good, faulty, same]);
    expect(code).toBe(1);
    expect(text).toContain(
      "first difference: MatMul, case MatMul case 0: faulty wasm ×3 has 02 instead of 03 (good interpreter)",
    );
    expect(text).toContain("11 of 12: DIFFERS");
    expect(text).toContain("NOT proven identical");
  });

  it("finds the fault when the faulty machine comes first", async () => {
    const { code, text } = await run([faulty, good]);
    expect(code).toBe(1);
    expect(text).toContain("first difference: MatMul, case MatMul case 0: faulty wasm ×3");
  });

  it("never counts a missing machine as run", async () => {
    const { code, text } = await run([good, absent]);
    expect(code).toBe(0);
    expect(text).toContain("absent    missing: buy one");
    expect(text).toContain("6 columns, 1 machines run, 1 missing");
  });

  it("fails where nothing ran, or nothing was compared", async () => {
    expect((await run([absent])).code).toBe(1);
    expect((await run([good], "--columns", "interpreter")).code).toBe(1);
    expect((await run([fakeMachine("empty", () => [])])).code).toBe(1);
  });

  it.each([
    ["all", 1],
    ["absent", 1],
    ["good", 0],
  ])("--require %s", async (required, want) => {
    const { code, text } = await run([good, same, absent], "--require", required);
    expect(code).toBe(want);
    expect(text.includes("required but not run: absent")).toBe(want === 1);
  });

  it("--require counts a machine that was not asked for as not run", async () => {
    const { code } = await run([good, same], "--only", "good", "--require", "same");
    expect(code).toBe(1);
  });

  it.each([
    [silent, "it ended before it was done"],
    [dying, "killed by SIGILL"],
    [confused, "no SIMD here"],
  ])("a machine that does not finish fails the run", async (machine, why) => {
    const { code, text } = await run([good, machine]);
    expect(code).toBe(1);
    expect(text).toContain(`FAILED after nothing: ${why}`);
    expect(text).toContain("1 machines run, 0 missing, 1 failed");
  });

  it("stops a machine that takes too long", async () => {
    const { code, text } = await run([good, endless], "--timeout", "1", "--jobs", "2");
    expect(code).toBe(1);
    expect(text).toContain("not done after 1 s");
  });

  it("--only runs what it names", async () => {
    const { code, text } = await run([good, faulty, same], "--only", "good,same");
    expect(code).toBe(0);
    expect(text).not.toContain("faulty");
  });

  it("--list says what is there and what is not", async () => {
    const { code, text } = await run([good, absent], "--list");
    expect(code).toBe(0);
    expect(text).toBe("good      there: the machine good, abacus\nabsent    missing: buy one\n");
  });

  it("--json writes the same facts", async () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-machines-"));
    try {
      const path = join(folder, "run.json");
      await run([good, faulty, absent], "--json", path);
      const json = JSON.parse(readFileSync(path, "utf8"));
      expect(json.agrees).toBe(false);
      expect(json.differences[0]).toMatchObject({ row: "MatMul", at: { machine: "faulty" } });
      expect(json.rows[0]).toMatchObject({ name: "Add", cases: 2, columns: 8 });
      expect(json.machines.map((m: { outcome: string }) => m.outcome)).toEqual([
        "run",
        "run",
        "missing",
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    [["--only", "toaster"], 'there is no machine "toaster"'],
    [["--columns", "wasm ×9"], 'there is no column "wasm ×9"'],
    [["--rows", "("], "no regular expression"],
    [["--jobs", "0"], "--jobs wants"],
    [["--record", "--rows", "Add"], "--record wants whole tables"],
    [["--colour"], "--colour"],
  ])("refuses %j", async (args, message) => {
    const { code, text } = await run([good], ...args);
    expect(code).toBe(2);
    expect(text).toContain(message);
  });
});
