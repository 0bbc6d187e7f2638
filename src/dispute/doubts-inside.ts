import { bytesEqual, DTYPES } from "../../operators/index.js";
import type { Plan } from "../graph/plan.js";
import { tensorGeometry, tileElements } from "../merkle/geometry.js";
import type { MerkleTree } from "../merkle/tree.js";
import { fromHex, toHex } from "../receipt/hex.js";
import type { Budget } from "./budget.js";
import type { InsideView } from "./inside-view.js";
import type { Body, Hex } from "./moves.js";
import { spanEnds } from "./spans.js";
import type { OpenedOperator, PhaseOf, Place } from "./state.js";
import {
  committedSlices,
  committedTarget,
  programOf,
  type Target,
  targetOf,
  targetsInOrder,
} from "./targets.js";

/** What an honest challenger doubts inside an operator whose inputs are right. */
export class DoubtsInside {
  constructor(
    private readonly plan: Plan,
    private readonly budget: Budget,
    private readonly view: InsideView,
  ) {}

  tree(place: Exclude<Place, { tree: "trace" }>): MerkleTree {
    return place.tree === "slices" ? this.view.slices().tree : this.view.tree(place.target).tree;
  }

  /** Opens the first result, in the order of computing, whose commitment is not this party's. */
  descend(operator: OpenedOperator): Body<"descendTensor" | "descendSlices"> {
    const targets = targetsInOrder(this.view.node);
    const wrong = targets.find((t) => this.committed(operator, t) !== this.own(t));
    const target = wrong ?? (targets[0] as number);
    return this.isSlice(target) ? { kind: "descendSlices" } : { kind: "descendTensor", target };
  }

  /** Slices have one commitment together. */
  private committed(operator: OpenedOperator, target: number): Hex {
    return this.isSlice(target)
      ? committedSlices(this.plan, operator)
      : committedTarget(this.plan, operator, target);
  }

  private own(target: number): Hex {
    const { root } = this.isSlice(target) ? this.view.slices() : NO_LIST;
    return toHex(root ?? this.view.tree(target).commitment);
  }

  private isSlice(target: number): boolean {
    return (targetOf(this.view.node, target) as Target).slice !== undefined;
  }

  /** The first result and element that differ from another run's. */
  firstDifference(theirs: InsideView): { target: number; element: number } | undefined {
    for (const target of targetsInOrder(this.view.node)) {
      const element = this.differingElement(target, theirs);
      if (element !== undefined) return { target, element };
    }
    return undefined;
  }

  /**
   * The element to name where the other's data is at hand: the first that differs, if it lies in a
   * result whose commitment differs too, or the data is not what was committed.
   */
  knownElement(
    operator: OpenedOperator,
    theirs: InsideView,
  ): { target: number; element: number } | undefined {
    const found = this.firstDifference(theirs);
    const differs = found && this.committed(operator, found.target) !== this.own(found.target);
    return differs ? found : undefined;
  }

  private differingElement(target: number, theirs: InsideView): number | undefined {
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
    const program = programOf(this.view.node, target);
    const ends = spanEnds(this.budget, program, from, to).slice(0, -1);
    const posted = fromHex(words);
    const states = this.view.states(target, element, ends);
    const wrong = states.findIndex((state, i) => {
      return !bytesEqual(state, posted.slice(i * state.length, (i + 1) * state.length));
    });
    return { kind: "selectSpan", span: wrong < 0 ? ends.length : wrong };
  }
}

const NO_LIST = { root: undefined };

function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? undefined : at;
}
