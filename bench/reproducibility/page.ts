import { type Host, hostText } from "../host.js";
import { COLUMNS } from "./cases.js";
import type { Difference } from "./differences.js";
import type { Line, Measured } from "./measure.js";

/** One run of the comparison, as it is written to disk. */
export interface Comparison extends Measured {
  readonly date: string;
  readonly host: Host;
  readonly emulator: string;
}

const BEGIN = "<!-- figures: written by npm run compare:peers -->";
const END = "<!-- /figures -->";

/** The page with the figures of a run between its markers. */
export function withFigures(page: string, comparison: Comparison): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new RangeError(`the page has no "${BEGIN}" … "${END}"`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${figures(comparison)}\n\n${page.slice(end)}`;
}

function figures({ date, host, emulator, lines, between, missing, openblas }: Comparison): string {
  // tfjs-node takes no part.
  const { "@tensorflow/tfjs-node": _, ...peers } = host.peers;
  const facts = [hostText({ ...host, peers })];
  if (emulator) facts.push(`emulator ${emulator}`);
  facts.push(...openblas.map((text) => `openblas ${text}`));
  facts.push(...missing.map((text) => `missing  ${text}`));
  return [
    `Measured ${date.slice(0, 10)}.`,
    `\`\`\`\n${facts.join("\n")}\n\`\`\``,
    "### One runtime against itself",
    table(lines, "varied"),
    "### Each runtime against onnxruntime-node",
    table(between, "against"),
  ].join("\n\n");
}

function table(lines: readonly Line[], second: string): string {
  const rows = [
    ["runtime", second, ...COLUMNS],
    ["---", "---", ...COLUMNS.map(() => "---:")],
    ...lines.map(({ runtime, varied, found }) => [
      runtime,
      varied,
      ...COLUMNS.map((column) => cell(found[column])),
    ]),
  ];
  return rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Share of elements with other bits, and the largest distance. */
function cell(d: Difference | undefined): string {
  if (!d || d.compared === 0) return "–";
  if (d.differ === 0) return "0";
  const share = (100 * d.differ) / d.compared;
  return `${share < 0.1 ? "< 0.1" : share.toFixed(share < 10 ? 1 : 0)} % (${d.ulps})`;
}
