import type { DType } from "../../operators/index.js";
import type { Cost } from "../graph/cost.js";
import type { Hex, MoveKind, Side } from "./moves.js";

/** How a dispute ends. Only `refuted` says something about the run itself. */
export type Outcome =
  | { readonly kind: "refuted"; readonly evidence: Evidence }
  /** A side let its time run out while one of `expected` was due. */
  | { readonly kind: "defaulted"; readonly side: Side; readonly expected: readonly MoveKind[] }
  /** The asserter's trace is consistent where the challenger pointed. It acquits of nothing else. */
  | { readonly kind: "not-refuted"; readonly checked: Checked };

/** What the referee looked at before it let the claim stand. */
export type Checked =
  | { readonly what: "operator"; readonly operator: NamedOperator; readonly cost: DisputeCost }
  | {
      readonly what: "stretch";
      readonly operator: NamedOperator;
      readonly tensor: NamedTensor;
      readonly element: ElementAt;
      readonly cost: DisputeCost;
    }
  | { readonly what: "empty"; readonly operator: NamedOperator; readonly tensor: NamedTensor }
  | { readonly what: "segment"; readonly segment: number }
  | { readonly what: "inputs" };

/** Proof that the asserter's own statements contradict each other, the plan or arithmetic. */
export type Evidence =
  | SegmentCountFault
  | BoundaryFault
  | CarriedTensorFault
  | OutputFault
  | InputFault
  | NonCanonicalFault
  | OperatorFault
  | StretchFault
  | EmptyFault;

/** The receipt counts other segments than the plan has. */
export interface SegmentCountFault {
  readonly fault: "segment-count";
  readonly claimed: number;
  readonly correct: number;
}

/** A committed trace leaf is not the body of its segment: tag, index or length. */
export interface BoundaryFault {
  readonly fault: "malformed-boundary";
  readonly segment: number;
  readonly problem: string;
}

/** A tensor that only lives through a segment is another one after it. */
export interface CarriedTensorFault {
  readonly fault: "carried-tensor-changed";
  readonly segment: number;
  readonly tensor: NamedTensor;
  readonly before: Hex;
  readonly after: Hex;
}

/** A graph output is not the tensor that the run itself ended with. */
export interface OutputFault {
  readonly fault: "output-differs";
  readonly output: number;
  readonly tensor: NamedTensor;
  readonly claimed: Hex;
  readonly correct: Hex;
}

/** An input whose value decided the plan is committed with another value. */
export interface InputFault {
  readonly fault: "steering-input-differs";
  readonly input: number;
  readonly tensor: NamedTensor;
  readonly claimed: Hex;
  readonly correct: Hex;
}

/** A committed tensor that the operator reads holds bits that no tensor may hold. */
export interface NonCanonicalFault {
  readonly fault: "non-canonical";
  readonly segment: number;
  /** The operator that reads it. */
  readonly operator: NamedOperator;
  readonly tensor: NamedTensor;
  readonly element: ElementAt;
  readonly claimed: string;
}

/** An operator's committed output does not follow from its committed inputs. */
export interface OperatorFault {
  readonly fault: "wrong-operator";
  readonly segment: number;
  readonly operator: NamedOperator;
  /** The first output that is wrong. */
  readonly output: number;
  readonly tensor: NamedTensor;
  /** Its first wrong element. */
  readonly element: ElementAt;
  /** Bits of that element, most significant digit first. */
  readonly claimed: string;
  readonly correct: string;
  readonly claimedCommitment: Hex;
  readonly correctCommitment: Hex;
  readonly cost: DisputeCost;
}

/**
 * A stretch of one element's fold does not lead from its committed beginning to its committed end.
 * A map has no fold: the element itself is wrong.
 */
export interface StretchFault {
  readonly fault: "wrong-stretch";
  readonly segment: number;
  readonly operator: NamedOperator;
  /** The result that holds the element: an output, or an intermediate under its stage's name. */
  readonly tensor: NamedTensor;
  readonly element: ElementAt;
  /** What the coordinates mean, where the definition says so: batch, head, query, key. */
  readonly axes: readonly AxisAt[];
  /** Steps `from` … `to` − 1 of the fold's `of`. */
  readonly steps: { readonly from: number; readonly to: number; readonly of: number };
  /** Whether the claimed bits are the element's, or a state's at the end of the stretch. */
  readonly what: "element" | "state";
  /** Bits, most significant digit first; the words of a state one behind the other. */
  readonly claimed: string;
  readonly correct: string;
  readonly cost: DisputeCost;
}

/** A result without elements has one commitment, and another is claimed. */
export interface EmptyFault {
  readonly fault: "wrong-commitment";
  readonly segment: number;
  readonly operator: NamedOperator;
  readonly tensor: NamedTensor;
  readonly claimed: Hex;
  readonly correct: Hex;
}

/** An operator for people and for machines; the index is what counts, the name is readable. */
export interface NamedOperator {
  readonly index: number;
  readonly name: string;
  readonly domain: string;
  readonly operator: string;
  readonly version: number;
}

export interface NamedTensor {
  /** Id in the plan's values; null for an intermediate, which only its operator knows. */
  readonly value: number | null;
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
}

export interface ElementAt {
  /** Row-major position. */
  readonly index: number;
  readonly coordinates: readonly number[];
}

/** A coordinate under the name that the definition gives its axis. */
export interface AxisAt {
  readonly name: string;
  readonly size: number;
  readonly at: number;
}

/** What the referee had to do, against what the run did. */
export interface DisputeCost {
  /** What the referee computed itself: one operator, or one stretch inside it. */
  readonly referee: Cost;
  /** The whole operator, and the whole run. */
  readonly operator: Cost;
  readonly run: Cost;
  /** Bytes of all moves, this one included. */
  readonly moveBytes: number;
}
