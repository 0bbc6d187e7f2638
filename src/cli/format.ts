import type { TensorType } from "../../operators/index.js";
import { printable, shortened } from "./printable.js";

/** Small pieces of text that all commands print the same way. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function countText(n: number): string {
  if (n < 10_000) return String(n);
  const units = ["k", "M", "G", "T", "P"];
  let value = n / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function millisText(ms: number): string {
  return ms < 1000
    ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
    : `${(ms / 1000).toFixed(1)} s`;
}

export function typeText({ dtype, dims }: TensorType): string {
  return `${dtype}[${dims.join(",")}]`;
}

export function plural(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}

/** Label and value in two columns; safe to print whatever the value is. */
export function field(label: string, value: string): string {
  return `  ${label.padEnd(11)}${printable(value)}`;
}

/** Cells are cut to this many characters. */
const CELL = 48;

/** Left-aligned columns; numbers are right-aligned. At most `most` rows, then how many are left. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  most = Number.POSITIVE_INFINITY,
): string[] {
  const shown = rows.slice(0, most).map((row) => row.map((c) => shortened(printable(c), CELL)));
  const widths = header.map((h, i) => Math.max(h.length, ...shown.map((r) => (r[i] ?? "").length)));
  const numeric = header.map((_, i) =>
    shown.every((r) => /^[\d.]/.test(r[i] ?? "") || r[i] === ""),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((c, i) => (numeric[i] ? c.padStart(widths[i] as number) : c.padEnd(widths[i] as number)))
      .join("  ")
      .trimEnd();
  const more = rows.length > most ? [`… and ${rows.length - most} more`] : [];
  return [line(header), ...shown.map(line), ...more];
}
