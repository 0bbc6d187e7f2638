import { describe, expect, test } from "vitest";
import { compileFunction } from "../../operators/backends/interpreter/compile.js";
import {
  DTYPES,
  type DType,
  isFunctionOp,
  MICRO_OPS,
  type MicroOp,
  PROFILE,
  readerOf,
  type Tensor,
  tensorOf,
} from "../../operators/index.js";
import type { FunctionOp } from "../../operators/program/micro-ops.js";
import { SCALAR_FUNCTIONS } from "../../operators/scalar/functions/index.js";
import { profileDigest } from "../../src/graph/digests.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { int, runNode } from "../support/run-definition.js";
import { tensorFrom } from "../support/tensors.js";
import { codeBlocks, readPage, tableRows, unwrapped } from "./pages.js";

const page = readPage("docs/numeric-contract.md");
const boxes = codeBlocks(page, "text").map(unwrapped);
const rows = tableRows(page);

describe("docs/numeric-contract.md", () => {
  test("its boxes are the profile's rules, in order", () => {
    expect(boxes.filter((b) => /^\d+ /.test(b))).toEqual([...PROFILE.rules]);
    expect(PROFILE.rules.map((r) => Number.parseInt(r, 10))).toEqual(
      PROFILE.rules.map((_, i) => i + 1),
    );
  });

  test("each box stands under the heading with its number", () => {
    const headings = [...page.matchAll(/^### (\d+) .*\n\n```text\n(\d+) /gm)];
    expect(headings.map(([, heading]) => heading)).toEqual(headings.map(([, , box]) => box));
    expect(headings).toHaveLength(PROFILE.rules.length);
  });

  test("it names the profile and its digest", () => {
    const digest = Buffer.from(profileDigest(nodeHasher)).toString("hex");
    expect(boxes, `the profile digest is ${digest} now`).toContain(digest);
    expect(page).toContain(`**\`${PROFILE.name}\`**`);
  });

  test("its rules are ASCII, so that nobody's editor changes the digest", () => {
    for (const rule of PROFILE.rules) expect(rule).toMatch(/^[ -~]+$/);
  });

  test("the table of corner values is right", () => {
    const inputs = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const functions = rows.filter(
      (cells) => cells.length === 6 && isFunctionOp(`f32.${cells[0]}` as MicroOp),
    );
    expect(functions).toHaveLength(24);
    for (const [name, ...cells] of functions) {
      const f = compileFunction(SCALAR_FUNCTIONS[`f32.${name}` as FunctionOp]);
      expect(inputs.map((x) => shown(f(x) as number))).toEqual(cells.slice(0, 4));
    }
    const { "f32.log1p": log1p, "f32.log": log, "f32.rsqrt": rsqrt } = SCALAR_FUNCTIONS;
    expect([log1p, log, rsqrt].map((f) => compileFunction(f)(-1.5))).toEqual([NaN, NaN, NaN]);
    expect(compileFunction(log1p)(-1)).toBe(Number.NEGATIVE_INFINITY);
  });

  test("the functions that it calls proven are recorded as proven", () => {
    const record = JSON.parse(readPage("operators/scalar/functions/proofs.json"));
    const functions = Object.values(SCALAR_FUNCTIONS)
      .filter((f) => f.parameters.length === 1)
      .map((f) => f.name as string);
    expect(page).toContain("All 24 were compared");
    expect(Object.keys(record).sort()).toEqual(functions.sort());
    for (const op of functions) expect(record[op].inputs).toBe("all 2^32");
  });

  test("the examples of conversions are right", () => {
    const examples = rows.filter(([from = ""]) => /^(f32|i64) \S+$/.test(from));
    expect(examples).toHaveLength(6);
    for (const [from = "", to = "", value = ""] of examples) {
      expect(`${from} → ${to}: ${converted(from, to as DType)}`).toBe(
        `${from} → ${to}: ${value.split(";")[0]}`,
      );
    }
  });

  test("every function has a row or is pow", () => {
    const functions = Object.keys(MICRO_OPS).filter((op) => isFunctionOp(op as MicroOp));
    for (const op of functions) expect(page).toContain(op.slice("f32.".length));
  });
});

describe("functions of two arguments", () => {
  test.each(["pow", "atan2", "fmod"] as const)("docs/%s-program.txt is the program", async (f) => {
    const { name, code, result, parameters } = SCALAR_FUNCTIONS[`f32.${f}`];
    const lines = code.map((i, at) => {
      if (i.kind === "parameter") return `%${at} = parameter ${i.index}`;
      if (i.kind === "operate")
        return `%${at} = ${[i.op, ...i.args.map((a) => `%${a}`)].join(" ")}`;
      const width = i.value.type === "f32" || i.value.type === "i32" ? 8 : 16;
      return `%${at} = constant ${i.value.type} ${i.value.bits.toString(16).padStart(width, "0")}`;
    });
    const text = [`${name} (${parameters.join(", ")})`, ...lines, `result %${result}`, ""].join(
      "\n",
    );
    await expect(text).toMatchFileSnapshot(`../../docs/${f}-program.txt`);
  });
});

function shown(x: number): string {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "+∞" : "−∞";
  if (x === 0) return Object.is(x, -0) ? "−0" : "+0";
  return String(x).replace("-", "−");
}

/** What Cast makes of "f32 −1.5" or of the i64 with these hex digits or decimal ones. */
function converted(from: string, to: DType): string {
  const [dtype, text = ""] = from.split(" ") as [DType, string];
  const wide = text.length === 16 ? BigInt(`0x${text}`) : undefined;
  const number = Number(text.replace("−", "-"));
  const given = tensorFrom(dtype, [1], [dtype === "i64" ? (wide ?? BigInt(number)) : number]);
  const [result] = runNode({
    operator: "Cast",
    version: 13,
    attributes: { to: int(DTYPES[to].code) },
    inputs: [given],
  }) as [Tensor];
  const bits = tensorOf(to, [1], result.bytes);
  if (to === "f32") return Buffer.from(bits.bytes).reverse().toString("hex");
  return String(readerOf(to, bits.bytes)(0));
}
