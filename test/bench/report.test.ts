import { describe, expect, test } from "vitest";
import { isMet, type Report, reportMarkdown, reportText, type Target } from "../../bench/report.js";
import { merged, type Results, type Section, withFigures } from "../../bench/results.js";

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

const section: Section = {
  date: "2024-01-02T03:04:05.000Z",
  scale: "quick",
  seconds: 3.4,
  others: 1.25,
  host: {
    cpu: "C",
    cores: 2,
    memoryGiB: 4,
    system: "s",
    node: "v20",
    v8: "11",
    load: 0,
    native: "portable",
    peers: {},
  },
  report,
};

const results: Results = { sections: [section] };

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
  const targets = "<!-- targets: written by npm run bench -- --readme -->";
  const begin = "<!-- figures: written by npm run bench -- --readme -->";
  const readme = `a\n${targets}\nold\n<!-- /targets -->\nb\n${begin}\nold\n<!-- /figures -->\nc\n`;

  test("replace what stood there and nothing else", () => {
    const text = withFigures(readme, results);
    expect(text).not.toContain("old");
    expect(text.startsWith(`a\n${targets}\n\n1 of 2 targets are met.`)).toBe(true);
    expect(text).toContain(`\n\n<!-- /targets -->\nb\n${begin}\n\n\`\`\`\nCPU      C, 2 cores`);
    expect(text.endsWith("\n\n<!-- /figures -->\nc\n")).toBe(true);
    expect(text).toContain("| `example` | speed | – | 1.29× | ≥ 1.30× | **missed** | 2024-01-02 |");
    const origin =
      "Measured 2024-01-02, `quick` (few rounds), in 3 s; others kept 1.3 of 2 cores busy: **noisy**.";
    expect(text).toContain(reportMarkdown(report, origin));
    expect(withFigures(text, results)).toBe(text);
  });

  test("a README without the section is refused", () => {
    expect(() => withFigures("nothing", results)).toThrow(/no section for figures/);
  });

  test("of one benchmark leave those of others, with their own date and machine", () => {
    const other: Section = {
      ...section,
      date: "2023-01-01T00:00:00.000Z",
      host: { ...section.host, cpu: "older CPU" },
      report: { ...report, name: "other", title: "Other" },
    };
    const gone: Section = { ...section, report: { ...report, name: "gone" } };
    const stale: Section = { ...other, report: { ...report, title: "Stale" } };
    const all = merged({ sections: [gone, other, stale] }, results, ["other", "example", "new"]);
    expect(all.sections).toEqual([other, section]);
    const text = withFigures(readme, all);
    expect(text).toContain("### Other\n\nMeasured 2023-01-01");
    expect(text).toContain("CPU      older CPU");
    expect(text.match(/CPU {6}C,/g)).toHaveLength(1);
  });
});
