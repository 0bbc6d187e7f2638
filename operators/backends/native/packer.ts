import type { DType } from "../../dtype.js";
import type { ConstantPacker, PackedConstant, PackRequest } from "../wasm/machine/contractor.js";
import type { NativeAddon, NativeLevel } from "./load.js";

/** As the addon numbers them. */
const FORMATS: readonly DType[] = ["f32", "bf16", "f16", "i8"];
const SIZES = [4, 2, 2, 1];

/** What has been packed in this process so far: for tests, and for whoever wonders. */
export const packings = { count: 0, bytes: 0 };

/**
 * Packed forms by the buffer whose bytes were packed: they live as long as the model they belong to,
 * are found again by every machine, and are freed with it. Bytes of a model never change.
 */
const known = new WeakMap<ArrayBufferLike, Map<string, Uint8Array>>();

export function nativePacker(addon: NativeAddon, level: NativeLevel): ConstantPacker {
  const sized = (request: PackRequest): number => {
    const { outer, depth, bases, dtype, side } = request;
    const columns = Math.ceil(outer.length / addon.panel) * addon.panel;
    const one = side === "rows" ? 4 * outer.length : columns * (SIZES[formatOf(dtype)] as number);
    return one * depth.length * bases.length;
  };
  const keyOf = (bytes: Uint8Array, { key, side, dtype }: PackRequest): string =>
    // Panels are the same on every level, tiles of rows are not.
    `${bytes.byteOffset} ${bytes.length} ${dtype} ${side === "rows" ? level.name : side} ${key}`;
  const make = (bytes: Uint8Array, request: PackRequest, threads: number): Uint8Array => {
    const { outer, depth, bases, side, dtype } = request;
    packings.count++;
    packings.bytes += sized(request);
    return addon.packConstant(
      bytes,
      bytesOf(outer),
      bytesOf(depth),
      bytesOf(Float64Array.from(bases)),
      level.name,
      side === "rows" ? 1 : 0,
      formatOf(dtype),
      threads,
    );
  };
  return {
    takes: (dtype) => FORMATS.includes(dtype),
    size: sized,
    knows: (bytes, request) =>
      request.shared && known.get(bytes.buffer)?.has(keyOf(bytes, request)) === true,
    pack(bytes, request, threads): PackedConstant {
      const found = request.shared
        ? known.get(bytes.buffer)?.get(keyOf(bytes, request))
        : undefined;
      const packed = found ?? make(bytes, request, threads);
      if (request.shared && !found) {
        const forms = known.get(bytes.buffer) ?? new Map<string, Uint8Array>();
        known.set(bytes.buffer, forms.set(keyOf(bytes, request), packed));
      }
      return { address: addon.addressOf(packed), held: packed };
    },
  };
}

const formatOf = (dtype: DType): number => FORMATS.indexOf(dtype);

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
