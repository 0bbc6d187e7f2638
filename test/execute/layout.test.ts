import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packIntervals } from "../../src/execute/layout.js";

const interval = fc
  .record({ bytes: fc.nat(40), start: fc.nat(12), length: fc.nat(6) })
  .map(({ bytes, start, length }) => ({ bytes, start, end: start + length }));

describe("packing intervals", () => {
  it("gives no two tensors that live at once a common byte", () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 30 }), (intervals) => {
        const { offsets, bytes } = packIntervals(intervals);
        intervals.forEach((a, i) => {
          const at = offsets[i] as number;
          expect(at + a.bytes).toBeLessThanOrEqual(bytes);
          intervals.slice(0, i).forEach((b, j) => {
            const apart = a.start > b.end || b.start > a.end;
            const other = offsets[j] as number;
            const disjoint = at + a.bytes <= other || other + b.bytes <= at;
            expect(apart || disjoint).toBe(true);
          });
        });
      }),
    );
  });

  it("needs no more than all tensors side by side, and at least the fullest moment", () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 30 }), (intervals) => {
        const { bytes } = packIntervals(intervals);
        const alive = (t: number) =>
          intervals.filter((x) => x.start <= t && t <= x.end).reduce((s, x) => s + x.bytes, 0);
        const fullest = Math.max(0, ...Array.from({ length: 20 }, (_, t) => alive(t)));
        expect(bytes).toBeGreaterThanOrEqual(fullest);
        expect(bytes).toBeLessThanOrEqual(intervals.reduce((s, x) => s + x.bytes, 0));
      }),
    );
  });

  it("reuses the place of what is dead", () => {
    const chain = Array.from({ length: 10 }, (_, i) => ({ bytes: 64, start: i, end: i + 1 }));
    expect(packIntervals(chain).bytes).toBe(128);
  });
});
