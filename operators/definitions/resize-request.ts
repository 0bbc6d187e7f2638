import type { ResizedAxis } from "./resize-axes.js";
import type { Transformation } from "./resize-coordinate.js";
import type { Rounding } from "./resize-nearest.js";
import type { Operand } from "./shared/context.js";

export const MODES = ["nearest", "linear", "cubic"] as const;

/** What is asked of a resizing operator. */
export interface ResizeRequest {
  readonly x: Operand;
  readonly axes: readonly ResizedAxis[];
  readonly mode: (typeof MODES)[number];
  readonly transformation: Transformation;
  readonly rounding: Rounding;
  readonly antialias: boolean;
  readonly excludeOutside: boolean;
  /** An f32, as is the extrapolation value. */
  readonly cubicA: number;
  readonly extrapolation: number;
  readonly roi: Operand | undefined;
}

export interface Resizing extends ResizeRequest {
  /** Output dims. */
  readonly dims: readonly number[];
  readonly arithmetic: "f32" | "f64";
}
