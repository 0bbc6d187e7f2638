import { bytesEqual } from "../../operators/index.js";
import type { Plan, PlanNode, Segment } from "../graph/plan.js";
import type { Digest } from "../merkle/hash.js";
import { indexedRoot } from "../merkle/indexed-root.js";
import type { CommittedList } from "../merkle/list.js";
import { traceList } from "../merkle/trace.js";
import { nodeAt } from "../merkle/tree.js";
import { toHex } from "../receipt/hex.js";
import type { Body, Move } from "./moves.js";
import { envelop, type Party } from "./party.js";
import type { TraceProvider } from "./provider.js";
import type { Rules } from "./rules.js";
import type { Claim, DisputeState, PhaseOf } from "./state.js";
import { committedResults } from "./values.js";

/**
 * Walks to the leftmost difference between its own run and the asserter's. Everything before it is
 * equal, so there the asserter's inputs are right and its result is wrong. Where nothing differs it
 * stays silent: it has no complaint.
 */
export class HonestChallenger implements Party {
  private readonly plan: Plan;
  private readonly trace: CommittedList;

  constructor(
    private readonly rules: Pick<Rules, "plan" | "hasher">,
    private readonly provider: TraceProvider,
    /** The asserter's boundaries, where it handed them over: they save the descent. */
    private readonly claimed?: readonly (readonly Digest[])[],
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
      default:
        return undefined;
    }
  }

  private locate(claim: Claim): Body | undefined {
    const { hasher } = this.rules;
    if (claim.trace !== toHex(this.trace.root)) {
      const segment = this.knownDifference(claim);
      return segment === undefined ? { kind: "descend" } : { kind: "nameSegment", segment };
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
    if (toHex(traceList(this.rules.hasher, this.claimed).root) !== claim.trace) return undefined;
    const own = this.provider.boundaries;
    const segment = this.claimed.findIndex((live, s) =>
      live.some((digest, i) => !bytesEqual(digest, own[s]?.[i] ?? NOTHING)),
    );
    return segment < 0 ? undefined : segment;
  }

  private select({ nodes }: PhaseOf<"selectNode">): Body<"select"> {
    const child = nodes.findIndex(
      ({ position, hash }) => toHex(nodeAt(this.trace.tree, position)) !== hash,
    );
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
