import { DTYPES, type DType } from "../../../dtype.js";
import type { FunctionBody, Local } from "../function-body.js";
import type { Memory } from "../opcodes.js";
import { LANE_SHAPES, pushLanes } from "./lanes.js";

/** Loads from tensors and exact widening to registers. Addresses are pushed by the caller. */

/** An address: pushes a pointer and yields a constant to add to it, as a load's immediate. */
export type PushAddress = (elements: number) => number;

const SCALAR_LOADS: Readonly<Record<Exclude<DType, "f16" | "bf16">, Memory>> = {
  f32: "f32.load",
  f64: "f64.load",
  i8: "i32.load8_s",
  u8: "i32.load8_u",
  bool: "i32.load8_u",
  i16: "i32.load16_s",
  u16: "i32.load16_u",
  i32: "i32.load",
  u32: "i64.load32_u",
  i64: "i64.load",
  u64: "i64.load",
};

/** Pushes one element as a register. */
export function pushElement(f: FunctionBody, dtype: DType, address: () => number): void {
  if (dtype === "bf16") {
    f.memory("i32.load16_u", address()).i32(16).op("i32.shl").op("f32.reinterpret_i32");
  } else if (dtype === "f16") {
    f.memory("i32.load16_u", address()).op("i32x4.splat");
    widenHalf(f);
    f.lane("f32x4.extract_lane", 0);
  } else f.memory(SCALAR_LOADS[dtype], address());
}

/** Sets `into` to four neighbouring elements. */
export function loadContiguous(
  f: FunctionBody,
  dtype: DType,
  into: readonly Local[],
  address: PushAddress,
): void {
  const [first, second] = into as [Local, Local];
  switch (dtype) {
    case "f32":
    case "i32":
      f.memory("v128.load", address(0)).set(first);
      return;
    case "f64":
    case "i64":
    case "u64":
      f.memory("v128.load", address(0)).set(first);
      f.memory("v128.load", address(2)).set(second);
      return;
    case "u32":
      f.memory("v128.load32x2_u", address(0)).set(first);
      f.memory("v128.load32x2_u", address(2)).set(second);
      return;
    case "i16":
      f.memory("v128.load16x4_s", address(0)).set(first);
      return;
    case "i8":
      f.memory("v128.load32_zero", address(0));
      f.op("i16x8.extend_low_i8x16_s").op("i32x4.extend_low_i16x8_s").set(first);
      return;
    case "u8":
    case "bool":
      f.memory("v128.load32_zero", address(0));
      f.op("i16x8.extend_low_i8x16_u").op("i32x4.extend_low_i16x8_u").set(first);
      return;
    default:
      f.memory("v128.load16x4_u", address(0));
      widenTwoBytes(f, dtype);
      f.set(first);
  }
}

/** Pops four zero-extended 16-bit elements and pushes their registers. */
function widenTwoBytes(f: FunctionBody, dtype: DType): void {
  if (dtype === "f16") widenHalf(f);
  if (dtype === "bf16") f.i32(16).op("i32x4.shl");
}

/** Picks elements 0, 2 of the vector at 0 and 4, 6 of the vector at 3. */
const EVERY_SECOND = [0, 1, 2, 3, 8, 9, 10, 11, 20, 21, 22, 23, 28, 29, 30, 31];

/**
 * Sets `into` to `lanes` elements that lie `stride` apart. Every second 32-bit element takes two
 * loads that overlap, so that nothing behind the last element is read.
 */
export function loadStrided(
  f: FunctionBody,
  dtype: DType,
  into: readonly Local[],
  stride: number,
  lanes: number,
  address: PushAddress,
): void {
  const { size } = DTYPES[dtype];
  if (lanes === 4 && stride === 1) loadContiguous(f, dtype, into, address);
  else if (lanes === 4 && stride === 2 && (dtype === "f32" || dtype === "i32")) {
    f.memory("v128.load", address(0)).memory("v128.load", address(3));
    f.shuffle(EVERY_SECOND).set(into[0] as Local);
  } else if (dtype === "f32" || dtype === "i32" || size === 8) {
    loadWideLanes(f, into, size, stride, lanes, address);
  } else loadNarrowLanes(f, dtype, into, stride, lanes, address);
}

function loadWideLanes(
  f: FunctionBody,
  into: readonly Local[],
  size: number,
  stride: number,
  lanes: number,
  address: PushAddress,
): void {
  const per = 16 / size;
  for (let lane = 0; lane < lanes; lane++) {
    const local = into[Math.floor(lane / per)] as Local;
    const offset = address(lane * stride);
    if (lane % per === 0) {
      f.memory(size === 4 ? "v128.load32_zero" : "v128.load64_zero", offset);
    } else {
      f.get(local);
      f.memoryLane(size === 4 ? "v128.load32_lane" : "v128.load64_lane", lane % per, offset);
    }
    f.set(local);
  }
}

/** Narrow elements as i32 lanes, widened together afterwards. */
function loadNarrowLanes(
  f: FunctionBody,
  dtype: DType,
  into: readonly Local[],
  stride: number,
  lanes: number,
  address: PushAddress,
): void {
  const isHalf = dtype === "f16" || dtype === "bf16";
  const load: Memory = isHalf
    ? "i32.load16_u"
    : dtype === "u32"
      ? "i32.load"
      : SCALAR_LOADS[dtype as Exclude<DType, "f16" | "bf16">];
  const [first, second] = into as [Local, Local];
  for (let lane = 0; lane < lanes; lane++) {
    if (lane > 0) f.get(first);
    f.memory(load, address(lane * stride));
    if (lane === 0) f.op("i32x4.splat");
    else f.lane("i32x4.replace_lane", lane);
    f.set(first);
  }
  if (isHalf) {
    f.get(first);
    widenTwoBytes(f, dtype);
    f.set(first);
  }
  if (dtype === "u32") {
    f.get(first).op("i64x2.extend_high_i32x4_u").set(second);
    f.get(first).op("i64x2.extend_low_i32x4_u").set(first);
  }
}

/**
 * Pops binary16 bits in i32 lanes and pushes them as f32: exponent and fraction moved to their
 * places and multiplied by 2^112, the difference of the biases, which is exact and makes subnormals
 * normal. The largest exponent stands for infinity and NaN and becomes the largest of f32.
 */
function widenHalf(f: FunctionBody): void {
  f.scratch(["v128", "v128"], (bits, magnitude) => {
    const h = bits as Local;
    const m = magnitude as Local;
    f.tee(h);
    pushLanes(f, 32, [0x7fffn]);
    f.op("v128.and").tee(m);
    f.i32(13).op("i32x4.shl");
    pushLanes(f, 32, [0x77800000n]);
    f.op("f32x4.mul").get(m);
    pushLanes(f, 32, [0x7bffn]);
    f.op("i32x4.gt_s");
    pushLanes(f, 32, [0x7f800000n]);
    f.op("v128.and").op("v128.or").get(h);
    pushLanes(f, 32, [0x8000n]);
    f.op("v128.and").i32(16).op("i32x4.shl").op("v128.or");
  });
}

/** Sets `into` to a literal in all lanes. */
export function setLanes(
  f: FunctionBody,
  into: readonly Local[],
  literal: { readonly type: "f32" | "f64" | "i32" | "i64"; readonly bits: bigint },
): void {
  const width = LANE_SHAPES[literal.type].halves === 1 ? 32 : 64;
  for (const local of into) {
    pushLanes(f, width, [literal.bits]);
    f.set(local);
  }
}
