import type { Plan, PlanNode, Segment } from "../graph/plan.js";
import type { Digest } from "../merkle/hash.js";
import { indexedList } from "../merkle/indexed-root.js";
import { type CommittedList, proveEntry } from "../merkle/list.js";
import { rootPosition } from "../merkle/shape.js";
import { segmentBody, traceList } from "../merkle/trace.js";
import { toHex } from "../receipt/hex.js";
import { hashesBelow } from "./descend.js";
import type { Body, Hex, LeafOpening, Move } from "./moves.js";
import { envelop, type Party } from "./party.js";
import type { TraceProvider } from "./provider.js";
import type { Rules } from "./rules.js";
import type { DisputeState, PhaseOf } from "./state.js";
import { innerValues, openedValues, originOf, provedValues } from "./values.js";

/** Answers everything it is asked from its own run, whatever that run was. */
export class HonestAsserter implements Party {
  private readonly plan: Plan;
  private readonly trace: CommittedList;
  private readonly inputs: CommittedList;
  private readonly weights: CommittedList;

  constructor(
    private readonly rules: Pick<Rules, "plan" | "hasher">,
    private readonly provider: TraceProvider,
  ) {
    const { plan, hasher } = rules;
    this.plan = plan;
    this.trace = traceList(hasher, provider.boundaries);
    this.inputs = indexedList(hasher, "inputs", provider.inputs);
    this.weights = indexedList(hasher, "weights", provider.weights);
  }

  async respond(state: DisputeState): Promise<Move | undefined> {
    const body = await this.answer(state);
    return body && envelop(state, "asserter", body);
  }

  private async answer({ phase }: DisputeState): Promise<Body | undefined> {
    switch (phase.name) {
      case "reveal":
        return this.reveal();
      case "openInputs":
        return { kind: "openInputs", commitments: this.provider.inputs.map(toHex) };
      case "openNode": {
        const at = phase.at?.position ?? rootPosition(this.trace.tree.count);
        return { kind: "hashes", hashes: hashesBelow(this.trace.tree, at).map(toHex) };
      }
      case "openBoundaries":
        return this.openBoundaries(phase.segment);
      case "openSegment":
        return this.openSegment(phase.segment);
      case "openOperator":
        return this.openOperator(phase);
      default:
        return undefined;
    }
  }

  private reveal(): Body<"reveal"> | undefined {
    const { salt, outputs } = this.provider;
    if (salt === undefined) return undefined;
    const { root } = indexedList(this.rules.hasher, "outputs", outputs);
    return {
      kind: "reveal",
      salt: toHex(salt),
      inputs: toHex(this.inputs.root),
      outputs: toHex(root),
      trace: toHex(this.trace.root),
    };
  }

  private openBoundaries(segment: number): Body<"openBoundaries"> {
    const last = segment === this.plan.segments.length - 1;
    const values = last ? this.plan.outputs.map((output) => output.value) : [];
    return {
      kind: "openBoundaries",
      before: segment === 0 ? null : this.leaf(segment - 1),
      after: this.leaf(segment),
      outputs: last ? this.provider.outputs.map(toHex) : null,
      proofs: this.prove(provedValues(this.plan, values)),
    };
  }

  private leaf(segment: number): LeafOpening {
    const live = this.provider.boundaries[segment] as readonly Digest[];
    return {
      body: segmentBody(segment, live),
      proof: proveEntry(this.trace, segment).map(toHex),
    };
  }

  private async openSegment(segment: number): Promise<Body<"openSegment">> {
    const results = await this.provider.results(segment);
    const inner = innerValues(this.plan, this.plan.segments[segment] as Segment);
    return { kind: "openSegment", inner: inner.map((v) => toHex(results.get(v) as Digest)) };
  }

  private async openOperator({ node }: PhaseOf<"openOperator">): Promise<Body<"openOperator">> {
    const values = openedValues(this.plan, this.plan.nodes[node] as PlanNode);
    return {
      kind: "openOperator",
      tensors: await this.provider.tensors(node, values),
      proofs: this.prove(provedValues(this.plan, values)),
    };
  }

  private prove(values: readonly number[]): Hex[][] {
    return values.map((value) => {
      const origin = originOf(this.plan, value);
      const list = origin.kind === "input" ? this.inputs : this.weights;
      return origin.kind === "node" ? [] : proveEntry(list, origin.index).map(toHex);
    });
  }
}
