/** Milliseconds of the first wait and of the longest. */
export interface Backoff {
  readonly first: number;
  readonly longest: number;
}

export const DEFAULT_BACKOFF: Backoff = { first: 100, longest: 15_000 };

/**
 * How long to wait before try number `tries`, from 1: twice as long each time, and somewhere in the
 * upper half of that, so that many who lost the same server do not come back together.
 */
export function waitBefore(tries: number, { first, longest }: Backoff): number {
  const most = Math.min(longest, first * 2 ** Math.min(30, tries - 1));
  return most * (0.5 + Math.random() / 2);
}

/** Rejects with the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
