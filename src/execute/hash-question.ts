import type { Tensor } from "../../operators/basis.js";
import { DIGEST_SIZE } from "../merkle/hash.js";

/** A tensor for the worker, and where the answer goes. */
export interface HashQuestion extends Tensor {
  readonly answer: SharedArrayBuffer;
}

/** Values of an answer's first word. */
export const ANSWER = { open: 0, given: 1, failed: 2 } as const;

/** An answer: state i32, when it was begun (ms since 1970) f64, how long it took f64, digest. */
export function answerParts(answer: SharedArrayBuffer) {
  return {
    state: new Int32Array(answer, 0, 1),
    times: new Float64Array(answer, 8, 2),
    digest: new Uint8Array(answer, 24, DIGEST_SIZE),
  };
}

export const ANSWER_BYTES = 24 + DIGEST_SIZE;
