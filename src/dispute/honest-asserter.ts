import type { Plan, PlanNode, Segment, ValueOrigin } from "../graph/plan.js";
import { concat, type Digest } from "../merkle/hash.js";
import { indexedList } from "../merkle/indexed-root.js";
import { type CommittedList, proveEntry } from "../merkle/list.js";
import { rootPosition } from "../merkle/shape.js";
import { segmentBody, traceList } from "../merkle/trace.js";
import { toHex } from "../receipt/hex.js";
import { AnswersInside } from "./answers-inside.js";
import { hashesBelow } from "./descend.js";
import { InsideView } from "./inside-view.js";
import { pathHoldsPartials } from "./move-limit.js";
import { type Body, type Hex, type LeafOpening, type Move, OPERATOR_PART } from "./moves.js";
import { envelop, type Party } from "./party.js";
import type { TraceProvider } from "./provider.js";
import type { Rules } from "./rules.js";
import { foldSteps } from "./spans.js";
import type { DisputeState, PhaseOf } from "./state.js";
import { insideCount, programOf } from "./targets.js";
import { innerValues, openedValues, originOf, provedValues } from "./values.js";

/** Answers everything it is asked from its own run, whatever that run was. */
export class HonestAsserter implements Party {
  private readonly plan: Plan;
  private readonly trace: CommittedList;
  private readonly inputs: CommittedList;
  private readonly weights: CommittedList;
  private readonly views = new Map<number, Promise<AnswersInside>>();

  constructor(
    private readonly rules: Pick<Rules, "plan" | "hasher" | "budget">,
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
      case "openPath":
        return this.openPath(phase);
      case "openNode":
        return this.openNode(phase);
      case "openBoundaries":
        return this.openBoundaries(phase.segment);
      case "openSegment":
        return this.openSegment(phase.segment);
      case "openOperator":
        return this.openOperator(phase);
      case "openIntermediates":
        return (await this.inside(phase.node)).intermediates();
      case "openTile":
        return (await this.inside(phase.operator.node)).tile(phase);
      case "openPartials":
        return (await this.inside(phase.operator.node)).partials(phase);
      case "openReads":
        return (await this.inside(phase.operator.node)).reads(phase);
      default:
        return undefined;
    }
  }

  /** Views of the operators that were asked about; a dispute is about one. */
  private inside(node: number): Promise<AnswersInside> {
    const known = this.views.get(node);
    if (known) return known;
    const made = InsideView.of(this.rules, this.provider, node).then(
      (view) =>
        new AnswersInside(this.rules.budget, view, (value) => this.prove([value])[0] as Hex[]),
    );
    this.views.set(node, made);
    return made;
  }

  private async openNode(phase: PhaseOf<"openNode">): Promise<Body | undefined> {
    const { place, at } = phase;
    if (place.tree !== "trace") return (await this.inside(place.operator.node)).hashes(phase);
    const position = at?.position ?? rootPosition(this.trace.tree.count);
    return { kind: "hashes", hashes: hashesBelow(this.trace.tree, position).map(toHex) };
  }

  /** All that the path asks, in the order of its phases. */
  private async openPath({ path }: PhaseOf<"openPath">): Promise<Body<"openPath">> {
    const { segment, node, target, element } = path;
    const answers: Body[] = [this.openBoundaries(segment)];
    const cut = this.plan.segments[segment] as Segment;
    if (innerValues(this.plan, cut).length > 0) answers.push(await this.openSegment(segment));
    if (target === null || element === null) return { kind: "openPath", answers };
    const planNode = this.plan.nodes[node] as PlanNode;
    const inside = await this.inside(node);
    if (insideCount(planNode) > 0) answers.push(inside.intermediates());
    const to = foldSteps(programOf(planNode, target));
    if (pathHoldsPartials(this.rules, path)) {
      answers.push(inside.partials({ ...WHOLE, ...NO_OPERATOR, target, element, to }));
    }
    return { kind: "openPath", answers };
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

  private async openOperator(phase: PhaseOf<"openOperator">): Promise<Body<"openOperator">> {
    const { node, shown } = phase;
    const values = openedValues(this.plan, this.plan.nodes[node] as PlanNode);
    const all = concat(...(await this.provider.tensors(node, values)));
    const from = (shown.length - 2) / 2;
    const part = all.slice(from, from + OPERATOR_PART);
    const last = from + part.length === all.length;
    return {
      kind: "openOperator",
      part,
      proofs: last ? this.prove(provedValues(this.plan, values)) : [],
    };
  }

  private prove(values: readonly number[]): Hex[][] {
    return values.map((value) => {
      const origin = originOf(this.plan, value);
      const list = origin.kind === "input" ? this.inputs : this.weights;
      return isProved(origin) ? proveEntry(list, origin.index).map(toHex) : [];
    });
  }
}

function isProved(origin: ValueOrigin): origin is Extract<ValueOrigin, { index: number }> {
  return origin.kind === "input" || origin.kind === "weight";
}

const WHOLE = { claimed: null, from: 0, before: null, after: null } as const;

/** A path is answered before its commitments are known to the referee. */
const NO_OPERATOR = {
  operator: { segment: 0, before: [], after: [], inner: [], node: 0, intermediates: [] },
} as const;
