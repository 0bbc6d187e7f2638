import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ERROR_CODES } from "../../operators/index.js";
import { type Disk, disk } from "../../src/files/disk.js";
import { receiptFromJson, receiptToJson } from "../../src/receipt/json.js";
import { assay, filesBelow, type Ran, smallWorld, writeFiles } from "./support.js";

/** Does not wait for the disk. */
const hasty: Disk = {
  ...disk,
  write: (file, bytes, mode) => writeFileSync(file, bytes, { flag: "wx", mode }),
};

/** More cases: `ASSAY_FUZZ=50 npx vitest run test/cli/fuzz.test.ts`. */
const TIMES = Number(process.env.ASSAY_FUZZ ?? 1);

const world = smallWorld();
const { path, run, model, inputs, env } = world;
const INTERPRETER = ["--backend", "interpreter"];
const DRAW = ["--share", "1", "--beacon", "00".repeat(16)];

beforeAll(async () => {
  await run("drill", "--salt", "--corrupt", "3:7");
  await run("honest", "--salt");
  await run("mutant", "--salt");
});

/** One change of a file, by shares of its length so that it fits any file. */
const change = fc.record({
  kind: fc.constantFrom("flip", "set", "cut", "insert", "repeat", "digit", "token"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  length: fc.nat({ max: 12 }),
  byte: fc.nat({ max: 255 }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const TOKENS = [
  "null",
  "-1",
  "1e999",
  "[]",
  "{}",
  '"',
  "9007199254740993",
  "\\u0000",
  "true",
  '"__proto__"',
];

function changed(bytes: Uint8Array, { kind, at, length, byte }: Change): Uint8Array {
  const place = Math.floor(at * bytes.length);
  const [head, tail] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (kind) {
    case "flip":
      return Uint8Array.from(bytes, (b, i) => (i === place ? b ^ (1 << (byte & 7)) : b));
    case "set":
      return Uint8Array.from(bytes, (b, i) => (i >= place && i < place + length ? byte : b));
    case "cut":
      return length < 3 ? head : Buffer.concat([head, tail.subarray(length)]);
    case "insert":
      return Buffer.concat([head, new Uint8Array(length).fill(byte), tail]);
    case "repeat":
      return Buffer.concat([head, tail.subarray(0, length), tail]);
    case "digit":
      return Uint8Array.from(bytes, (b, i) =>
        i === place && b >= 48 && b < 58 ? 48 + (byte % 10) : b,
      );
    case "token":
      return Buffer.concat([
        head,
        Buffer.from(TOKENS[byte % TOKENS.length] as string),
        tail.subarray(length),
      ]);
  }
}

/** Every ending is one of three, and every error one of the table. */
function expectOrderly({ code, stdout, stderr, json }: Ran): void {
  expect([0, 1, 2]).toContain(code);
  expect(stderr).toBe("");
  expect(stdout.indexOf("\n")).toBe(stdout.length - 1);
  if (json.error) {
    expect(Object.keys(ERROR_CODES), stdout).toContain(json.error.code);
    expect(code).toBe(2);
  }
}

const MODES: readonly ((folder: string) => string[])[] = [
  (f) => ["verify-run", f],
  (f) => ["verify-run", f, "-m", model, ...INTERPRETER],
  (f) => ["verify-run", f, "-m", model, ...DRAW, ...INTERPRETER],
  (f) => ["verify-run", f, "-m", model, "--against", path("drill"), ...INTERPRETER],
  (f) => ["verify-run", path("drill"), "-m", model, "--against", f, ...INTERPRETER],
  (f) => ["verify-run", `${f}/receipt.json`, "-m", model, ...inputs, ...INTERPRETER],
  (f) => ["inspect", f],
];

describe("run folders with anything changed", () => {
  test("end in an orderly way, and never verify another receipt or other outputs", async () => {
    const honest = filesBelow(path("mutant"));
    const receipt = new TextDecoder().decode(honest.get("receipt.json"));
    const outputs = [...honest.keys()].filter((name) => name.startsWith("outputs/"));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...honest.keys(), "run.json", "run.json"),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...MODES),
        async (name, changes, mode) => {
          const bytes = changes.reduce<Uint8Array>(changed, honest.get(name) as Uint8Array);
          writeFiles(path("mutant"), new Map([[name, bytes]]));
          try {
            const ran = await assay([...mode(path("mutant")), "--json"], { env });
            expectOrderly(ran);
            if (ran.json.outcome !== "verified") return;
            expect(
              receiptToJson(receiptFromJson(readFileSync(path("mutant", "receipt.json")))),
            ).toBe(receipt);
            if (
              outputs.includes(name) &&
              !ran.json.findings.some(
                (f: { what: string; result: string }) =>
                  f.what === "outputs" && f.result === "skipped",
              )
            ) {
              expect(Buffer.from(bytes).subarray(128)).toEqual(
                Buffer.from(honest.get(name) as Uint8Array).subarray(128),
              );
            }
          } finally {
            writeFiles(path("mutant"), new Map([[name, honest.get(name) as Uint8Array]]));
          }
        },
      ),
      { numRuns: 700 * TIMES },
    );
  });
});

describe("files with anything changed", () => {
  const check = (file: string, runs: number, commands: readonly string[][]) =>
    test(`${file}: every error is one of the table`, async () => {
      const bytes = readFileSync(path(file));
      await fc.assert(
        fc.asyncProperty(
          fc.array(change, { minLength: 1, maxLength: 3 }),
          fc.nat(),
          async (changes, which) => {
            writeFileSync(path(`bad-${file}`), changes.reduce<Uint8Array>(changed, bytes));
            expectOrderly(
              await assay([...(commands[which % commands.length] as string[]), "--json"], {
                env,
                disk: hasty,
              }),
            );
          },
        ),
        { numRuns: runs * TIMES },
      );
    });
  const into = [
    "-o",
    path("fuzzed"),
    "--force",
    "--backend",
    "interpreter",
    "--memory-limit",
    "16",
  ];
  check("small.onnx", 500, [
    ["inspect", path("bad-small.onnx")],
    ["run", path("bad-small.onnx"), ...inputs, ...into],
    ["verify-run", path("honest"), "-m", path("bad-small.onnx")],
  ]);
  check("x.npy", 150, [
    ["run", model, "-i", `x=${path("bad-x.npy")}`, "-i", `bias=${path("bias.npy")}`, ...into],
  ]);
});
