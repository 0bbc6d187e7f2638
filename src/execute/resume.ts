import { AssayError, bytesEqual, sameType, type Tensor } from "../../operators/index.js";
import type { PlanValue } from "../graph/plan.js";
import type { Session } from "./session.js";
import type { Committer } from "./trace.js";

/** Where a run is taken up again: segments before `segment` are as an earlier run left them. */
export interface Resumption {
  readonly segment: number;
  /** At least the boundaries after segments 0 … `segment` − 1, as the earlier run committed to them. */
  readonly boundaries: readonly (readonly Uint8Array[])[];
  /** At least the tensors that live after segment `segment` − 1, by value id. */
  readonly kept: ReadonlyMap<number, Tensor>;
}

/**
 * Puts what lives before a segment into a session whose inputs are set. Throws `run/incomplete`
 * where a tensor is missing or has another type than the plan gives it.
 */
export function loadBoundary(
  session: Session,
  segment: number,
  kept: ReadonlyMap<number, Tensor>,
): void {
  for (const v of session.plan.segments[segment - 1]?.live ?? []) {
    const value = session.plan.values[v] as PlanValue;
    const tensor = kept.get(v);
    if (!tensor || !sameType(tensor, value)) {
      throw new AssayError(
        "run/incomplete",
        `the tensor "${value.name}" before segment ${segment} is missing`,
      );
    }
    session.bytes(v).set(tensor.bytes);
  }
}

/**
 * As `loadBoundary`, for a run that goes on from there. Throws `usage` for a segment that the plan
 * does not have, `run/incomplete` for missing boundaries and for tensors that are not the committed
 * ones: what follows from them would not be the run that was committed to.
 */
export function resumeAt(
  session: Session,
  { segment, boundaries, kept }: Resumption,
  commit: Committer,
): void {
  const { segments, values } = session.plan;
  if (!Number.isInteger(segment) || segment < 0 || segment >= segments.length) {
    throw new AssayError("usage", `a run of ${segments.length} segments has no segment ${segment}`);
  }
  loadBoundary(session, segment, kept);
  for (let s = 0; s < segment; s++) {
    if (boundaries[s]?.length !== segments[s]?.live.length) {
      throw new AssayError("run/incomplete", `the boundary after segment ${s} is missing`);
    }
  }
  for (const [i, v] of (segments[segment - 1]?.live ?? []).entries()) {
    const hash = commit(session.tensor(v));
    if (!bytesEqual(hash, boundaries[segment - 1]?.[i] as Uint8Array)) {
      const name = (values[v] as PlanValue).name;
      throw new AssayError(
        "run/incomplete",
        `the tensor "${name}" before segment ${segment} is not the committed one`,
      );
    }
  }
}
