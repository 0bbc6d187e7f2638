/** Bytes as text, "0x" and lower case: moves and states are JSON, but for tensors and leaf bodies. */
export type Hex = string;

export type Side = "asserter" | "challenger";

/** Who may send a move; a timeout may come from anyone. */
export type Sender = Side | "anyone";

/** The body of a trace leaf, and the siblings that lead from it to the trace root. */
export interface LeafOpening {
  readonly body: Uint8Array;
  readonly proof: readonly Hex[];
}

/** A tile of a committed tensor, and the siblings that lead from it to the tensor's root. */
export interface ShownLeaf {
  readonly bytes: Uint8Array;
  readonly siblings: readonly Hex[];
  /** Siblings that prove the tensor where it is a graph input, a weight or a slice; else none. */
  readonly proof: readonly Hex[];
}

/** A tile of one of the sources of a program. */
export interface ReadTile extends ShownLeaf {
  /** By position among the sources of the program on trial. */
  readonly source: number;
  /** By position among its tiles; those of a recurrence's stage go on from slice to slice. */
  readonly tile: number;
}

/** What each kind of move says beside its envelope. Every field is always present. */
export interface MoveBodies {
  /** Asserter: the salt and the roots that it masks. */
  reveal: {
    readonly salt: Hex;
    readonly inputs: Hex;
    readonly outputs: Hex;
    readonly trace: Hex;
  };
  /** Challenger: open the trace tree from its root. */
  descend: Record<never, never>;
  /** Challenger: the fault is in this segment. */
  nameSegment: { readonly segment: number };
  /** Challenger: a steering input is not the one that the plan was bound with. */
  challengeInputs: Record<never, never>;
  /** Asserter: the commitments of all graph inputs, which make the inputs root. */
  openInputs: { readonly commitments: readonly Hex[] };
  /** Asserter: the nodes some levels below the one in question, left to right. */
  hashes: { readonly hashes: readonly Hex[] };
  /** Challenger: the fault is below that node, counted from 0. */
  select: { readonly child: number };
  /**
   * Asserter: what was alive before and after the segment. For the last segment also the
   * commitments of all graph outputs, and for each output that is itself an input or a weight the
   * siblings that prove it to be that, in output order.
   */
  openBoundaries: {
    readonly before: LeafOpening | null;
    readonly after: LeafOpening;
    readonly outputs: readonly Hex[] | null;
    readonly proofs: readonly (readonly Hex[])[];
  };
  /** Asserter: commitments of the segment's results that no boundary holds. */
  openSegment: { readonly inner: readonly Hex[] };
  /** Challenger: the fault is in this operator, by its index in the plan. */
  nameOperator: { readonly node: number };
  /**
   * Asserter: the bytes of every distinct input that is no constant, then of every output, one behind
   * the other, in parts of `OPERATOR_PART` bytes; with the last part the siblings for those that are
   * graph inputs or weights, in the same order.
   */
  openOperator: {
    readonly part: Uint8Array;
    readonly proofs: readonly (readonly Hex[])[];
  };
  /** Challenger: the whole way to an element at once, for one who holds the asserter's data. */
  accuse: {
    readonly segment: number;
    readonly node: number;
    readonly target: number | null;
    readonly element: number | null;
  };
  /** Asserter: what it would have answered on that way, move by move, without envelopes. */
  openPath: { readonly answers: readonly Body[] };
  /**
   * Asserter: commitments of the operator's results that are no outputs, and behind them the root of
   * the slices where it is a recurrence.
   */
  openIntermediates: { readonly commitments: readonly Hex[] };
  /** Challenger: open the tree of this result. */
  descendTensor: { readonly target: number };
  /** Challenger: open the list of the recurrence's slices. */
  descendSlices: Record<never, never>;
  /** Asserter: the tile whose hash is known. */
  openTile: { readonly bytes: Uint8Array };
  /** Challenger: the fault is in this element of the tile, counted row-major over the tensor. */
  pickElement: { readonly element: number };
  /** Challenger: the fault is in this element of that result. */
  nameElement: { readonly target: number; readonly element: number };
  /**
   * Asserter: state words after each span of the stretch but the last. `claim` is the tile that holds
   * the element where it has not been shown yet.
   */
  openPartials: { readonly claim: ShownLeaf | null; readonly words: Uint8Array };
  /** Challenger: the fault is in this span, counted from 0. */
  selectSpan: { readonly span: number };
  /** Asserter: tiles that the stretch reads, in the order in which it first reads them. */
  openReads: { readonly claim: ShownLeaf | null; readonly tiles: readonly ReadTile[] };
  /** Anyone: the side to move has let its time run out. */
  timeout: Record<never, never>;
}

export type MoveKind = keyof MoveBodies;

/** Every move is bound to one dispute, one position in it and one sender. */
export interface Envelope {
  readonly dispute: Hex;
  /** Number of moves accepted before this one. */
  readonly sequence: number;
  readonly sender: Sender;
}

export type Body<K extends MoveKind = MoveKind> = {
  readonly [P in K]: { readonly kind: P } & MoveBodies[P];
}[K];

export type Move<K extends MoveKind = MoveKind> = Envelope & Body<K>;

/** The exact fields of each kind, for the strict reading of a move. */
export const MOVE_FIELDS: { readonly [K in MoveKind]: readonly (keyof MoveBodies[K])[] } = {
  reveal: ["salt", "inputs", "outputs", "trace"],
  descend: [],
  nameSegment: ["segment"],
  challengeInputs: [],
  openInputs: ["commitments"],
  hashes: ["hashes"],
  select: ["child"],
  openBoundaries: ["before", "after", "outputs", "proofs"],
  openSegment: ["inner"],
  nameOperator: ["node"],
  openOperator: ["part", "proofs"],
  accuse: ["segment", "node", "target", "element"],
  openPath: ["answers"],
  openIntermediates: ["commitments"],
  descendTensor: ["target"],
  descendSlices: [],
  openTile: ["bytes"],
  pickElement: ["element"],
  nameElement: ["target", "element"],
  openPartials: ["claim", "words"],
  selectSpan: ["span"],
  openReads: ["claim", "tiles"],
  timeout: [],
};

/** Bytes of dispute id, sequence number, sender and kind. */
export const ENVELOPE_BYTES = 32 + 8 + 1 + 1;

/** The size of a move in a dense encoding: hashes 32, numbers 8, bytes as they are. */
export function moveBytes(move: Move): number {
  const { dispute: _d, sequence: _s, sender: _w, kind: _k, ...body } = move;
  return ENVELOPE_BYTES + sizeOf(body);
}

/** No move is longer than this. */
export const MOVE_BYTES = 8192;

/** Most tiles of one `openReads`. */
export const MAX_TILES = 64;

/** Bytes of one part of an operator's tensors. */
export const OPERATOR_PART = 6144;

/** Deep enough for every field; deeper is no move, and a refusal awaits it. */
const DEPTH = 6;

function sizeOf(value: unknown, depth = 0): number {
  if (value instanceof Uint8Array) return value.length;
  // Beside hashes there is only the kind of an answer: one byte.
  if (typeof value === "string") return value.startsWith("0x") ? (value.length - 2) / 2 : 1;
  if (typeof value === "number") return 8;
  if (typeof value !== "object" || value === null || depth > DEPTH) return 0;
  return Object.values(value).reduce((sum: number, part) => sum + sizeOf(part, depth + 1), 0);
}
