import { describe, expect, it } from "vitest";
import { generateModule } from "../../operators/backends/wasm/index.js";
import { buildProgram } from "../../operators/index.js";

/** Sections of a module by id. */
function sectionsOf(module: Uint8Array): Map<number, Uint8Array> {
  const sections = new Map<number, Uint8Array>();
  for (let at = 8; at < module.length; ) {
    const id = module[at++] as number;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++] as number;
      length += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    sections.set(id, module.subarray(at, at + length));
    at += length;
  }
  return sections;
}

/** A program of one element calls its functions, whose vector constants are globals. */
function moduleWithConstants(): Uint8Array {
  const x = { source: 0, dtype: "f32", dims: [] } as const;
  return generateModule(
    buildProgram({
      sources: [x],
      dtype: "f32",
      out: [],
      finish: (b) => b.op("f32.exp", b.read(x, [])),
    }),
  );
}

describe("vector constants of a module", () => {
  it("are set by a start function: big-endian V8 reverses the bytes of a global's initial value", () => {
    const sections = sectionsOf(moduleWithConstants());
    const [count, ...globals] = sections.get(6) ?? [];
    expect(count).toBeGreaterThan(10);
    // v128, mutable, v128.const 0, end
    const zero = [0x7b, 0x01, 0xfd, 0x0c, ...new Array<number>(16).fill(0), 0x0b];
    expect(globals).toEqual(new Array<number[]>(count as number).fill(zero).flat());
    expect(sections.has(8)).toBe(true);
  });
});
