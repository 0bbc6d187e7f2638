import { describe, expect, it } from "vitest";
import { findDefinition, resolveVersion } from "../../operators/index.js";
import { expectClose } from "../support/compare.js";
import { caseFolders, HAS_DATA, readCase } from "../support/onnx-case.js";
import { runNode } from "../support/run-definition.js";

/** Expected outputs of the ONNX backend conformance cases of contractions, pools, norms, reductions. */

const FAMILIES: Readonly<Record<string, RegExp>> = {
  Gemm: /^test_(gemm|operator_(mm|addmm)|Linear)/,
};
describe.skipIf(!HAS_DATA)("x", () => {
  it("all", () => {
    const table: string[] = [];
    for (const f of caseFolders(/./)) {
      let c;
      try { c = readCase(f); } catch (e) { table.push(`READ ${f} ${e}`); continue; }
      if (!c) continue;
      const d = findDefinition(c.domain, c.operator);
      if (!d) { continue; }
      const version = resolveVersion(d, c.opset);
      if (version === undefined) { table.push(`VERSION ${f} ${c.opset}`); continue; }
      try {
        const out = runNode({ ...c, version, outputs: c.expected.length });
        c.expected.forEach((t, i) => t && expectClose(out[i]!, t));
        table.push(`ok ${f}`);
      } catch (e) { table.push(`FAIL ${f} ${(e as Error).message.split("\n").slice(0,8).join(" | ")}`); }
    }
    console.log(table.filter(t=>!t.startsWith("ok")).join("\n"));
    console.log(table.filter(t=>t.startsWith("ok")).length, table.length);
    expect(1).toBe(1);
  });
});
