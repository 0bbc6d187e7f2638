import { DTYPES, type DType } from "../../../dtype.js";
import type { FunctionBody, Local } from "../function-body.js";
import type { MemoryLane } from "../opcodes.js";
import { EVEN_WORDS, LANE_SHAPES, LOW_HALVES, pushCanonical, pushLanes } from "./lanes.js";
import { type Operand, pushHalf, pushMask } from "./operand.js";

/** Rounding, narrowing and storing of four elements. */

/** Pushes a pointer and yields a constant to add to it. */
type PushTarget = (elements: number) => number;

/** Stores `lanes` elements that lie `stride` apart. */
export function storeElements(
  f: FunctionBody,
  dtype: DType,
  value: Operand,
  stride: number,
  lanes: number,
  target: PushTarget,
): void {
  const { size } = DTYPES[dtype];
  f.scratch(size === 8 ? ["v128", "v128"] : ["v128"], (...packed) => {
    packed.forEach((local, half) => {
      pushPacked(f, dtype, value, half);
      f.set(local);
    });
    if (lanes === 4 && stride === 1) storeContiguous(f, size, packed, target);
    else storeLanes(f, size, packed, stride, lanes, target);
  });
}

function storeContiguous(
  f: FunctionBody,
  size: number,
  packed: readonly Local[],
  target: PushTarget,
): void {
  const [first, second] = packed as [Local, Local];
  const offset = target(0);
  f.get(first);
  if (size === 1) f.memoryLane("v128.store32_lane", 0, offset);
  else if (size === 2) f.memoryLane("v128.store64_lane", 0, offset);
  else f.memory("v128.store", offset);
  if (size !== 8) return;
  const behind = target(2);
  f.get(second).memory("v128.store", behind);
}

const STORE_LANE: Readonly<Record<number, MemoryLane>> = {
  1: "v128.store8_lane",
  2: "v128.store16_lane",
  4: "v128.store32_lane",
  8: "v128.store64_lane",
};

function storeLanes(
  f: FunctionBody,
  size: number,
  packed: readonly Local[],
  stride: number,
  lanes: number,
  target: PushTarget,
): void {
  for (let lane = 0; lane < lanes; lane++) {
    const offset = target(lane * stride);
    f.get(packed[size === 8 ? lane >> 1 : 0] as Local);
    f.memoryLane(STORE_LANE[size] as MemoryLane, size === 8 ? lane & 1 : lane, offset);
  }
}

/** Bytes 0, 4, 8, 12: 32-bit lanes wrapped to bytes; and the low 16 bits of each lane. */
const LOW_BYTES = [0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12];
const LOW_PAIRS = [0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13];

/** Pushes the stored form of a half: elements packed from byte 0 on. */
function pushPacked(f: FunctionBody, dtype: DType, value: Operand, half: number): void {
  switch (dtype) {
    case "f32":
      return pushCanonical(f, "f32", () => value.push(0));
    case "f64":
      return pushCanonical(f, "f64", () => value.push(half));
    case "f16":
    case "bf16":
      pushSingleBits(f, value);
      if (dtype === "f16") roundToHalf(f);
      else roundToBfloat(f);
      return pushShuffled(f, LOW_PAIRS);
    case "bool":
      pushMask(f, value, 32, 0);
      pushLanes(f, 32, [1n]);
      f.op("v128.and");
      return pushShuffled(f, LOW_BYTES);
    case "i8":
    case "u8":
      pushHalf(f, value, 0);
      return pushShuffled(f, LOW_BYTES);
    case "i16":
    case "u16":
      pushHalf(f, value, 0);
      return pushShuffled(f, LOW_PAIRS);
    case "u32":
      pushHalf(f, value, 0);
      pushHalf(f, value, 1);
      f.shuffle(EVEN_WORDS);
      return;
    default:
      pushHalf(f, value, half);
  }
}

function pushShuffled(f: FunctionBody, bytes: readonly number[]): void {
  f.scratch(["v128"], (v) => {
    f.tee(v as Local)
      .get(v as Local)
      .shuffle(bytes);
  });
}

/** Pushes the bits of the value as binary32, from f64 such that a second rounding is harmless. */
function pushSingleBits(f: FunctionBody, value: Operand): void {
  if (LANE_SHAPES[value.type].halves === 1) value.push(0);
  else {
    pushRoundedToOdd(f, value, 0);
    pushRoundedToOdd(f, value, 1);
    f.shuffle(LOW_HALVES);
  }
}

/**
 * Pushes two f64 as f32 rounded to odd: toward zero, last bit set if inexact. Rounding that again
 * to a format at least two bits shorter equals rounding once (Boldo and Melquiond, "Emulation of
 * FMA and correctly rounded sums", 2008).
 */
function pushRoundedToOdd(f: FunctionBody, value: Operand, half: number): void {
  f.scratch(["v128", "v128", "v128"], (nearest, back, wide) => {
    const n = nearest as Local;
    const b = back as Local;
    const w = wide as Local;
    value.push(half);
    f.tee(w).op("f32x4.demote_f64x2_zero").tee(n).op("f64x2.promote_low_f32x4").set(b);
    f.get(n);
    // All ones (−1) where the nearest f32 lies beyond the value: one step back toward zero.
    f.get(w).op("f64x2.abs").get(b).op("f64x2.abs").op("f64x2.lt");
    pushNarrowMask(f);
    f.op("i32x4.add");
    f.get(w).get(b).op("f64x2.ne");
    pushNarrowMask(f);
    pushLanes(f, 32, [1n]);
    f.op("v128.and").op("v128.or");
  });
}

/** Pops a mask of two 64-bit lanes and pushes it in lanes 0 and 1 of 32 bits. */
function pushNarrowMask(f: FunctionBody): void {
  f.scratch(["v128"], (m) => {
    f.tee(m as Local)
      .get(m as Local)
      .shuffle(EVEN_WORDS);
  });
}

/** Pops f32 bits; `round` pushes their magnitude in 16 bits, to which sign and NaN are added. */
function roundWith(f: FunctionBody, nan: bigint, round: (magnitude: Local) => void): void {
  f.scratch(["v128", "v128"], (b, m) => {
    const bits = b as Local;
    const magnitude = m as Local;
    f.tee(bits);
    pushLanes(f, 32, [0x7fffffffn]);
    f.op("v128.and").set(magnitude);
    pushLanes(f, 32, [nan]);
    round(magnitude);
    f.get(bits).i32(16).op("i32x4.shr_u");
    pushLanes(f, 32, [0x8000n]);
    f.op("v128.and").op("v128.or");
    f.get(magnitude);
    pushLanes(f, 32, [0x7f800000n]);
    f.op("i32x4.gt_s").op("v128.bitselect");
  });
}

/**
 * Pushes what `magnitude` pushes, plus `bias`, without its last `shift` bits: half of the new unit
 * less one is added, and one more where the new last bit is odd, so that ties go to even.
 */
function pushNearestEven(
  f: FunctionBody,
  magnitude: () => void,
  shift: number,
  bias: bigint,
): void {
  magnitude();
  f.i32(shift).op("i32x4.shr_u");
  pushLanes(f, 32, [1n]);
  f.op("v128.and");
  magnitude();
  f.op("i32x4.add");
  pushLanes(f, 32, [(1n << BigInt(shift - 1)) - 1n + bias]);
  f.op("i32x4.add").i32(shift).op("i32x4.shr_u");
}

/**
 * Pops f32 bits and pushes binary16 bits, nearest even. From 65536 on everything is infinite, as is
 * what rounds up to it. Below 2^−14 the sum with 0.5 is rounded at 2^−24, the unit of binary16
 * subnormals. NaN gets its canonical form and no sign.
 */
function roundToHalf(f: FunctionBody): void {
  roundWith(f, 0x7e00n, (magnitude) => {
    f.get(magnitude);
    pushLanes(f, 32, [0x3f000000n]);
    f.op("f32x4.add");
    pushLanes(f, 32, [0x3f000000n]);
    f.op("i32x4.sub");
    f.scratch(["v128"], (local) => {
      const capped = local as Local;
      f.get(magnitude);
      pushLanes(f, 32, [0x47800000n]);
      f.op("i32x4.min_u").set(capped);
      pushNearestEven(f, () => f.get(capped), 13, -0x38000000n);
    });
    f.get(magnitude);
    pushLanes(f, 32, [0x38800000n]);
    f.op("i32x4.lt_s").op("v128.bitselect");
  });
}

/** Pops f32 bits and pushes bfloat16 bits, nearest even. */
function roundToBfloat(f: FunctionBody): void {
  roundWith(f, 0x7fc0n, (magnitude) => pushNearestEven(f, () => f.get(magnitude), 16, 0n));
}
