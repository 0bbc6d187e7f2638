import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DTYPES, type DType } from "../../operators/index.js";
import { tensorGeometry } from "../../src/merkle/geometry.js";
import { DIGEST_TAGS, LEAF_TAGS, ROOT_TAGS, TREE_TAGS } from "../../src/merkle/tags.js";

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/commitments.md");
const vectors = read("test/vectors/tensor-trees.json");

const rowsOf = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const rows = rowsOf(page);

describe("docs/commitments.md", () => {
  test("every digest it shows is a published vector", () => {
    const shown = page.match(/\b[0-9a-f]{64}\b/g) ?? [];
    expect(shown.length).toBeGreaterThan(4);
    for (const digest of shown) expect(vectors).toContain(digest);
  });

  test("every tag has its row, and every row its tag", () => {
    const hex = (n: number): string => n.toString(16).padStart(2, "0");
    const first = rows.flatMap(([cell = ""]) =>
      /^[0-9a-f]{2}( \("a"\))?$/.test(cell) ? cell : [],
    );
    const heads = [TREE_TAGS, ROOT_TAGS, DIGEST_TAGS].flatMap((t) => Object.values(t).map(hex));
    const bodies = rows.flatMap(([cell = ""]) =>
      /^1[0-9a-f](, 1[0-9a-f])*$/.test(cell) ? cell.split(", ") : [],
    );
    expect(bodies.sort()).toEqual(Object.values(LEAF_TAGS).map(hex).sort());
    expect(first.filter((cell) => !cell.startsWith("1")).sort()).toEqual(
      [...heads, '61 ("a")'].sort(),
    );
  });

  test("the dtype table is the code's", () => {
    const [names, codes, sizes] = ["dtype", "code", "bytes"].map(
      (head) => rows.find(([cell]) => cell === head)?.slice(1) ?? [],
    ) as [string[], string[], string[]];
    const stated = names.map((name, i) => [name, Number(codes[i]), Number(sizes[i])]);
    expect(stated).toEqual(Object.entries(DTYPES).map(([name, d]) => [name, d.code, d.size]));
  });

  test("the tiling examples are right", () => {
    const examples = rows.flatMap(([tensor = "", ...cells]) => {
      const match = /^(\w+) \[([\d, ]*)\]$/.exec(tensor);
      return match === null ? [] : [{ dtype: match[1] as DType, dims: match[2] ?? "", cells }];
    });
    expect(examples).toHaveLength(9);
    for (const { dtype, dims, cells } of examples) {
      const g = tensorGeometry(dtype, dims === "" ? [] : dims.split(", ").map(Number));
      const shape =
        g.tiles === 0
          ? ["–", "–", "–"]
          : [
              `${g.rows} × ${g.columns}`,
              `${g.tileRows} × ${g.tileColumns}`,
              `${g.gridRows} × ${g.gridColumns}`,
            ];
      expect(cells).toEqual([...shape, String(g.tiles)]);
    }
  });
});
