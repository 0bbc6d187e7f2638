import { bytesEqual, type ElementProgram, interpret, writerOf } from "../../../operators/index.js";
import type { PlanNode } from "../../graph/plan.js";
import { locateElement, tensorGeometry, tileByteLength } from "../../merkle/geometry.js";
import type { Digest } from "../../merkle/hash.js";
import { tensorCommitment, tileHash, verifyTile } from "../../merkle/tensor-tree.js";
import { rootFromProof } from "../../merkle/tree.js";
import { fromHex, toHex } from "../../receipt/hex.js";
import { judgeStretch } from "../judge-stretch.js";
import type { Hex, ReadTile, ShownLeaf } from "../moves.js";
import { proved, readBytes, readDigest, readFields, readIndex, readProof } from "../reading.js";
import { demand } from "../refusals.js";
import { spanEnds } from "../spans.js";
import { constantOf, MissingTile, sourceType, sparseReaders, type Tiles } from "../sparse.js";
import type { ShownTile, Stretch } from "../state.js";
import {
  committedTarget,
  programOf,
  type SourceOrigin,
  sourceOrigin,
  type Target,
  targetOf,
} from "../targets.js";
import { committedResults, originOf } from "../values.js";
import { decodeWords, encodeWords, type Word, wordBytes } from "../words.js";
import { stretchPhase } from "./inside.js";
import { verifySource } from "./source.js";
import type { Step, StepContext } from "./step.js";

/** From one element into its fold, until a stretch is left that the referee computes itself. */

/** The asserter posts the states at the ends of the spans. */
export const openPartials: Step<"openPartials", "openPartials"> = (context, phase, move) => {
  const { name: _, ...stretch } = phase;
  const program = programAt(context, stretch);
  const claimed = claimedElement(context, stretch, move.claim);
  const width = wordBytes(program.init);
  const count = spanEnds(program, stretch.from, stretch.to).length - 1;
  const words = readBytes(move.words, "words");
  demand(words.length === count * width, "wrong-count", `${count} states of ${width} bytes`);
  for (let i = 0; i < count; i++) {
    const state = words.subarray(i * width, (i + 1) * width);
    demand(decodeWords(program.init, state) !== undefined, "malformed", `state ${i} has a NaN`);
  }
  return { phase: { name: "selectSpan", ...stretch, claimed, words: toHex(words) } };
};

/** The challenger picks the first span whose end it knows to be wrong. */
export const selectSpan: Step<"selectSpan", "selectSpan"> = (context, phase, move) => {
  const { name: _, words, ...stretch } = phase;
  const program = programAt(context, stretch);
  const ends = spanEnds(program, stretch.from, stretch.to);
  const span = readIndex(move.span, 0, ends.length, "span");
  const digits = 2 * wordBytes(program.init);
  const state = (i: number): Hex => `0x${words.slice(2 + i * digits, 2 + (i + 1) * digits)}`;
  const part: Stretch = {
    ...stretch,
    from: span === 0 ? stretch.from : (ends[span - 1] as number),
    to: ends[span] as number,
    before: span === 0 ? stretch.before : state(span - 1),
    after: span === ends.length - 1 ? stretch.after : state(span),
  };
  return { phase: stretchPhase(nodeAt(context, stretch), part) };
};

/**
 * The asserter shows tiles that the stretch reads, each proved against its own commitments. The
 * referee computes as soon as nothing is missing; until then every move must bring what is.
 */
export const openReads: Step<"openReads", "openReads"> = (context, phase, move) => {
  const { name: _, tiles, ...stretch } = phase;
  const claimed = claimedElement(context, stretch, move.claim);
  const shown = [...tiles, ...readTiles(context, stretch, move.tiles)];
  const known = tileMap(shown);
  const missing = firstMissing(context, { ...stretch, claimed }, tileMap(tiles));
  demand(
    missing === undefined || known(missing.source, missing.tile) !== undefined,
    "wrong-count",
    `${missing?.message}`,
  );
  const result = compute(context, { ...stretch, claimed }, known);
  if (result instanceof MissingTile) {
    return { phase: { name: "openReads", ...stretch, claimed, tiles: shown } };
  }
  const outcome = judgeStretch(context, { ...stretch, claimed }, result);
  return { phase: { name: "ended", outcome } };
};

function nodeAt({ rules }: StepContext, { operator }: Stretch): PlanNode {
  return rules.plan.nodes[operator.node] as PlanNode;
}

function programAt(context: StepContext, stretch: Stretch): ElementProgram {
  return programOf(nodeAt(context, stretch), stretch.target);
}

/** The committed bytes of the element: known, or from the tile that is shown now. */
function claimedElement(context: StepContext, stretch: Stretch, claim: ShownLeaf | null): Hex {
  const { claimed, target, element, operator } = stretch;
  demand((claim === null) === (claimed !== null), "malformed", "the element's tile, once");
  if (claim === null) return claimed as Hex;
  const { plan, hasher } = context.rules;
  const { type } = targetOf(nodeAt(context, stretch), target) as Target;
  const geometry = tensorGeometry(type.dtype, type.dims);
  const { tile, position } = locateElement(geometry, element);
  readFields(claim, ["bytes", "siblings"], "the element's tile");
  const bytes = readBytes(claim.bytes, "the element's tile");
  const siblings = readProof(claim.siblings, "the element's tile");
  const commitment = readDigest(committedTarget(plan, operator, target), "the commitment");
  proved("wrong-tensor", () => verifyTile(hasher, commitment, type, { tile, bytes, siblings }));
  const size = geometry.elementSize;
  return toHex(bytes.subarray(position * size, (position + 1) * size));
}

function tileMap(shown: readonly ShownTile[]): Tiles {
  const found = new Map(shown.map((t) => [`${t.source} ${t.tile}`, t.bytes]));
  return (source, tile) => {
    const bytes = found.get(`${source} ${tile}`);
    return bytes === undefined ? undefined : fromHex(bytes);
  };
}

/** Proved tiles of a move. */
function readTiles(context: StepContext, stretch: Stretch, list: unknown): ShownTile[] {
  demand(Array.isArray(list) && list.length <= 64, "malformed", "tiles is a list");
  return list.map((given: ReadTile) => readTile(context, stretch, given));
}

function readTile(context: StepContext, stretch: Stretch, given: ReadTile): ShownTile {
  const { plan, hasher } = context.rules;
  readFields(given, ["source", "tile", "bytes", "siblings", "proof"], "a tile");
  const node = nodeAt(context, stretch);
  const { stage } = targetOf(node, stretch.target) as Target;
  const source = readIndex(given.source, 0, stage.sources.length, "source");
  const from = stage.sources[source] as (typeof stage.sources)[number];
  demand(constantOf(plan, node, from) === undefined, "wrong-index", "a constant is not shown");
  const type = sourceType(plan, node, from);
  const geometry = tensorGeometry(type.dtype, type.dims);
  const tile = readIndex(given.tile, 0, geometry.tiles, "tile");
  const bytes = readBytes(given.bytes, "a tile");
  const fits = bytes.length === tileByteLength(geometry, tile);
  demand(fits, "wrong-tensor", `tile ${tile} has ${bytes.length} bytes`);
  const siblings = readProof(given.siblings, "a tile");
  const proof = readProof(given.proof, "the proof of a tile's tensor");
  const leaf = tileHash(hasher, bytes);
  const root = proved("wrong-proof", () =>
    rootFromProof(hasher, geometry.tiles, { level: 0, index: tile }, leaf, siblings),
  );
  const commitment = tensorCommitment(hasher, type, root);
  requireSource(context, stretch, sourceOrigin(node, from), commitment, proof);
  return { source, tile, bytes: toHex(bytes) };
}

/** Refuses a commitment that is not where the plan says the source is committed. */
function requireSource(
  context: StepContext,
  { operator }: Stretch,
  origin: SourceOrigin,
  commitment: Digest,
  proof: readonly Digest[],
): void {
  const { plan } = context.rules;
  if (origin.kind === "value" && originOf(plan, origin.value).kind !== "node") {
    verifySource(context, origin.value, commitment, proof);
    return;
  }
  const expected =
    origin.kind === "target"
      ? committedTarget(plan, operator, origin.target)
      : committedResults(plan, operator)(origin.value);
  const same = bytesEqual(commitment, readDigest(expected, "the commitment"));
  demand(same && proof.length === 0, "wrong-tensor", `the tile does not belong to ${expected}`);
}

/** What the stretch gives: state words, or the element where the fold ends here. */
export type Computed =
  | { readonly kind: "words"; readonly bytes: Uint8Array }
  | { readonly kind: "element"; readonly bytes: Uint8Array };

function firstMissing(
  context: StepContext,
  stretch: Stretch,
  tiles: Tiles,
): MissingTile | undefined {
  const result = compute(context, stretch, tiles);
  return result instanceof MissingTile ? result : undefined;
}

function compute(context: StepContext, stretch: Stretch, tiles: Tiles): Computed | MissingTile {
  const node = nodeAt(context, stretch);
  const { stage, type } = targetOf(node, stretch.target) as Target;
  const { program } = stage;
  const readers = sparseReaders(context.rules.plan, node, stage.sources, tiles);
  const run = interpret(program, readers);
  const { element, from, to, before, after } = stretch;
  try {
    let state: Word[] =
      before === null ? run.initial() : (decodeWords(program.init, fromHex(before)) as Word[]);
    for (let step = from; step < to; step++) state = run.step(element, step, state);
    if (after !== null) return { kind: "words", bytes: encodeWords(program.init, state) };
    const value = run.finish(element, state);
    const bytes = new Uint8Array(tensorGeometry(type.dtype, []).elementSize);
    writerOf(type.dtype, bytes)(0, value);
    return { kind: "element", bytes };
  } catch (error) {
    if (error instanceof MissingTile) return error;
    throw error;
  }
}
