import { rootPosition } from "../merkle/shape.js";
import { toHex } from "../receipt/hex.js";
import type { Budget } from "./budget.js";
import { hashesBelow } from "./descend.js";
import type { InsideView } from "./inside-view.js";
import { type Body, type Hex, MAX_TILES, MOVE_BYTES, moveBytes } from "./moves.js";
import { spanEnds } from "./spans.js";
import type { PhaseOf, Stretch } from "./state.js";
import { intermediateStages, programOf, sliceCount } from "./targets.js";

/** What an honest asserter answers inside an operator, from its own view of it. */
export class AnswersInside {
  constructor(
    private readonly budget: Budget,
    private readonly view: InsideView,
    /** Siblings that prove the commitment of a graph input or weight; none for results. */
    private readonly prove: (value: number) => Hex[],
  ) {}

  intermediates(): Body<"openIntermediates"> {
    const stages = intermediateStages(this.view.node);
    const commitments = stages.map((s) => toHex(this.view.tree(s).commitment));
    const slices = sliceCount(this.view.node) > 0 ? [toHex(this.view.slices().root)] : [];
    return { kind: "openIntermediates", commitments: [...commitments, ...slices] };
  }

  hashes({ place, at }: PhaseOf<"openNode">): Body<"hashes"> | undefined {
    if (place.tree === "trace") return undefined;
    const { tree } = place.tree === "slices" ? this.view.slices() : this.view.tree(place.target);
    const position = at?.position ?? rootPosition(tree.count);
    return { kind: "hashes", hashes: hashesBelow(tree, position).map(toHex) };
  }

  tile({ target, tile }: PhaseOf<"openTile">): Body<"openTile"> {
    return { kind: "openTile", bytes: this.view.tile(target, tile) };
  }

  partials(stretch: Stretch): Body<"openPartials"> {
    const { target, element, from, to } = stretch;
    const ends = spanEnds(this.budget, programOf(this.view.node, target), from, to).slice(0, -1);
    const states = this.view.states(target, element, ends);
    const width = states[0]?.length ?? 0;
    const words = new Uint8Array(states.length * width);
    states.forEach((state, i) => {
      words.set(state, i * width);
    });
    return { kind: "openPartials", claim: this.claim(stretch), words };
  }

  /** The tiles that are still missing, as many as one move holds. */
  reads(phase: PhaseOf<"openReads">): Body<"openReads"> {
    const { target, element, from, to, after, tiles } = phase;
    const shown = new Set(tiles.map((t) => `${t.source} ${t.tile}`));
    const read = this.view.tilesRead(target, element, from, to, after === null);
    const due = read.filter((t) => !shown.has(`${t.source} ${t.tile}`));
    let body: Body<"openReads"> = { kind: "openReads", claim: this.claim(phase), tiles: [] };
    for (const { source, tile } of due.slice(0, MAX_TILES)) {
      const more = {
        ...body,
        tiles: [...body.tiles, this.view.sourceTile(target, source, tile, this.prove)],
      };
      const fits = moveBytes({ ...NO_ENVELOPE, ...more }) <= MOVE_BYTES;
      if (!fits && body.tiles.length > 0) break;
      body = more;
    }
    return body;
  }

  private claim({ claimed, target, element }: Stretch) {
    return claimed === null ? this.view.claim(target, element) : null;
  }
}

const NO_ENVELOPE = { dispute: "0x", sequence: 0, sender: "asserter" } as const;
