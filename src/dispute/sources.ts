import type { StageSource, TensorType } from "../../operators/index.js";
import type { Plan, PlanNode, PlanValue } from "../graph/plan.js";
import type { KnownValue } from "../graph/values.js";
import { locateElement, type TensorGeometry, tensorGeometry } from "../merkle/geometry.js";
import {
  isScanned,
  sliceIndex,
  sliceType,
  type Target,
  targetOf,
  targetOfSlice,
  targetOfStage,
} from "./targets.js";
import { originOf } from "./values.js";

/** What one source of a program is, as a dispute sees it. All follows from the plan. */
export type SourceOrigin =
  | { readonly kind: "value"; readonly value: number }
  | { readonly kind: "target"; readonly target: number }
  /** A stage of the recurrence: its slices one behind the other. */
  | { readonly kind: "slices"; readonly stage: number };

export function sourceOrigin(node: PlanNode, source: StageSource): SourceOrigin {
  if (source.kind === "stage") {
    const { index } = source;
    if (isScanned(node.lowering, index)) return { kind: "slices", stage: index };
    return { kind: "target", target: targetOfStage(node, index) };
  }
  const value = node.inputs[source.index];
  if (value === undefined) throw new RangeError(`input ${source.index} is left out`);
  return { kind: "value", value };
}

/** The value of a source that is a constant of the plan: no party is asked for it. */
export function constantOf(
  plan: Plan,
  node: PlanNode,
  source: StageSource,
): KnownValue | undefined {
  const from = sourceOrigin(node, source);
  if (from.kind !== "value") return undefined;
  const origin = originOf(plan, from.value);
  return origin.kind === "constant" ? plan.constants[origin.index] : undefined;
}

/**
 * The tiles of a source. Those of slices are numbered one slice behind the other, so that a source is
 * always one list of tiles.
 */
export class SourceTiles {
  readonly type: TensorType;
  readonly geometry: TensorGeometry;
  /** Tiles in all. */
  readonly count: number;

  constructor(
    plan: Plan,
    private readonly node: PlanNode,
    readonly origin: SourceOrigin,
  ) {
    this.type = committedType(plan, node, origin);
    this.geometry = tensorGeometry(this.type.dtype, this.type.dims);
    const slices = origin.kind === "slices" ? (node.lowering.scan?.steps ?? 0) : 1;
    this.count = this.geometry.tiles * slices;
  }

  /** The tile that holds an element of the source, and where in it. */
  locate(element: number): { readonly tile: number; readonly position: number } {
    const slice = Math.floor(element / this.geometry.elements);
    const { tile, position } = locateElement(
      this.geometry,
      element - slice * this.geometry.elements,
    );
    return { tile: slice * this.geometry.tiles + tile, position };
  }

  /** Which tile of which committed tensor a tile is; the tensor is a value or a target. */
  tensorOf(tile: number): { readonly of: TensorOrigin; readonly tile: number } {
    const { origin, geometry } = this;
    if (origin.kind !== "slices") return { of: origin, tile };
    const t = Math.floor(tile / geometry.tiles);
    const target = targetOfSlice(this.node, sliceIndex(this.node, origin.stage, t));
    return { of: { kind: "target", target }, tile: tile - t * geometry.tiles };
  }
}

export type TensorOrigin = Exclude<SourceOrigin, { kind: "slices" }>;

function committedType(plan: Plan, node: PlanNode, origin: SourceOrigin): TensorType {
  switch (origin.kind) {
    case "value":
      return plan.values[origin.value] as PlanValue;
    case "target":
      return (targetOf(node, origin.target) as Target).type;
    case "slices":
      return sliceType(node.lowering.stages[origin.stage] as Target["stage"]);
  }
}
