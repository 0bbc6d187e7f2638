import type { ColumnName, EngineFacts, TableMessage, TableRequest } from "../table/types.js";

/** Something on which the table can be computed. */
export interface MachineUnderTest {
  readonly id: string;
  /** What it is, for people: engine, processor, emulator. */
  readonly title: string;
  /** Columns that make sense here. */
  readonly columns: readonly ColumnName[];
  /** Whether it is so slow that a sample of the cases may have to do. */
  readonly emulated: boolean;
  /** Looks for it; installs nothing. `fetch` allows packages to be downloaded. */
  find(options: FindOptions): Promise<Found>;
}

export interface FindOptions {
  /** Download pinned packages that are not in the cache. */
  readonly fetch: boolean;
  readonly progress: (text: string) => void;
}

/** A machine that can be run, or how to get it. */
export type Found =
  | { readonly kind: "ready"; readonly processor: string; readonly start: Start }
  | { readonly kind: "missing"; readonly how: string };

/**
 * Computes the table; messages come as they are made. Ends with the last message, and rejects where
 * the machine dies without one.
 */
export type Start = (
  request: TableRequest,
  listen: (message: TableMessage) => void,
  signal: AbortSignal,
) => Promise<void>;

export type { EngineFacts };
