/** What a benchmark found, as data: printed, written as JSON, and put into the README. */
export interface Report {
  readonly name: string;
  readonly title: string;
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
  /** Sentences a reader needs to judge the figures. */
  readonly notes: readonly string[];
  /** Plots, by the name of a file in `docs/`. */
  readonly figures?: readonly Figure[];
}

export interface Figure {
  readonly file: string;
  readonly svg: string;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface Column {
  readonly key: string;
  readonly label: string;
  /** Digits after the point, for columns of numbers. */
  readonly digits?: number;
}

/** A missing key is an empty cell: a peer that is not installed, an operator without arithmetic. */
export type Row = Readonly<Record<string, string | number>>;

/** A figure with the bound it should keep. */
export interface Target {
  readonly what: string;
  /** Who does it, where that is not said in `what`. */
  readonly subject?: string;
  /** Who or what it is measured by. */
  readonly against?: string;
  readonly figure: number;
  readonly bound: number;
  readonly kind: "at-least" | "at-most";
  readonly unit: string;
}

export function isMet({ figure, bound, kind }: Target): boolean {
  return kind === "at-least" ? figure >= bound : figure <= bound;
}

export function targetText(target: Target): string {
  const { what, subject, against } = target;
  const who = `${subject ? `, ${subject}` : ""}${against ? ` against ${against}` : ""}`;
  return `${what}${who}: ${figureText(target)} (target ${boundText(target)}) ${verdictOf(target)}`;
}

const verdictOf = (target: Target): string => (isMet(target) ? "MET" : "MISSED");

/** Rounded against the target: what misses it narrowly must not look as if it met it. */
function figureText({ figure, kind, unit }: Target): string {
  const round = kind === "at-least" ? Math.floor : Math.ceil;
  return `${(round(100 * figure) / 100).toFixed(2)}${unit}`;
}

function boundText({ bound, kind, unit }: Target): string {
  return `${kind === "at-least" ? "≥" : "≤"} ${bound.toFixed(2)}${unit}`;
}

/** All targets of some reports as one Markdown table, each with the day of its figure. */
export function targetsMarkdown(
  reports: readonly { readonly report: Report; readonly date: string }[],
): string {
  const rows = reports.flatMap(({ report, date }) =>
    report.targets.map((t) => {
      const what = t.subject ? `${t.what}: ${t.subject}` : t.what;
      const verdict = isMet(t) ? "met" : "**missed**";
      const figure = [figureText(t), boundText(t), verdict];
      return [`\`${report.name}\``, what, t.against ?? "–", ...figure, date];
    }),
  );
  if (rows.length === 0) return "None yet.";
  const met = rows.filter((cells) => cells.includes("met")).length;
  const head = ["benchmark", "work", "against", "figure", "target", "", "measured"];
  const lines = [head, ["---", "---", "---", "--:", "--:", "---", "---"], ...rows];
  const table = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `${met} of ${rows.length} targets are met.\n\n${table}`;
}

/** A report for a terminal. */
export function reportText(report: Report): string {
  const parts = [`${report.title}\n${"=".repeat(report.title.length)}`];
  for (const table of report.tables) parts.push(tableText(table));
  const lines = [
    ...report.notes.map((note) => `  ${note}`),
    ...report.targets.map((t) => `→ ${targetText(t)}`),
  ];
  if (lines.length > 0) parts.push(lines.join("\n"));
  return `${parts.join("\n\n")}\n`;
}

function tableText({ title, columns, rows }: Table): string {
  const cells = [columns.map((c) => c.label), ...rows.map((row) => cellsOf(row, columns))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, i) => {
        const width = widths[i] as number;
        return isNumeric(columns[i]) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((w) => "-".repeat(w)).join("  "));
  return [title, "", ...lines].join("\n");
}

/** A report in Markdown, headings from the third level on; `origin` says where the figures come from. */
export function reportMarkdown(report: Report, origin?: string): string {
  const parts = [`### ${report.title}`, ...(origin ? [origin] : [])];
  for (const { title, columns, rows } of report.tables) {
    const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
    const rule = columns.map((c) => (isNumeric(c) ? "--:" : "---"));
    const body = rows.map((row) => line(cellsOf(row, columns)));
    parts.push(title, [line(columns.map((c) => c.label)), line(rule), ...body].join("\n"));
  }
  const lines = [...report.notes, ...report.targets.map((t) => `**${targetText(t)}**`)];
  if (lines.length > 0) parts.push(lines.map((l) => `- ${l}`).join("\n"));
  return parts.join("\n\n");
}

const isNumeric = (column: Column | undefined): boolean => column?.digits !== undefined;

function cellsOf(row: Row, columns: readonly Column[]): string[] {
  return columns.map(({ key, digits }) => {
    const value = row[key];
    if (value === undefined) return "";
    return typeof value === "number" ? value.toFixed(digits ?? 0) : value;
  });
}
