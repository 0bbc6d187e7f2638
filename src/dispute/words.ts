import { type Literal, type RegisterType, viewOf } from "../../operators/index.js";

/**
 * State words of a fold as bytes: one behind the other, little endian, 4 bytes for f32 and i32, 8 for
 * f64 and i64. A NaN has its one form, so equal states have equal bytes.
 */
export type Word = number | bigint;

const WIDTH: Readonly<Record<RegisterType, number>> = { f32: 4, f64: 8, i32: 4, i64: 8 };

export function wordBytes(init: readonly Literal[]): number {
  return init.reduce((sum, { type }) => sum + WIDTH[type], 0);
}

export function encodeWords(init: readonly Literal[], words: readonly Word[]): Uint8Array {
  const bytes = new Uint8Array(wordBytes(init));
  const view = viewOf(bytes);
  let at = 0;
  init.forEach(({ type }, i) => {
    put(view, at, type, words[i] as Word);
    at += WIDTH[type];
  });
  return bytes;
}

function put(view: DataView, at: number, type: RegisterType, word: Word): void {
  if (type === "i32") return view.setInt32(at, word as number, true);
  if (type === "i64") return view.setBigInt64(at, word as bigint, true);
  if (type === "f32") {
    if (Number.isNaN(word)) return view.setUint32(at, 0x7fc00000, true);
    return view.setFloat32(at, word as number, true);
  }
  if (Number.isNaN(word)) return view.setBigUint64(at, 0x7ff8000000000000n, true);
  view.setFloat64(at, word as number, true);
}

/** The words of one state, or undefined where a NaN is not in its one form. */
export function decodeWords(init: readonly Literal[], bytes: Uint8Array): Word[] | undefined {
  const view = viewOf(bytes);
  let at = 0;
  const words = init.map(({ type }): Word => {
    const from = at;
    at += WIDTH[type];
    if (type === "i32") return view.getInt32(from, true);
    if (type === "i64") return view.getBigInt64(from, true);
    return type === "f32" ? view.getFloat32(from, true) : view.getFloat64(from, true);
  });
  const again = encodeWords(init, words);
  return again.every((b, i) => b === bytes[i]) ? words : undefined;
}
