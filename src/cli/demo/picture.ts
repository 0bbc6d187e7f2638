/** From paper to ink. */
const SHADES = " .:-=+*#%@";

/**
 * A grey picture as text, two rows of pixels to a line because letters are twice as high as wide.
 * Lines without ink above and below are left out.
 */
export function picture(pixels: ArrayLike<number>, width: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 2 * width <= pixels.length; at += 2 * width) {
    const shades = Array.from({ length: width }, (_, column) => {
      const upper = pixels[at + column] as number;
      const lower = pixels[at + width + column] as number;
      const step = Math.floor(((upper + lower) / 2) * SHADES.length);
      return SHADES[Math.min(SHADES.length - 1, Math.max(0, step))] as string;
    });
    lines.push(shades.join("").trimEnd());
  }
  while (lines[0] === "") lines.shift();
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Two blocks of lines side by side, the right one starting in column `column`, both centred. */
export function sideBySide(
  left: readonly string[],
  right: readonly string[],
  column: number,
): string[] {
  const height = Math.max(left.length, right.length);
  const [top, below] = [left, right].map((b) => Math.floor((height - b.length) / 2)) as [
    number,
    number,
  ];
  return Array.from({ length: height }, (_, i) =>
    `${(left[i - top] ?? "").padEnd(column)}${right[i - below] ?? ""}`.trimEnd(),
  );
}
