import { bytesEqual } from "../../operators/index.js";
import type { Plan, PlanNode, Segment } from "../graph/plan.js";
import type { Digest } from "../merkle/hash.js";
import { indexedRoot } from "../merkle/indexed-root.js";
import type { CommittedList } from "../merkle/list.js";
import { traceList } from "../merkle/trace.js";
import { nodeAt } from "../merkle/tree.js";
import { toHex } from "../receipt/hex.js";
import { DoubtsInside } from "./doubts-inside.js";
import { InsideView } from "./inside-view.js";
import type { Body, Move } from "./moves.js";
import { envelop, type Party } from "./party.js";
import type { TraceProvider } from "./provider.js";
import type { Rules } from "./rules.js";
import type { Claim, DisputeState, OpenedOperator, PhaseOf } from "./state.js";
import { isRecomputedWhole } from "./steps/inside.js";
import { committedResults } from "./values.js";

/**
 * Walks to the leftmost difference between its own run and the asserter's. Everything before it is
 * equal, so there the asserter's inputs are right and its result is wrong. Where nothing differs it
 * stays silent: it has no complaint.
 */
export class HonestChallenger implements Party {
  private readonly plan: Plan;
  private readonly trace: CommittedList;
  private readonly views = new Map<number, Promise<DoubtsInside>>();

  constructor(
    private readonly rules: Pick<Rules, "plan" | "hasher" | "budget">,
    private readonly provider: TraceProvider,
    /**
     * The asserter's own data, where it is at hand: it saves the descents. What of it the asserter
     * has not committed to is taken on trust, so a challenge that finds nothing this way is to be
     * tried again without.
     */
    private readonly claimed?: TraceProvider,
  ) {
    this.plan = rules.plan;
    this.trace = traceList(rules.hasher, provider.boundaries);
  }

  async respond(state: DisputeState): Promise<Move | undefined> {
    const body = await this.answer(state);
    return body && envelop(state, "challenger", body);
  }

  private async answer({ phase, claim }: DisputeState): Promise<Body | undefined> {
    switch (phase.name) {
      case "locate":
        return this.locate(claim);
      case "selectNode":
        return this.select(phase);
      case "nameOperator":
        return this.nameOperator(phase);
      case "locateElement":
        return this.locateElement(phase.operator);
      case "pickElement":
        return (await this.inside(phase.operator.node)).pickElement(phase);
      case "selectSpan":
        return (await this.inside(phase.operator.node)).selectSpan(phase);
      default:
        return undefined;
    }
  }

  private async locate(claim: Claim): Promise<Body | undefined> {
    const { hasher } = this.rules;
    if (claim.trace !== toHex(this.trace.root)) {
      const segment = this.knownDifference(claim);
      if (segment === undefined) return { kind: "descend" };
      return (await this.accuse(segment)) ?? { kind: "nameSegment", segment };
    }
    if (claim.outputs !== toHex(indexedRoot(hasher, "outputs", this.provider.outputs))) {
      return { kind: "nameSegment", segment: this.plan.segments.length - 1 };
    }
    // Which input is the lie cannot be known from the root: all of them are opened at once.
    if (this.plan.inputs.every((i) => i.steering === undefined)) return undefined;
    const same = claim.inputs === toHex(indexedRoot(hasher, "inputs", this.provider.inputs));
    return same ? undefined : { kind: "challengeInputs" };
  }

  /** The first segment that differs, if the boundaries at hand really are the asserter's. */
  private knownDifference(claim: Claim): number | undefined {
    if (this.claimed === undefined) return undefined;
    const { boundaries } = this.claimed;
    if (toHex(traceList(this.rules.hasher, boundaries).root) !== claim.trace) return undefined;
    const own = this.provider.boundaries;
    const segment = boundaries.findIndex((live, s) =>
      live.some((digest, i) => !bytesEqual(digest, own[s]?.[i] ?? NOTHING)),
    );
    return segment < 0 ? undefined : segment;
  }

  /** The whole way to the first wrong element, from the data of both. */
  private async accuse(segment: number): Promise<Body<"accuse"> | undefined> {
    const { plan, claimed } = this;
    if (claimed === undefined) return undefined;
    const theirs = await claimed.results(segment);
    const own = await this.provider.results(segment);
    const { first, end } = plan.segments[segment] as Segment;
    const differs = (v: number): boolean =>
      !bytesEqual(theirs.get(v) ?? NOTHING, own.get(v) ?? NOTHING);
    const nodes = plan.nodes.slice(first, end);
    const at = nodes.findIndex((n) => n.outputs.some(differs));
    // Nothing computed here differs: a carried tensor does, which the boundaries show.
    if (at < 0) return undefined;
    const node = first + at;
    const path = { kind: "accuse", segment, node } as const;
    if (isRecomputedWhole(this.rules, node)) return { ...path, target: null, element: null };
    const view = await InsideView.of(this.rules, claimed, node);
    const named = (await this.inside(node)).firstDifference(view);
    return named && { ...path, ...named };
  }

  private async locateElement(operator: OpenedOperator): Promise<Body> {
    const inside = await this.inside(operator.node);
    if (this.claimed === undefined) return inside.descend(operator);
    const view = await InsideView.of(this.rules, this.claimed, operator.node);
    const named = inside.knownElement(operator, view);
    return named ? { kind: "nameElement", ...named } : inside.descend(operator);
  }

  private inside(node: number): Promise<DoubtsInside> {
    const known = this.views.get(node);
    if (known) return known;
    const made = InsideView.of(this.rules, this.provider, node).then(
      (view) => new DoubtsInside(this.plan, this.rules.budget, view),
    );
    this.views.set(node, made);
    return made;
  }

  private async select({ place, nodes }: PhaseOf<"selectNode">): Promise<Body<"select">> {
    const tree =
      place.tree === "trace"
        ? this.trace.tree
        : (await this.inside(place.operator.node)).tree(place);
    const child = nodes.findIndex(({ position, hash }) => toHex(nodeAt(tree, position)) !== hash);
    return { kind: "select", child: Math.max(0, child) };
  }

  private async nameOperator(phase: PhaseOf<"nameOperator">): Promise<Body<"nameOperator">> {
    const { first, end } = this.plan.segments[phase.segment] as Segment;
    const own = await this.provider.results(phase.segment);
    const committed = committedResults(this.plan, phase);
    const differs = (value: number): boolean =>
      committed(value) !== toHex(own.get(value) ?? NOTHING);
    const nodes = this.plan.nodes.slice(first, end);
    const at = nodes.findIndex((node: PlanNode) => node.outputs.some(differs));
    return { kind: "nameOperator", node: first + Math.max(0, at) };
  }
}

const NOTHING: Digest = new Uint8Array(0);
