import { AssayError } from "../../operators/basis.js";

/**
 * Runs work that Ctrl-C ends in order: at the next segment, with nothing half-written. A second
 * Ctrl-C ends the process at once.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  interrupted = "interrupted; nothing was written",
): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new AssayError("cancelled", interrupted));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

/** Runs a service that goes on until Ctrl-C, which is then how it should end. */
export function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  return interruptible(async (signal) => {
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
    }
  }, "interrupted");
}
