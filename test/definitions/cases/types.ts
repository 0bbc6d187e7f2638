import type { AttributeValue, DType, Tensor } from "../../../operators/index.js";

/** One lowering that every backend must run with the interpreter's bits. */
export interface DefinitionCase {
  readonly operator: string;
  readonly domain: string;
  readonly version: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** `undefined` where an optional input is left out. */
  readonly inputs: readonly (
    | { readonly dtype: DType; readonly dims: readonly number[] }
    | undefined
  )[];
  /** Values of inputs that decide shapes, by position. */
  readonly values?: Readonly<Record<number, Tensor>>;
  /** How many outputs the node names; 1 unless given. */
  readonly outputs?: number;
  readonly note?: string;
}
