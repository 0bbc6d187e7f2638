import { plotSvg } from "./plot.js";

/** How a figure grows with a size, both on logarithmic scales. */
export interface Series {
  readonly name: string;
  readonly points: { readonly n: number; readonly bytes: number; readonly moves: number }[];
}

/** Bytes shown to a referee over the size of what is disputed; a line would be growth by a power. */
export function growthPlot(series: readonly Series[]): string {
  return plotSvg(
    [
      {
        title: "bytes shown to the referee, every level asked for",
        x: { label: "size of what is disputed", factor: 4, from: 16 },
        y: { label: "", factor: 4, from: 256, to: 2 ** 16, text: bytesLabel },
        series: series.map(({ name, points }) => ({
          name,
          label: `${name}, ${points.at(-1)?.moves ?? 0} moves`,
          points: points.map((p) => [p.n, p.bytes] as const),
        })),
      },
    ],
    {
      title: "Bytes shown to a referee grow with the logarithm of what is disputed",
      width: 540,
      height: 400,
      legend: "growing:",
    },
  );
}

function bytesLabel(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
}
