import type { Id } from "../settlement/state.js";
import type { BlobStore } from "./blobs.js";

/** Bytes under their SHA-256 as messages write it, on the account of whoever brought them. */
export interface Blobs {
  has(blob: Id): boolean;
  /** Undefined where they are not kept. Throws `blob/too-large`, `ledger/corrupt`. */
  read(blob: Id, atMost: number): Promise<Uint8Array | undefined>;
  /** Size and bytes, in chunks and unchecked: for whoever asked by this name and checks it. */
  open(blob: Id): { readonly size: number; readonly bytes: AsyncIterable<Uint8Array> } | undefined;
  /** Throws what `BlobStore.put` throws; bytes that are kept already are not read. */
  write(blob: Id, owner: Id, size: number, bytes: ByteSource): Promise<void>;
}

export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A store whose hashes and owners are a ledger's: `0x…`. */
export function namedBlobs(store: BlobStore): Blobs {
  return {
    has: (blob) => store.has(blob.slice(2)),
    read: async (blob, atMost) => {
      const hash = blob.slice(2);
      return store.has(hash) ? store.read(hash, atMost) : undefined;
    },
    open: (blob) => {
      const hash = blob.slice(2);
      const entry = store.entry(hash);
      return entry && { size: entry.size, bytes: store.stream(hash) };
    },
    write: async (blob, owner, size, bytes) => {
      await store.put({ owner, hash: blob.slice(2), limit: size }, bytes);
    },
  };
}
