/** Lines over a logarithmic axis, as SVG that needs nothing else. */
export interface Panel {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Line[];
}

export interface Axis {
  readonly label: string;
  /** Logarithmic axes have a tick at every such factor, from a power of it; linear ones begin at 0. */
  readonly factor?: number;
  readonly text?: (value: number) => string;
  /** Where the axis begins and ends; by default where the points do. */
  readonly from?: number;
  readonly to?: number;
}

export interface Line {
  readonly name: string;
  /** In the legend in place of the name. */
  readonly label?: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PlotOptions {
  /** What a reader who cannot see it is told. */
  readonly title: string;
  readonly columns?: number;
  readonly width?: number;
  readonly height?: number;
  readonly legend?: string;
}

const COLOURS = ["#1b6ca8", "#b5452c", "#3c8031", "#8a5fa8", "#b58a1b", "#5a6570"];
const AREA = { left: 62, right: 14, top: 34, bottom: 46 };
const LEGEND = 180;

/** Panels in rows; a series has one colour in all of them, and one line of the legend. */
export function plotSvg(panels: readonly Panel[], options: PlotOptions): string {
  const { title, columns = panels.length, width = 300, height = 260, legend = "" } = options;
  const rows = Math.ceil(panels.length / columns);
  const lines = [
    ...new Map(panels.flatMap((p) => p.series).map((s) => [s.name, s.label ?? s.name])),
  ];
  const colour = (name: string): string =>
    COLOURS[lines.findIndex(([n]) => n === name) % COLOURS.length] as string;
  const [w, h] = [columns * width + LEGEND, rows * height];
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${w}" height="${h}" fill="#fff"/>`,
    ...panels.flatMap((panel, i) => {
      const [left, top] = [(i % columns) * width, Math.floor(i / columns) * height];
      return [
        `<g transform="translate(${left} ${top})">`,
        ...panelLines(panel, width, height, colour),
        "</g>",
      ];
    }),
    ...(legend ? [text(w - LEGEND + 12, 28, legend, "#333")] : []),
    ...lines.map(([name, label], i) => text(w - LEGEND + 12, 50 + 20 * i, label, colour(name))),
    "</svg>",
  ].join("\n")}\n`;
}

function panelLines(
  { title, x, y, series }: Panel,
  width: number,
  height: number,
  colour: (name: string) => string,
): string[] {
  const points = series.flatMap((s) => s.points);
  const [right, bottom] = [width - AREA.right, height - AREA.bottom];
  const across = scaleOf(
    x,
    points.map(([v]) => v),
    AREA.left,
    right,
  );
  const up = scaleOf(
    y,
    points.map(([, v]) => v),
    bottom,
    AREA.top,
  );
  return [
    text(AREA.left, 14, title, "#333"),
    text(AREA.left, 28, y.label, "#666"),
    ...across.ticks.map((v) => line(across.at(v), AREA.top, across.at(v), bottom)),
    ...across.ticks.map((v) => text(across.at(v), bottom + 16, label(x, v), "#333", "middle")),
    ...up.ticks.map((v) => line(AREA.left, up.at(v), right, up.at(v))),
    ...up.ticks.map((v) => text(AREA.left - 6, Number(up.at(v)) + 4, label(y, v), "#333", "end")),
    text((AREA.left + right) / 2, height - 10, x.label, "#333", "middle"),
    ...series.flatMap((s) => [
      `<polyline points="${s.points.map(([a, b]) => `${across.at(a)},${up.at(b)}`).join(" ")}" fill="none" stroke="${colour(s.name)}" stroke-width="2"/>`,
      ...s.points.map(
        ([a, b]) =>
          `<circle cx="${across.at(a)}" cy="${up.at(b)}" r="3" fill="${colour(s.name)}"/>`,
      ),
    ]),
  ];
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): string;
}

function scaleOf(axis: Axis, values: readonly number[], start: number, end: number): Scale {
  return axis.factor === undefined
    ? linear(axis, values, start, end)
    : logarithmic(axis, axis.factor, values, start, end);
}

function logarithmic(
  axis: Axis,
  factor: number,
  values: readonly number[],
  start: number,
  end: number,
): Scale {
  const [low, high] = [axis.from ?? Math.min(...values), axis.to ?? Math.max(...values)];
  const span = Math.log(high / low) || 1;
  const ticks: number[] = [];
  // A power of the factor, in whole steps: what is near its end by rounding still counts.
  const first = Math.ceil(Math.log(low) / Math.log(factor) - 1e-9);
  for (let i = first; factor ** i <= high * (1 + 1e-9); i++) ticks.push(factor ** i);
  return {
    ticks,
    at: (value) => (start + (Math.log(value / low) / span) * (end - start)).toFixed(1),
  };
}

/** From 0, with about five ticks at 1, 2 or 5 times a power of ten. */
function linear(axis: Axis, values: readonly number[], start: number, end: number): Scale {
  const most = axis.to ?? Math.max(...values, 1e-9);
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((s) => s * power >= rough) as number) * power;
  const count = Math.ceil(most / step - 1e-9);
  const top = count * step;
  return {
    ticks: Array.from({ length: count + 1 }, (_, i) => i * step),
    at: (value) => (start + (value / top) * (end - start)).toFixed(1),
  };
}

function label({ text: say }: Axis, value: number): string {
  return say ? say(value) : String(Number(value.toPrecision(6)));
}

function line(x1: string | number, y1: string | number, x2: string | number, y2: string | number) {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#ddd"/>`;
}

function text(
  x: string | number,
  y: string | number,
  content: string,
  fill: string,
  anchor = "start",
) {
  return `<text x="${x}" y="${y}" fill="${fill}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
