/** Every place starts on a cache line. */
const ALIGNMENT = 64;

/** The arena starts here: the contraction kernel's module keeps the bytes below to itself. */
export const ARENA_BASE = 1024;

/**
 * Lays out a machine's memory: the arena, then scratch that every call may use anew, then places
 * that stay (offset tables, job records, packed constants, workspaces). How much scratch is needed
 * is only known after all calls are lowered, so lowering runs twice: first to measure, then to place.
 */
export class MemoryMap {
  private readonly scratchAt: number;
  private scratchUsed = 0;
  private end: number;
  /** Bytes of scratch at its fullest. */
  scratchPeak = 0;
  /** 32-bit words to be written before anything runs. */
  readonly initial: { readonly at: number; readonly words: Int32Array | Uint32Array }[] = [];

  constructor(arenaBytes: number, scratchBytes: number) {
    this.scratchAt = ARENA_BASE + aligned(arenaBytes);
    this.end = this.scratchAt + aligned(scratchBytes);
  }

  /** A place that stays. */
  reserve(bytes: number): number {
    const at = this.end;
    this.end += aligned(bytes);
    return at;
  }

  /** A place that stays and is filled with words. */
  words(words: Int32Array | Uint32Array): number {
    const at = this.reserve(4 * words.length);
    this.initial.push({ at, words });
    return at;
  }

  /** A place until the next `releaseScratch`. */
  scratch(bytes: number): number {
    const at = this.scratchAt + this.scratchUsed;
    this.scratchUsed += aligned(bytes);
    this.scratchPeak = Math.max(this.scratchPeak, this.scratchUsed);
    return at;
  }

  releaseScratch(): void {
    this.scratchUsed = 0;
  }

  get totalBytes(): number {
    return this.end;
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
