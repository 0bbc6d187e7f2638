/** Emphasis in text for people; every function leaves the text alone where colour is off. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

export interface StyleTarget {
  readonly isTTY?: boolean;
}

/** Colour only on a terminal, and not where NO_COLOR (https://no-color.org) asks for none. */
export function styleFor(
  target: StyleTarget,
  env: Readonly<Record<string, string | undefined>>,
): Style {
  const on = target.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  const code =
    (start: number, end: number) =>
    (text: string): string =>
      on ? `\u001b[${start}m${text}\u001b[${end}m` : text;
  return { bold: code(1, 22), dim: code(2, 22), good: code(32, 39), bad: code(31, 39) };
}
