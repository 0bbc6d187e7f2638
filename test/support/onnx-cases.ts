import { beforeAll, expect, it } from "vitest";
import { describeWithData } from "./data.js";
import { CASE_FAMILIES, caseFolders, type OnnxCase, readCase } from "./onnx-case.js";

/** All single-operator conformance cases of some operators, whose number per operator is pinned. */
export function describeCases(
  counts: Readonly<Record<string, number>>,
  runCase: (c: OnnxCase) => void,
): void {
  describeWithData("ONNX conformance cases", CASE_FAMILIES, () => {
    const byOperator = new Map<string, OnnxCase[]>();

    beforeAll(() => {
      for (const folder of caseFolders(/^test_/)) {
        const found = readCase(folder);
        if (!found) continue;
        byOperator.set(found.operator, [...(byOperator.get(found.operator) ?? []), found]);
      }
    });

    it.each(Object.entries(counts))("%s: %i cases", (operator, count) => {
      const cases = byOperator.get(operator) ?? [];
      expect(cases.length).toBe(count);
      for (const c of cases) runCase(c);
    });
  });
}
