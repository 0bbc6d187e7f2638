import { bytesEqual, DTYPES } from "../../operators/index.js";
import type { Plan } from "../graph/plan.js";
import { tensorGeometry, tileElements } from "../merkle/geometry.js";
import type { MerkleTree } from "../merkle/tree.js";
import { fromHex, toHex } from "../receipt/hex.js";
import type { InsideView } from "./inside-view.js";
import type { Body } from "./moves.js";
import { spanEnds } from "./spans.js";
import type { OpenedOperator, PhaseOf } from "./state.js";
import { committedTarget, programOf, targetsInOrder } from "./targets.js";

/** What an honest challenger doubts inside an operator whose inputs are right. */
export class DoubtsInside {
  constructor(
    private readonly plan: Plan,
    private readonly view: InsideView,
  ) {}

  tree(target: number): MerkleTree {
    return this.view.tree(target).tree;
  }

  /** The first result, in the order of computing, that is not this party's. */
  differingTarget(operator: OpenedOperator): number {
    const targets = targetsInOrder(this.view.node);
    const differs = (target: number): boolean =>
      committedTarget(this.plan, operator, target) !== toHex(this.view.tree(target).commitment);
    return targets.find(differs) ?? (targets[0] as number);
  }

  /** The first result and element that differ from another run's. */
  firstDifference(theirs: InsideView): { target: number; element: number } | undefined {
    for (const target of targetsInOrder(this.view.node)) {
      const element = this.differingElement(target, theirs);
      if (element !== undefined) return { target, element };
    }
    return undefined;
  }

  differingElement(target: number, theirs: InsideView): number | undefined {
    const own = this.view.tensor(target);
    const at = firstDifference(own.bytes, theirs.tensor(target).bytes);
    return at === undefined ? undefined : Math.floor(at / DTYPES[own.dtype].size);
  }

  pickElement({ target, tile, bytes }: PhaseOf<"pickElement">): Body<"pickElement"> {
    const { dtype, dims } = this.view.tensor(target);
    const at = firstDifference(this.view.tile(target, tile), fromHex(bytes)) ?? 0;
    const elements = tileElements(tensorGeometry(dtype, dims), tile);
    const element = elements[Math.floor(at / DTYPES[dtype].size)] as number;
    return { kind: "pickElement", element };
  }

  /** The first span whose posted end is wrong; where all are right it is the last. */
  selectSpan({ target, element, from, to, words }: PhaseOf<"selectSpan">): Body<"selectSpan"> {
    const ends = spanEnds(programOf(this.view.node, target), from, to).slice(0, -1);
    const posted = fromHex(words);
    const states = this.view.states(target, element, ends);
    const wrong = states.findIndex((state, i) => {
      return !bytesEqual(state, posted.slice(i * state.length, (i + 1) * state.length));
    });
    return { kind: "selectSpan", span: wrong < 0 ? ends.length : wrong };
  }
}

function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? undefined : at;
}
