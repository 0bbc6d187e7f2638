import { bytesEqual, DTYPES, type Literal, readerOf, writerOf } from "../../operators/index.js";

/**
 * State words of a fold as bytes: one behind the other, each as an element of a tensor of its type is
 * stored. A NaN has its one form, so equal states have equal bytes.
 */
export type Word = number | bigint;

export function wordBytes(init: readonly Literal[]): number {
  return init.reduce((sum, { type }) => sum + DTYPES[type].size, 0);
}

export function encodeWords(init: readonly Literal[], words: readonly Word[]): Uint8Array {
  const bytes = new Uint8Array(wordBytes(init));
  let at = 0;
  init.forEach(({ type }, i) => {
    writerOf(type, bytes.subarray(at))(0, words[i] as Word);
    at += DTYPES[type].size;
  });
  return bytes;
}

/** The words of one state, or undefined where a NaN is not in its one form. */
export function decodeWords(init: readonly Literal[], bytes: Uint8Array): Word[] | undefined {
  let at = 0;
  const words = init.map(({ type }): Word => {
    const word = readerOf(type, bytes.subarray(at))(0);
    at += DTYPES[type].size;
    return word;
  });
  return bytesEqual(encodeWords(init, words), bytes) ? words : undefined;
}
