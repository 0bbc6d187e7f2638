import { describe, expect, it } from "vitest";
import { nativeHere } from "./native-here.js";

const addon = nativeHere();

describe.skipIf(!addon)("looking for a NaN natively", () => {
  it("finds one at any place, of any sign and payload, at any address", () => {
    for (const length of [1, 2, 7, 16, 17, 64, 4095, 4096, 4097]) {
      for (const shift of [0, 1, 4]) {
        const bytes = new Uint8Array(4 * length + shift).subarray(shift);
        const view = new DataView(bytes.buffer, shift);
        const fill = [0x7f800000, 0xff800000, 0x7f7fffff, 1, 0x80000001];
        for (let i = 0; i < length; i++) view.setUint32(4 * i, fill[i % 5] as number, true);
        expect(addon?.hasNaN(bytes)).toBe(false);
        for (const at of new Set([0, length >> 1, length - 1])) {
          const before = view.getUint32(4 * at, true);
          for (const nan of [0x7f800001, 0x7fc00000, 0xffc00000, 0xffffffff]) {
            view.setUint32(4 * at, nan, true);
            expect(addon?.hasNaN(bytes)).toBe(true);
          }
          view.setUint32(4 * at, before, true);
        }
      }
    }
    expect(addon?.hasNaN(new Uint8Array(0))).toBe(false);
  });
});
