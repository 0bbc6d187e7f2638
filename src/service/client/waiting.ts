/** Those who wait for the next event; all hear of it at once. */
export class Waiting {
  private readonly wakes = new Set<(error?: unknown) => void>();

  /** Resolves at the next `wake`, rejects with its error or the signal's reason. */
  next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const end = (): void => {
        this.wakes.delete(wake);
        signal?.removeEventListener("abort", stop);
      };
      const stop = (): void => {
        end();
        reject(signal?.reason);
      };
      const wake = (error?: unknown): void => {
        end();
        if (error === undefined) resolve();
        else reject(error);
      };
      this.wakes.add(wake);
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  wake(error?: unknown): void {
    for (const wake of [...this.wakes]) wake(error);
  }
}
