import { AssayError, type Tensor, type TensorType } from "../../operators/index.js";
import { type Budget, DEFAULT_BUDGET } from "../dispute/budget.js";
import { type Recompute, type Rules, rulesFor } from "../dispute/rules.js";
import { bind } from "../graph/bind.js";
import type { ModelDigest } from "../graph/digests.js";
import { modelDigestOfSkeleton } from "../graph/skeleton-digest.js";
import type { Skeleton } from "../graph/types.js";
import type { Hasher } from "../merkle/hash.js";
import { importSkeleton } from "../onnx/skeleton.js";
import { fromHex } from "../receipt/hex.js";
import type { Parameters } from "./parameters.js";
import { Refused } from "./refusals.js";
import type { JobBinding, RegisteredModel } from "./state.js";

interface KnownModel {
  readonly model: Skeleton;
  readonly digest: ModelDigest;
}

/** How many models and bound plans are kept; others are derived again when asked for. */
const MODELS = 16;
const RULES = 64;

/**
 * Derives what a referee must know about a job from what the ledger holds: a pure function with a
 * memory, which changes nothing but the time it takes.
 */
export class RuleBook {
  private readonly models = new Map<string, KnownModel>();
  private readonly rules = new Map<string, Rules>();

  constructor(
    readonly hasher: Hasher,
    /** How the referee computes an operator; any conformant backend. */
    private readonly recompute?: Recompute,
  ) {}

  /** Reads a skeleton. Refuses as `broken-model`. */
  read(skeleton: Uint8Array, commitments: readonly string[]): KnownModel {
    return refusing("broken-model", () => {
      const model = importSkeleton(skeleton);
      const digest = modelDigestOfSkeleton(this.hasher, model, commitments.map(fromHex));
      return { model, digest };
    });
  }

  /** The rules of every dispute about a job. Refuses as `wrong-inputs` what the model cannot be bound to. */
  rulesOf(registered: RegisteredModel, binding: JobBinding, parameters: Parameters): Rules {
    const { granularity, inputs } = binding;
    const types = inputs.map(({ name, dtype, dims, value }) => [name, dtype, dims, value]);
    const { clock, budget } = parameters;
    const key = JSON.stringify([registered.id, granularity, types, clock, budget]);
    return remembered(this.rules, RULES, key, () => {
      const { model, digest } = this.known(registered);
      const plan = refusing("wrong-inputs", () => bind(model, bindingOf(binding)));
      const { recompute } = this;
      const options = { clock, budget: budgetOf(parameters) };
      return rulesFor(this.hasher, digest, plan, {
        ...options,
        ...(recompute ? { recompute } : {}),
      });
    });
  }

  private known({ id, skeleton, commitments }: RegisteredModel): KnownModel {
    return remembered(this.models, MODELS, id, () => this.read(skeleton, commitments));
  }
}

function bindingOf({ inputs, granularity }: JobBinding) {
  const types = inputs.map(({ name, dtype, dims }): [string, TensorType] => [
    name,
    { dtype, dims },
  ]);
  const values = inputs.flatMap(({ name, dtype, dims, value }): [string, Tensor][] => {
    return value === null ? [] : [[name, { dtype, dims, bytes: fromHex(value) }]];
  });
  return { types: new Map(types), values: new Map(values), granularity };
}

function budgetOf({ budget }: Parameters): Budget {
  const { bytes, steps, stretch, spans } = budget;
  return {
    ...DEFAULT_BUDGET,
    whole: { ...DEFAULT_BUDGET.whole, bytes, steps },
    stretch: { steps: stretch, weight: steps },
    spans,
  };
}

/** What the importer and the binder refuse, a ledger refuses too. */
function refusing<T>(code: "broken-model" | "wrong-inputs", work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AssayError) throw new Refused(code, error.message);
    throw error;
  }
}

/** The least recently used is forgotten first. */
function remembered<T>(map: Map<string, T>, most: number, key: string, make: () => T): T {
  const value = map.get(key) ?? make();
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value as string);
  return value;
}
