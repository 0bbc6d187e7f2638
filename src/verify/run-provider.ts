import type { Machine, Tensor } from "../../operators/index.js";
import type { TraceProvider } from "../dispute/provider.js";
import type { Corruption } from "../execute/drill.js";
import type { Run } from "../execute/run-model.js";
import { Session } from "../execute/session.js";
import { keepSegments, replaySegment } from "../execute/trace.js";
import type { ModelDigest } from "../graph/digests.js";
import type { Plan, PlanNode, Segment } from "../graph/plan.js";
import { type ProgramRunner, runStages } from "../graph/run-lowering.js";
import type { Model } from "../graph/types.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { wasmRunner } from "./recompute.js";

/** A run with what its executor kept, from which any one segment can be re-executed. */
export interface KeptRun {
  readonly plan: Plan;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Digest[];
  readonly boundaries: readonly (readonly Digest[])[];
  readonly kept: ReadonlyMap<number, Tensor>;
  readonly drill?: Required<Corruption>;
  readonly salt?: Uint8Array;
}

/** A run of this process as a party defends it. It must have been made with `keepBoundaries`. */
export function keptRunOf({ plan, inputs, trace }: Run, salt?: Uint8Array): KeptRun {
  const { outputs, boundaries, kept, corruption } = trace;
  return {
    plan,
    inputs,
    outputs,
    boundaries,
    kept,
    ...(corruption ? { drill: corruption } : {}),
    ...(salt ? { salt } : {}),
  };
}

/** Answers a dispute about a run by running the segment in question again, drill included. */
export class RunProvider implements TraceProvider {
  readonly boundaries: readonly (readonly Digest[])[];
  readonly inputs: readonly Digest[];
  readonly outputs: readonly Digest[];
  readonly weights: readonly Digest[];
  readonly salt: Uint8Array | undefined;
  private readonly runner: ProgramRunner = wasmRunner();
  private session: Promise<Session> | undefined;
  private current = -1;

  constructor(
    private readonly run: KeptRun,
    private readonly model: Model,
    digest: ModelDigest,
    private readonly hasher: Hasher,
    private readonly machine: Machine,
  ) {
    this.boundaries = run.boundaries;
    this.inputs = run.inputs.map((t) => commitTensor(hasher, t));
    this.outputs = run.outputs;
    this.weights = digest.weightCommitments;
    this.salt = run.salt;
  }

  async results(segment: number): Promise<ReadonlyMap<number, Digest>> {
    const session = await this.replayed(segment);
    const { first, end } = this.run.plan.segments[segment] as Segment;
    const values = this.run.plan.nodes.slice(first, end).flatMap((n: PlanNode) => n.outputs);
    return new Map(values.map((v) => [v, commitTensor(this.hasher, session.tensor(v))]));
  }

  async tensors(node: number, values: readonly number[]): Promise<readonly Uint8Array[]> {
    const { plan } = this.run;
    const segment = plan.segments.findIndex((s) => node >= s.first && node < s.end);
    const session = await this.replayed(segment);
    return values.map((v) => session.tensor(v).bytes);
  }

  async stages(index: number): Promise<readonly Tensor[]> {
    const { plan } = this.run;
    const node = plan.nodes[index] as PlanNode;
    const segment = plan.segments.findIndex((s) => index >= s.first && index < s.end);
    const session = await this.replayed(segment);
    const inputs = node.inputs.map((v) => (v === undefined ? undefined : session.tensor(v)));
    return runStages(node.lowering, inputs, this.runner);
  }

  async close(): Promise<void> {
    await (await this.session)?.close();
    this.session = undefined;
    this.current = -1;
  }

  private async replayed(segment: number): Promise<Session> {
    const { plan, inputs, kept, drill } = this.run;
    this.session ??= Session.open(plan, this.model.weights, this.machine, {
      keepUntil: keepSegments(plan),
    });
    const session = await this.session;
    if (this.current !== segment) {
      replaySegment(session, segment, inputs, kept, drill);
      this.current = segment;
    }
    return session;
  }
}
