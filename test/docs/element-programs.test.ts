import { describe, expect, test } from "vitest";
import {
  buildProgram,
  DEFINITIONS,
  LIMITS,
  MICRO_OPS,
  o,
  programBytes,
  STORABLE,
  type View,
} from "../../operators/index.js";
import { codeBlocks, readPage, tableRows } from "./pages.js";

const page = readPage("docs/element-programs.md");
const rows = tableRows(page);

interface StatedOp {
  readonly code: number;
  readonly args: readonly string[];
  readonly result: string;
}

/** The two tables of micro-ops, as "f32.add" → code and types. */
function statedOps(): Map<string, StatedOp> {
  const stated = new Map<string, StatedOp>();
  const add = (name: string, code: string, types: string, type: string): void => {
    const [args = "", result = ""] = types.replaceAll("T", type).split(" → ");
    stated.set(name, { code: Number.parseInt(code, 16), args: args.split(", "), result });
  };
  for (const cells of rows) {
    const [name = "", second = "", third = ""] = cells;
    if (/^[fi]\d\d\.\w+$/.test(name)) add(name, second, third, "");
    else if (cells.length === 7 && /^[0-9a-f]{2}$/.test(cells.slice(1, 5).find((c) => c) ?? "")) {
      ["f32", "f64", "i32", "i64"].forEach((type, i) => {
        const code = cells[1 + i] ?? "";
        if (code !== "") add(`${type}.${name}`, code, cells[5] ?? "", type);
      });
    }
  }
  return stated;
}

describe("docs/element-programs.md", () => {
  test("its micro-ops are the code's", () => {
    const stated = [...statedOps()].sort(([, a], [, b]) => a.code - b.code);
    expect(stated).toEqual(Object.entries(MICRO_OPS).map(([name, op]) => [name, { ...op }]));
  });

  test("its limits are the code's, in order", () => {
    const stated = rows.filter(([name = "", value]) => name in LIMITS && /^\d+$/.test(value ?? ""));
    expect(stated.map(([name, value]) => [name, Number(value)])).toEqual(Object.entries(LIMITS));
  });

  test("what may be stored as what is the code's", () => {
    for (const [register, dtypes] of Object.entries(STORABLE)) {
      const row = rows.find((cells) => cells[0] === register && cells.length === 3);
      expect(row?.[1]).toBe(dtypes.join(", "));
    }
  });

  test("the bytes of its example are those of the program", () => {
    const program = buildProgram({
      sources: [{ dtype: "f32", dims: [3] }],
      dtype: "f32",
      out: [3],
      finish: (b) => {
        const view: View = { source: 0, dtype: "f32", dims: [3] };
        return b.add(b.read(view, [o(0)]), b.f32(1));
      },
    });
    const example = codeBlocks(page, "text").find((text) => text.startsWith("01 ")) ?? "";
    const hex = example.replace(/#.*$/gm, "").replace(/\s/g, "");
    expect(hex).toBe(Buffer.from(programBytes(program)).toString("hex"));
  });

  test("its walk-through uses an operator that has no definition yet", () => {
    expect(DEFINITIONS.map((d) => d.name)).not.toContain("SquaredRelu");
  });
});

describe("docs/operators.md", () => {
  const listed = new Map(
    tableRows(readPage("docs/operators.md")).flatMap(([names = "", versions = ""]) =>
      /^\d/.test(versions) ? names.split(", ").map((n) => [n, versions] as const) : [],
    ),
  );

  test("lists every definition with its versions, and nothing else", () => {
    const defined = DEFINITIONS.map(
      (d) => [d.domain === "" ? d.name : `${d.domain}.${d.name}`, d.versions.join(", ")] as const,
    );
    expect([...listed].sort()).toEqual([...defined].sort());
  });
});
