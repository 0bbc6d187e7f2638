import type { Phase } from "../dispute/state.js";

/** How deep a dispute has gone: into the trace, a segment, an operator, a fold. */
export type Depth = 0 | 1 | 2 | 3;

export function depthOf(phase: Phase): Depth {
  switch (phase.name) {
    case "reveal":
    case "locate":
    case "openInputs":
    case "openBoundaries":
      return 0;
    case "openPath":
      return phase.path.target === null ? 1 : 3;
    case "openNode":
    case "selectNode":
      return phase.place.tree === "trace" ? 0 : 2;
    case "openSegment":
    case "nameOperator":
    case "openOperator":
      return 1;
    case "openIntermediates":
    case "locateElement":
    case "openTile":
    case "pickElement":
      return 2;
    case "openPartials":
    case "selectSpan":
    case "openReads":
      return 3;
    // Nothing more can be asked.
    case "ended":
      return 0;
  }
}
