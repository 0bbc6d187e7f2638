import {
  AssayError,
  byteLength,
  canonicalNaNs,
  type Machine,
  sameType,
  type Tensor,
} from "../../operators/index.js";
import type { Plan, PlanValue } from "../graph/plan.js";
import { fillValue, isUniform, type KnownValue, materialize } from "../graph/values.js";
import { type Layout, type LayoutOptions, layoutPlan, usedValues } from "./layout.js";

/** What a run will allocate, known before anything is. */
export interface MemoryNeed {
  /** Weights, constants and inputs as they are stored, wherever the machine has them. */
  readonly weightBytes: number;
  readonly activationBytes: number;
  /** Weights in the order in which products read them, outside the machine's own memory. */
  readonly packedBytes: number;
  /** Of these, what is there already: an earlier session of the same model packed it. */
  readonly sharedBytes: number;
  /** Everything that will be allocated, packed operands and scratch included. */
  readonly totalBytes: number;
}

export interface SessionOptions extends LayoutOptions {
  /** Refuse to start above this many bytes. */
  readonly memoryLimit?: number;
  /** Told before anything is allocated. */
  readonly onNeed?: (need: MemoryNeed) => void;
}

/**
 * A plan loaded into a machine: weights are in place, inputs can be set, segments run. The same
 * session serves many runs.
 */
export class Session {
  private constructor(
    readonly plan: Plan,
    readonly machine: Machine,
    readonly layout: Layout,
    readonly need: MemoryNeed,
    private readonly given: ReadonlyMap<number, Given>,
  ) {}

  /** Loads weights and constants. Throws `model/too-large` where memory does not suffice. */
  static async open(
    plan: Plan,
    weights: ReadonlyMap<string, Tensor>,
    machine: Machine,
    options: SessionOptions = {},
  ): Promise<Session> {
    const packs = machine.packs?.bind(machine);
    // The interpreter runs what the definitions say, literally.
    const fuse = options.fuse ?? (machine.name === "interpreter" ? "nothing" : "segments");
    const layout = layoutPlan(plan, { ...options, fuse, ...(packs ? { packs } : {}) });
    const { calls, arenaBytes, activationBytes } = layout;
    const arena = {
      weightBytes: arenaBytes - activationBytes + outsideBytes(plan, layout),
      activationBytes,
      packedBytes: 0,
      sharedBytes: 0,
      totalBytes: arenaBytes,
    };
    // A machine may not even be able to estimate what is far beyond it.
    checkMemory(arena, options.memoryLimit);
    const given = constantsOf(plan, weights, layout);
    const need = { ...arena, ...machine.estimate(calls, arenaBytes, (at) => given.get(at)?.bytes) };
    checkMemory(need, options.memoryLimit);
    options.onNeed?.(need);
    await machine.load(calls, arenaBytes);
    for (const [offset, constant] of given) giveConstant(machine, offset, constant, arenaBytes);
    machine.constantsReady();
    return new Session(plan, machine, layout, need, given);
  }

  /** Graph inputs by position, of exactly the types the plan was bound to; NaNs become canonical. */
  setInputs(inputs: readonly Tensor[]): void {
    this.plan.inputs.forEach((declared, i) => {
      const given = inputs[i];
      const fits =
        given && sameType(given, declared) && given.bytes.length === byteLength(declared);
      if (!fits) {
        throw new AssayError("input/mismatch", `input "${declared.name}" does not fit the plan`);
      }
      // 0.75 ns an element in JavaScript, which beside a native product of few rows is much.
      const clean = given.dtype === "f32" && this.machine.hasNaN?.(given.bytes) === false;
      this.bytes(declared.value).set(clean ? given.bytes : canonicalNaNs(given).bytes);
    });
  }

  /** Runs nodes `first` … `end − 1`. */
  runNodes(first: number, end: number): void {
    const { callsOf } = this.layout;
    this.machine.run(callsOf[first] as number, callsOf[end] as number);
  }

  /**
   * The bytes of a value where they lie; later nodes may reuse the place. Those of a weight of which
   * the machine keeps only a packed form are the model's own.
   */
  bytes(value: number): Uint8Array {
    if (this.layout.outside.has(value)) {
      const { bytes, known } = this.given.get(this.layout.offsets[value] as number) as Given;
      return bytes ?? materialize(known).bytes;
    }
    const length = byteLength(this.plan.values[value] as PlanValue);
    const offset = this.layout.offsets[value];
    if (offset !== undefined) return this.machine.bytes(offset, length);
    throw new AssayError("usage", `the value ${value} was computed with others and is not kept`, {
      hint: "open the session with keepUntil, or without fuse",
    });
  }

  /** A copy of a value. */
  tensor(value: number): Tensor {
    const { dtype, dims } = this.plan.values[value] as PlanValue;
    return { dtype, dims, bytes: this.bytes(value).slice() };
  }

  async close(): Promise<void> {
    await this.machine.close();
  }
}

/** A weight, or a constant of the plan, whose bytes need not exist before they are asked for. */
type Given = { readonly bytes?: Uint8Array; readonly known: KnownValue };

/** Everything that is constant and used, by offset. */
function constantsOf(
  plan: Plan,
  weights: ReadonlyMap<string, Tensor>,
  { offsets }: Layout,
): Map<number, Given> {
  const used = usedValues(plan);
  const given = new Map<number, Given>();
  for (const w of plan.weights) {
    if (!used.has(w.value)) continue;
    const tensor = weights.get(w.name);
    if (!tensor || !sameType(tensor, w)) {
      throw new AssayError("graph/invalid", `the weight "${w.name}" does not fit the plan`);
    }
    given.set(offsets[w.value] as number, { known: tensor, bytes: tensor.bytes });
  }
  plan.values.forEach((value, id) => {
    if (value.origin.kind !== "constant" || !used.has(id)) return;
    const known = plan.constants[value.origin.index];
    if (!known) return;
    given.set(offsets[id] as number, isUniform(known) ? { known } : { known, bytes: known.bytes });
  });
  return given;
}

function outsideBytes({ values }: Plan, { outside }: Layout): number {
  return [...outside].reduce((sum, id) => sum + byteLength(values[id] as PlanValue), 0);
}

function giveConstant(
  machine: Machine,
  offset: number,
  { known, bytes }: Given,
  arenaBytes: number,
): void {
  const isOutside = offset >= arenaBytes;
  if (machine.constant && (bytes || isOutside)) {
    machine.constant(offset, bytes ?? materialize(known).bytes);
  } else fillValue(known, machine.bytes(offset, byteLength(known)));
}

function checkMemory(need: MemoryNeed, limit: number | undefined): void {
  if (limit === undefined || need.totalBytes <= limit) return;
  throw new AssayError(
    "model/too-large",
    `this run needs ${mebibytes(need.totalBytes)} of memory, the limit is ${mebibytes(limit)}`,
    {
      hint: "use smaller inputs or raise the limit",
      facts: { ...need, limit },
    },
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
