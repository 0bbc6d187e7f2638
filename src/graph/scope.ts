import { AssayError, type TensorType } from "../../operators/index.js";
import type { Provenance } from "./provenance.js";
import type { KnownValue } from "./values.js";

/** A tensor while a plan is made. Names that mean the same tensor share one slot. */
export interface Slot {
  /** For people, with the path of the scope. */
  readonly name: string;
  readonly type: TensorType;
  /** Position in `Plan.values` once the tensor takes part in execution. */
  id: number | undefined;
  readonly known: KnownValue | undefined;
  /** Which inputs `known` depends on. */
  readonly from: Provenance;
}

/** Stands for what a node with a problem would have made. */
export const MISSING = Symbol("missing");

/**
 * What the names of a graph mean: its own first, then those of the graphs around it. An iteration of a
 * loop has a scope of its own.
 */
export class Scope {
  private readonly names = new Map<string, Slot | typeof MISSING>();

  /**
   * `path` comes before readable names: "", "If_3/then/", "Loop_2[5]/". `place` says where in the
   * model the graph stands, the same in every iteration.
   */
  constructor(
    readonly path: string,
    readonly place: string,
    private readonly outer?: Scope,
  ) {}

  /** Every name has one meaning. Files are checked when they are read, graphs of a caller's here. */
  define(name: string, meaning: Slot | typeof MISSING): void {
    if (this.names.has(name)) {
      throw new AssayError("graph/invalid", `the tensor "${this.path}${name}" is defined twice`);
    }
    this.names.set(name, meaning);
  }

  find(name: string): Slot | typeof MISSING | undefined {
    return this.names.get(name) ?? this.outer?.find(name);
  }

  /** Throws `graph/invalid` where nothing has the name. */
  get(name: string, where: string): Slot | typeof MISSING {
    const found = this.find(name);
    if (found) return found;
    throw new AssayError("graph/invalid", `${where}: there is no tensor "${name}"`);
  }
}
