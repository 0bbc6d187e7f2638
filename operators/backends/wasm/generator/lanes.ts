import type { RegisterType } from "../../../dtype.js";
import type { FunctionBody, Local } from "../function-body.js";
import type { Lane, Plain } from "../opcodes.js";

/**
 * How a register type is held in lanes: four elements are one vector of 32-bit lanes or two vectors
 * ("halves") of 64-bit lanes.
 */
interface LaneShape {
  readonly halves: 1 | 2;
  readonly splat: Plain;
  readonly extract: Lane;
  readonly replace: Lane;
}

export const LANE_SHAPES: Readonly<Record<RegisterType, LaneShape>> = {
  f32: shape("f32x4", 1),
  i32: shape("i32x4", 1),
  f64: shape("f64x2", 2),
  i64: shape("i64x2", 2),
};

function shape(name: "f32x4" | "i32x4" | "f64x2" | "i64x2", halves: 1 | 2): LaneShape {
  return {
    halves,
    splat: `${name}.splat`,
    extract: `${name}.extract_lane`,
    replace: `${name}.replace_lane`,
  };
}

/** Lanes of one vector that holds `type`. */
export function lanesPerHalf(type: RegisterType): 2 | 4 {
  return LANE_SHAPES[type].halves === 1 ? 4 : 2;
}

export function vectorLocals(f: FunctionBody, type: RegisterType): Local[] {
  return Array.from({ length: LANE_SHAPES[type].halves }, () => f.local("v128"));
}

/** Pushes lane 0…3 of a value whose vectors `push` pushes. */
export function extractLane(
  f: FunctionBody,
  type: RegisterType,
  push: (half: number) => void,
  lane: number,
): void {
  const per = lanesPerHalf(type);
  push(Math.floor(lane / per));
  f.lane(LANE_SHAPES[type].extract, lane % per);
}

/**
 * Sets lane 0…3 of `halves` to what `value` pushes. The first lane of a half is splat, so that the
 * vector does not wait for its value from the loop iteration before.
 */
export function assembleLane(
  f: FunctionBody,
  type: RegisterType,
  halves: readonly Local[],
  lane: number,
  value: () => void,
): void {
  const per = lanesPerHalf(type);
  const half = halves[Math.floor(lane / per)] as Local;
  if (lane % per === 0) {
    value();
    f.op(LANE_SHAPES[type].splat);
  } else {
    f.get(half);
    value();
    f.lane(LANE_SHAPES[type].replace, lane % per);
  }
  f.set(half);
}

/** Pushes a literal as a scalar. */
export function pushScalar(f: FunctionBody, type: RegisterType, bits: bigint): void {
  if (type === "f32") f.f32Bits(bits);
  else if (type === "f64") f.f64Bits(bits);
  else if (type === "i32") f.i32(bits);
  else f.i64(bits);
}

/** Pushes a vector whose lanes of `width` bits are `values` (repeated as needed). */
export function pushLanes(f: FunctionBody, width: 32 | 64, values: readonly bigint[]): void {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 128 / width; i++) {
    const value = values[i % values.length] as bigint;
    if (width === 32) view.setUint32(i * 4, Number(BigInt.asUintN(32, value)), true);
    else view.setBigUint64(i * 8, BigInt.asUintN(64, value), true);
  }
  f.v128(bytes);
}

/** Bytes of the even 32-bit lanes of two vectors: 64-bit lanes narrowed to four. */
export const EVEN_WORDS = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
/** The low halves of two vectors, one behind the other. */
export const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
/** The high half of the first vector, moved down. */
export const HIGH_TO_LOW = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** Pushes a float vector with every NaN made canonical. */
export function pushCanonical(f: FunctionBody, type: "f32" | "f64", vector: () => void): void {
  vector();
  if (type === "f32") pushLanes(f, 32, [0x7fc00000n]);
  else pushLanes(f, 64, [0x7ff8000000000000n]);
  vector();
  vector();
  f.op(type === "f32" ? "f32x4.eq" : "f64x2.eq").op("v128.bitselect");
}
