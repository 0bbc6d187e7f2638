import type { PlanNode } from "../../graph/plan.js";
import { fromHex, toHex } from "../../receipt/hex.js";
import type { Evidence } from "../evidence.js";
import { judgeStretch } from "../judge-stretch.js";
import { MAX_TILES, type ReadTile } from "../moves.js";
import { readFields, readIndex } from "../reading.js";
import { demand } from "../refusals.js";
import { constantOf, SourceTiles, sourceOrigin } from "../sources.js";
import { MissingTile } from "../sparse.js";
import type { ShownTile, Stretch } from "../state.js";
import { computeStretch } from "../stretch.js";
import { type Target, targetOf } from "../targets.js";
import { claimedElement } from "./claim.js";
import type { Step, StepContext } from "./step.js";
import { improperTile, refuted, requireTile } from "./tile.js";

/**
 * The asserter shows the tiles that the stretch reads, each proved against its own commitments, in
 * the order in which they are first read and as many as one move holds. The referee computes as far
 * as it comes: nothing is shown that it does not read, and once nothing is missing it judges.
 */
export const openReads: Step<"openReads", "openReads"> = (context, phase, move) => {
  const { name: _, tiles: before, ...stretch } = phase;
  const element = claimedElement(context, stretch, move.claim);
  if (element.kind === "improper") return { phase: refuted(element.evidence) };
  const { claimed } = element;
  const few = Array.isArray(move.tiles) && move.tiles.length <= MAX_TILES;
  demand(few, "malformed", `tiles is a list of at most ${MAX_TILES}`);
  const shown: ShownTile[] = [];
  for (const given of move.tiles) {
    const { tile, evidence } = readTile(context, stretch, given);
    if (evidence) return { phase: refuted(evidence) };
    shown.push(tile);
  }
  const tiles = [...before, ...shown];
  const { result, read } = compute(context, stretch, tiles);
  requireAllRead(before, shown, read);
  if (result instanceof MissingTile) {
    demand(shown.length > 0, "wrong-count", result.message);
    return { phase: { name: "openReads", ...stretch, claimed, tiles } };
  }
  const outcome = judgeStretch(context, { ...stretch, claimed }, result);
  return { phase: { name: "ended", outcome } };
};

const keyOf = ({ source, tile }: Pick<ShownTile, "source" | "tile">): string => `${source} ${tile}`;

/** A tile that is not read, or was there before, would only make the referee keep it. */
function requireAllRead(
  before: readonly ShownTile[],
  shown: readonly ShownTile[],
  read: ReadonlySet<string>,
): void {
  const known = new Set(before.map(keyOf));
  for (const tile of shown) {
    const key = keyOf(tile);
    demand(read.has(key) && !known.has(key), "wrong-count", `tile ${key} is not due`);
    known.add(key);
  }
}

/** What the stretch gives with these tiles, and which of them it read. */
function compute(context: StepContext, stretch: Stretch, tiles: readonly ShownTile[]) {
  const found = new Map(tiles.map((t) => [keyOf(t), fromHex(t.bytes)]));
  const read = new Set<string>();
  const result = computeStretch(context.rules.plan, stretch, (source, tile) => {
    const key = keyOf({ source, tile });
    read.add(key);
    return found.get(key);
  });
  return { result, read };
}

/** A proved tile of a move. */
function readTile(
  context: StepContext,
  { operator, target }: Stretch,
  given: ReadTile,
): { readonly tile: ShownTile; readonly evidence: Evidence | undefined } {
  const { plan } = context.rules;
  readFields(given, ["source", "tile", "bytes", "siblings", "proof"], "a tile");
  const node = plan.nodes[operator.node] as PlanNode;
  const { sources } = (targetOf(node, target) as Target).stage;
  const source = readIndex(given.source, 0, sources.length, "source");
  const from = sources[source] as (typeof sources)[number];
  demand(constantOf(plan, node, from) === undefined, "wrong-index", "a constant is not shown");
  const form = new SourceTiles(plan, node, sourceOrigin(node, from));
  const number = readIndex(given.tile, 0, form.count, "tile");
  const { of, tile } = form.tensorOf(number);
  const bytes = requireTile(context, operator, of, tile, given);
  return {
    tile: { source, tile: number, bytes: toHex(bytes) },
    evidence: improperTile(context, operator, of, tile, bytes),
  };
}
