import { describe, expect, test } from "vitest";
import { isMet, type Report, reportMarkdown, reportText, type Target } from "../../bench/report.js";
import { type Results, withFigures } from "../../bench/results.js";

const target: Target = { what: "speed", figure: 1.299, bound: 1.3, kind: "at-least", unit: "×" };

const report: Report = {
  name: "example",
  title: "Example",
  tables: [
    {
      title: "Times",
      columns: [
        { key: "name", label: "name" },
        { key: "ms", label: "ms", digits: 1 },
      ],
      rows: [{ name: "a", ms: 12.34 }, { name: "longer" }],
    },
  ],
  targets: [target, { ...target, what: "cost", kind: "at-most", unit: " %" }],
  notes: ["a note"],
};

const results: Results = {
  date: "2024-01-02T03:04:05.000Z",
  scale: "quick",
  host: {
    cpu: "C",
    cores: 2,
    memoryGiB: 4,
    system: "s",
    node: "v20",
    v8: "11",
    load: 0,
    peers: {},
  },
  reports: [report],
};

describe("reports", () => {
  test("a target is met on its own side of the bound", () => {
    expect(report.targets.map(isMet)).toEqual([false, true]);
    expect(isMet({ ...target, figure: 1.3 })).toBe(true);
  });

  test("on a terminal: columns aligned, numbers to the right, targets with a verdict", () => {
    expect(reportText(report)).toMatchInlineSnapshot(`
      "Example
      =======

      Times

      name      ms
      ------  ----
      a       12.3
      longer

        a note
      → speed: 1.29× (target ≥ 1.30×) MISSED
      → cost: 1.30 % (target ≤ 1.30 %) MET
      "
    `);
  });

  test("as Markdown", () => {
    expect(reportMarkdown(report)).toMatchInlineSnapshot(`
      "### Example

      Times

      | name | ms |
      | --- | --: |
      | a | 12.3 |
      | longer |  |

      - a note
      - **speed: 1.29× (target ≥ 1.30×) MISSED**
      - **cost: 1.30 % (target ≤ 1.30 %) MET**"
    `);
  });
});

describe("figures of the README", () => {
  const begin = "<!-- figures: written by npm run bench -- --readme -->";
  const readme = `before\n${begin}\nold\n<!-- /figures -->\nafter\n`;

  test("replace what stood there and nothing else", () => {
    const text = withFigures(readme, results);
    expect(text).not.toContain("old");
    expect(text.startsWith(`before\n${begin}\n\nMeasured 2024-01-02, \`quick\` run`)).toBe(true);
    expect(text.endsWith("\n\n<!-- /figures -->\nafter\n")).toBe(true);
    expect(text).toContain(reportMarkdown(report));
    expect(withFigures(text, results)).toBe(text);
  });

  test("a README without the section is refused", () => {
    expect(() => withFigures("nothing", results)).toThrow(/no section for figures/);
  });
});
