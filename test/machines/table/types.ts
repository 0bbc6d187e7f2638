/**
 * The table of digests. It is computed once per column on every machine; a row is one operator (or
 * a group of things like it), its cases are what is compared, and every digest of a row must be the
 * same in every column that has it.
 */

/** What computes a column. The first four compute all rows of programs, the others those of hashes. */
export const COLUMNS = [
  "interpreter",
  "wasm ×1",
  "wasm ×2",
  "wasm ×3",
  "sha-256 noble",
  "sha-256 node",
] as const;
export type ColumnName = (typeof COLUMNS)[number];

export interface TableCase {
  /** Position among all cases of the row. */
  readonly index: number;
  readonly name: string;
  /** SHA-256 of the case's bytes, in hex. */
  readonly digest: string;
}

export interface TableRow {
  readonly name: string;
  /** Cases that there are; a sampled column has fewer. */
  readonly total: number;
  readonly cases: readonly TableCase[];
}

/** A column as a machine computed it, or why it could not. */
export type Column = {
  readonly column: ColumnName;
  readonly seconds: number;
} & ({ readonly rows: readonly TableRow[] } | { readonly unavailable: string });

/** What ran: as the engine describes itself. */
export interface EngineFacts {
  readonly engine: string;
  readonly platform: string;
  readonly endianness: "little" | "big";
}

export interface TableRequest {
  readonly columns: readonly ColumnName[];
  /** Only rows whose name matches; all where absent. */
  readonly rows?: string;
  /** At most this many cases of each row of programs, evenly spread; all where absent. */
  readonly sample?: number;
}

/** What a machine sends while it works. */
export type TableMessage =
  | { readonly kind: "engine"; readonly facts: EngineFacts }
  | { readonly kind: "progress"; readonly text: string }
  | { readonly kind: "column"; readonly column: Column }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "done" };

/** What differs between engines: how files of the project are read, and node:crypto. */
export interface Platform {
  readonly facts: EngineFacts;
  /** A file of the project, by its path from the root. */
  readFile(path: string): Promise<Uint8Array>;
  /** The hasher of node:crypto; throws where there is none. */
  nodeHasher(): Promise<import("../../../src/merkle/hash.js").Hasher>;
}

export function hostEndianness(): "little" | "big" {
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? "little" : "big";
}
