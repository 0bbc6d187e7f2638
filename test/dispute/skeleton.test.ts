import { describe, expect, test } from "vitest";
import type { DType, Tensor } from "../../operators/index.js";
import { type Budget, DEFAULT_BUDGET } from "../../src/dispute/budget.js";
import { rulesFor } from "../../src/dispute/rules.js";
import { settle } from "../../src/dispute/settle.js";
import { planFor } from "../../src/execute/run-model.js";
import { readNpy } from "../../src/files/npy.js";
import { modelDigest } from "../../src/graph/digests.js";
import { modelDigestOfSkeleton } from "../../src/graph/skeleton-digest.js";
import type { Skeleton } from "../../src/graph/types.js";
import { isWhole } from "../../src/graph/values.js";
import { importOnnx } from "../../src/onnx/import.js";
import { importSkeleton, skeletonOf } from "../../src/onnx/skeleton.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { fixture } from "../fixtures/files.js";
import { modelOf, subgraph } from "../support/graphs.js";
import { counting, tensorFrom } from "../support/tensors.js";
import { TINY_BUDGET } from "./zoo/budgets.js";
import { hasher, rulesOf, runOf } from "./zoo/run.js";
import { noise, type Toy } from "./zoo/toy.js";

/** A referee that has only the skeleton, and commitments of what it lacks, judges as one with the model. */

interface Case extends Toy {
  readonly skeleton: Skeleton;
}

function caseOf(file: Uint8Array, inputs: ReadonlyMap<string, Tensor>): Case {
  const [model, skeleton] = [importOnnx(file), importSkeleton(skeletonOf(file))];
  expect([...skeleton.weights.values()].every(isWhole)).toBe(false);
  return { model, skeleton, inputs, plan: planFor(model, inputs, "operator") };
}

function digits(): Case {
  const image = readNpy(fixture("digits/digit-3.npy"));
  return caseOf(fixture("digits/model.onnx"), new Map([["image", image]]));
}

const SIDE = 34;

/** A branch with a large weight of its own, and a product with one of another dtype. */
function branching(dtype: DType): Case {
  const square = (seed: number): Tensor => {
    const values = noise(SIDE * SIDE, seed).map((v) => (dtype === "i8" ? Math.round(9 * v) : v));
    return tensorFrom(dtype, [SIDE, SIDE], values);
  };
  const model = modelOf({
    inputs: [
      { name: "x", dtype, dims: [1, SIDE] },
      { name: "c", dtype: "bool", dims: [] },
    ],
    outputs: [{ name: "y", dtype: dtype === "i8" ? "i32" : dtype }],
    nodes: [
      {
        op: "If",
        inputs: ["c"],
        outputs: ["s"],
        attributes: {
          then_branch: subgraph({
            outputs: ["t"],
            nodes: [{ op: "Add", inputs: ["u", "u"], outputs: ["t"] }],
            weights: { u: "inner" },
          }),
          else_branch: subgraph({
            outputs: ["t"],
            nodes: [{ op: "Mul", inputs: ["w", "w"], outputs: ["t"] }],
          }),
        },
      },
      { op: dtype === "i8" ? "MatMulInteger" : "MatMul", inputs: ["x", "s"], outputs: ["p"] },
      { op: "Transpose", inputs: ["p"], outputs: ["y"] },
    ],
    weights: { w: square(1), inner: square(2), k: tensorFrom("i64", [1], [1]) },
  });
  const file = writeOnnx(model, { opsets: new Map([["", 20]]), producer: "test" });
  const c = tensorFrom("bool", [], [1]);
  return caseOf(
    file,
    new Map([
      ["x", counting(dtype, [1, SIDE])],
      ["c", c],
    ]),
  );
}

const CASES: readonly (readonly [string, () => Case, Budget])[] = [
  ["digits", digits, DEFAULT_BUDGET],
  ["f32 in a branch", () => branching("f32"), DEFAULT_BUDGET],
  ["f32, inside the operators", () => branching("f32"), TINY_BUDGET],
  ["bf16, inside the operators", () => branching("bf16"), TINY_BUDGET],
  ["i8, inside the operators", () => branching("i8"), TINY_BUDGET],
];

describe.each(CASES)("%s", (_, make, budget) => {
  const made = make();
  const { model, skeleton, plan, inputs } = made;
  const whole = modelDigest(hasher, model);
  const lacking = [...skeleton.weights.values()].flatMap((w, i) =>
    isWhole(w) ? [] : [whole.weightCommitments[i] as Uint8Array],
  );
  const digest = modelDigestOfSkeleton(hasher, skeleton, lacking);
  const bound = planFor(skeleton, inputs, "operator");
  const { clock } = rulesOf(made);
  const options = { clock, budget };
  const rules = rulesFor(hasher, digest, bound, options);

  test("model, plan and rules are the same", () => {
    expect(digest).toEqual(whole);
    expect(bound).toEqual(plan);
    expect(rules).toEqual(rulesFor(hasher, whole, plan, options));
  });

  test("every operator's corruption ends in the same verdict", async () => {
    const honest = runOf(made);
    for (const node of plan.nodes.keys()) {
      const wrong = runOf(made, { corrupt: [{ node, element: 0 }], base: honest.tensors });
      const settlement = await settle(rules, honest, wrong);
      expect(settlement).toMatchObject({
        atFault: ["b"],
        against: { b: { outcome: { kind: "refuted", evidence: { operator: { index: node } } } } },
      });
      expect(settlement).toEqual(
        await settle(rulesFor(hasher, whole, plan, options), honest, wrong),
      );
    }
  });
});
