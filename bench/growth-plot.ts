/** How a figure grows with a size, both on logarithmic scales. */
export interface Series {
  readonly name: string;
  readonly points: { readonly n: number; readonly bytes: number; readonly moves: number }[];
}

const [WIDTH, HEIGHT] = [720, 400];
const AREA = { left: 70, right: 180, top: 20, bottom: 50 };
const COLOURS = ["#1b6ca8", "#b5452c", "#3c8031"];

/** Bytes shown to a referee over the size of what is disputed; a line would be growth by a power. */
export function growthPlot(series: readonly Series[]): string {
  const points = series.flatMap((s) => s.points);
  const [maxN, maxB] = [Math.max(...points.map((p) => p.n)), 2 ** 16];
  const x = scale([16, maxN], [AREA.left, WIDTH - AREA.right]);
  const y = scale([256, maxB], [HEIGHT - AREA.bottom, AREA.top]);
  const lines = series.flatMap((s, i) => {
    const colour = COLOURS[i % COLOURS.length] as string;
    const path = s.points.map((p) => `${x(p.n)},${y(p.bytes)}`).join(" ");
    const last = s.points.at(-1) ?? { n: 16, bytes: 256, moves: 0 };
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...s.points.map((p) => `<circle cx="${x(p.n)}" cy="${y(p.bytes)}" r="3" fill="${colour}"/>`),
      text(
        WIDTH - AREA.right + 10,
        AREA.top + 30 + 22 * i,
        `${s.name}, ${last.moves} moves`,
        colour,
      ),
    ];
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    "<title>Bytes shown to a referee grow with the logarithm of what is disputed</title>",
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...ticks(16, maxN, 4).map((n) => grid(x(n), AREA.top, x(n), HEIGHT - AREA.bottom)),
    ...ticks(16, maxN, 4).map((n) =>
      text(x(n), HEIGHT - AREA.bottom + 18, String(n), "#333", "middle"),
    ),
    ...ticks(256, maxB, 4).map((b) => grid(AREA.left, y(b), WIDTH - AREA.right, y(b))),
    ...ticks(256, maxB, 4).map((b) => text(AREA.left - 8, y(b) + 4, bytesLabel(b), "#333", "end")),
    text(
      (AREA.left + WIDTH - AREA.right) / 2,
      HEIGHT - 12,
      "size of what is disputed",
      "#333",
      "middle",
    ),
    text(AREA.left, 13, "bytes shown to the referee, every level asked for", "#333"),
    text(WIDTH - AREA.right + 10, AREA.top + 8, "growing:", "#333"),
    ...lines,
    "</svg>",
  ].join("\n")}\n`;
}

function scale([a, b]: [number, number], [from, to]: [number, number]): (value: number) => string {
  const [low, high] = [Math.log2(a), Math.log2(b)];
  return (value) => (from + ((Math.log2(value) - low) / (high - low)) * (to - from)).toFixed(1);
}

function ticks(from: number, to: number, factor: number): number[] {
  const found: number[] = [];
  for (let n = from; n <= to; n *= factor) found.push(n);
  return found;
}

function bytesLabel(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
}

function grid(x1: string | number, y1: string | number, x2: string | number, y2: string | number) {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#ddd"/>`;
}

function text(
  x: string | number,
  y: string | number,
  label: string,
  fill: string,
  anchor = "start",
) {
  return `<text x="${x}" y="${y}" fill="${fill}" text-anchor="${anchor}">${label}</text>`;
}
