/**
 * What a name out of a file could do to a terminal: control codes, line breaks that forge lines,
 * and format characters that turn the direction of text around or take no room.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text for one line of a terminal: everything that is not plainly visible is written as `\u….` */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** A JSON document on one line; what a terminal could act on is escaped, which JSON allows. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, plain).replace(UNPRINTABLE, escaped)}\n`;
}

/** By UTF-16 units, as JSON escapes. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((u) => `\\u${u.toString(16).padStart(4, "0")}`).join("");
}

/** JSON has no NaN, no infinities, no bigints and no bytes. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "bigint") return String(value);
  return value;
}

/** Cuts the middle out of what is longer than `width`: names differ at their ends. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}

/** The first entries of a list, and how many more there are. */
export function listed(items: readonly string[], most = 20): string {
  const rest = items.length - most;
  return rest > 0 ? `${items.slice(0, most).join(", ")} and ${rest} more` : items.join(", ");
}
