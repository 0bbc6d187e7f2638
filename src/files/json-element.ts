import { type DType, isFloat, readerOf, writerOf } from "../../operators/basis.js";

/** Stores one JSON value as element `index`; yields what is wrong with it, if anything. */
export type JsonStore = (index: number, value: unknown) => string | undefined;

/** How values of `dtype` are stored into `bytes`. */
export function storeJson(dtype: DType, bytes: Uint8Array): JsonStore {
  if (isFloat(dtype)) return floatStore(dtype, bytes);
  const range = RANGES[dtype];
  return range === undefined ? boolStore(bytes) : integerStore(dtype, range, bytes);
}

function boolStore(bytes: Uint8Array): JsonStore {
  return (i, value) => {
    const truth = value === 0 || value === 1 ? value === 1 : value;
    if (typeof truth !== "boolean") return `${show(value)} is not a bool`;
    bytes[i] = truth ? 1 : 0;
    return undefined;
  };
}

function integerStore(dtype: DType, range: IntegerRange, bytes: Uint8Array): JsonStore {
  const write = writerOf(dtype, bytes);
  const [low, high, long] = range;
  return (i, value) => {
    const integer = integerOf(value);
    if (integer === undefined) return `${show(value)} is not an exact integer`;
    if (integer < low || integer > high) return `${show(value)} is outside ${dtype}`;
    write(i, long ? integer : Number(integer));
    return undefined;
  };
}

const SPECIAL: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/** A number of the text is an f64, rounded once to the dtype. */
function floatStore(dtype: DType, bytes: Uint8Array): JsonStore {
  const write = writerOf(dtype, bytes);
  const read = readerOf(dtype, bytes);
  return (i, value) => {
    const special = SPECIAL.get(value);
    if (special === undefined && typeof value !== "number") return `${show(value)} is not a number`;
    write(i, special ?? (value as number));
    const fits = special !== undefined || Number.isFinite(read(i));
    return fits ? undefined : `${show(value)} is too large for ${dtype}`;
  };
}

/** Integers beyond ±(2^53 − 1) lose digits as JSON numbers, so they must be decimal strings. */
function integerOf(value: unknown): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === "string" && /^-?[0-9]{1,20}$/.test(value) ? BigInt(value) : undefined;
}

/** Lowest and highest value, and whether the register is an i64. */
type IntegerRange = readonly [bigint, bigint, boolean];

const RANGES: Readonly<Partial<Record<DType, IntegerRange>>> = {
  i8: [-(2n ** 7n), 2n ** 7n - 1n, false],
  u8: [0n, 2n ** 8n - 1n, false],
  i16: [-(2n ** 15n), 2n ** 15n - 1n, false],
  u16: [0n, 2n ** 16n - 1n, false],
  i32: [-(2n ** 31n), 2n ** 31n - 1n, false],
  u32: [0n, 2n ** 32n - 1n, true],
  i64: [-(2n ** 63n), 2n ** 63n - 1n, true],
  u64: [0n, 2n ** 64n - 1n, true],
};

function show(value: unknown): string {
  const text = Array.isArray(value) ? "a list" : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
