import { join } from "node:path";
import { expect, test } from "vitest";
import {
  AssayError,
  DEFINITIONS,
  DTYPES,
  type DType,
  type OperatorDefinition,
} from "../../operators/index.js";
import { DEFINITION_CASES } from "../definitions/cases/index.js";
import type { DefinitionCase } from "../definitions/cases/types.js";
import { ROOT } from "./pages.js";

/**
 * docs/dtypes.md, made from what the definitions lower: `npx vitest run test/docs/dtypes.test.ts -u`
 * writes it.
 */

/** In the order of the page. */
const ORDER: readonly DType[] = [
  ...(["f32", "f16", "bf16", "f64"] as const),
  ...(["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bool"] as const),
];

/** The input that decides the dtype, where it is not the first. */
const OPERAND: Readonly<Record<string, number>> = { OneHot: 2, Where: 1 };

/** Whether a case lowers with `dtype` in place of its operand's dtype, wherever that occurs. */
function lowers(definition: OperatorDefinition, c: DefinitionCase, dtype: DType): boolean {
  const steers = (i: number): boolean => definition.steering?.includes(i) ?? false;
  const operand = OPERAND[definition.name] ?? 0;
  const given = c.inputs[operand]?.dtype;
  if (given === undefined || (steers(operand) && given !== dtype)) return false;
  const inputs = c.inputs.map((t, i) =>
    t && t.dtype === given && !steers(i) ? { ...t, dtype } : t,
  );
  try {
    definition.lower({
      node: "/node",
      version: c.version,
      attributes: new Map(Object.entries(c.attributes)),
      inputs,
      values: inputs.map((_, i) => (steers(i) ? c.values?.[i] : undefined)),
      outputCount: c.outputs ?? 1,
    });
    return true;
  } catch (error) {
    if (error instanceof AssayError) return false;
    throw error;
  }
}

function dtypesOf(definition: OperatorDefinition): string {
  const cases = DEFINITION_CASES.filter(
    (c) => c.operator === definition.name && c.domain === definition.domain,
  );
  const found = ORDER.filter((dtype) => cases.some((c) => lowers(definition, c, dtype)));
  return found.length === ORDER.length ? "any" : found.join(", ");
}

function page(): string {
  const rows = new Map<string, string[]>();
  for (const d of DEFINITIONS) {
    if (d.fold) continue;
    const dtypes = dtypesOf(d);
    const name = d.domain === "" ? d.name : `${d.domain}.${d.name}`;
    rows.set(dtypes, [...(rows.get(dtypes) ?? []), name]);
  }
  const named = [...rows].map(([dtypes, names]) => [dtypes, names.sort().join(", ")] as const);
  const table = named.sort(([, a], [, b]) => (a < b ? -1 : 1));
  return `${HEAD}${table.map((cells) => `| ${cells.join(" | ")} |\n`).join("")}`;
}

const HEAD = `# Dtypes

Which dtypes the data of each operator may have: its first input, of Where the branches, of OneHot the values. Made by a test
from what the definitions accept; everything else is refused by name. What each means is in the
[numeric contract](numeric-contract.md).

- f16 and bf16 are widened exactly, computed in f32 and rounded once (rule 5).
- f64 has + − × ÷ √ and comparisons, and what is made of them alone; functions and what is built on them, softmax and norms
  too, are refused (rule 1).
- Integers wrap (rule 3). Scales and zero points of quantised operators are rule 16.
- 8-bit floats, 4-bit integers, strings and complex numbers have no dtype here.

| dtypes | operators |
| --- | --- |
`;

test("the page says what the definitions accept", async () => {
  await expect(page()).toMatchFileSnapshot(join(ROOT, "docs/dtypes.md"));
});

test("all dtypes have a place on it", () => {
  expect([...ORDER].sort()).toEqual(Object.keys(DTYPES).sort());
});
