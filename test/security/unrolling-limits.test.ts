import { describe, expect, it } from "vitest";
import { f32Tensor, i64Tensor, type Tensor, type TensorType } from "../../operators/index.js";
import { bind } from "../../src/graph/bind.js";
import { modelDigest } from "../../src/graph/digests.js";
import { nobleHasher } from "../../src/merkle/hash.js";
import {
  type GraphSpec,
  int,
  modelOf,
  type NodeSpec,
  type SubgraphSpec,
  subgraph,
} from "../support/graphs.js";

/** Small files whose loops would make large plans, or never end. */

const X: TensorType = { dtype: "f32", dims: [4] };
const onX = (nodes: readonly NodeSpec[], output: string, more: Partial<GraphSpec> = {}) =>
  modelOf({ inputs: [{ name: "x", dims: null }], outputs: [output], nodes, ...more });
const bound = (model: ReturnType<typeof modelOf>, x: TensorType = X) =>
  bind(model, { types: new Map([["x", x]]) });
const tooLarge = expect.objectContaining({ code: "model/too-large" });

describe("unrolling ends", () => {
  /** A loop over `trips`, whose body is what `inner` makes of its own depth. */
  const loop = (trips: string, body: SubgraphSpec, output = "z"): NodeSpec => ({
    op: "Loop",
    inputs: [trips, "", "x"],
    outputs: [output],
    attributes: { body: subgraph(body) },
  });
  const body = (nodes: readonly NodeSpec[], output: string): SubgraphSpec => {
    return { inputs: ["i", "c", "x"], outputs: ["c", output], nodes };
  };
  const relu: NodeSpec = { op: "Relu", inputs: ["x"], outputs: ["r"] };
  const weights = { million: i64Tensor([], [2 ** 20]), huge: i64Tensor([], [2n ** 62n]) };
  const quickly = (what: string, nodes: readonly NodeSpec[]): void => {
    const started = process.cpuUsage();
    expect(() => bound(onX(nodes, "z", { weights }))).toThrow(
      expect.objectContaining({
        code: "model/too-large",
        facts: expect.objectContaining({ what }),
      }),
    );
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(10);
  };

  it("for 2^62 iterations of nothing", () => {
    quickly("iterations", [loop("huge", body([], "x"))]);
  });

  it("for a million iterations of a million", () => {
    const inner = body([relu], "r");
    const outer = body([loop("million", inner, "q")], "q");
    quickly("iterations", [loop("million", outer)]);
  });

  it("for a body of many nodes", () => {
    const many = Array.from({ length: 5000 }, (_, i): NodeSpec => {
      return { op: "Relu", inputs: ["x"], outputs: [`r${i}`] };
    });
    quickly("nodes", [loop("million", body(many, "r0"))]);
  });

  it("for a body of many names, and for one of long lists", () => {
    const outputs = new Array<string>(60_000).fill("");
    quickly("mentions", [loop("million", body([{ ...relu, outputs }], "x"))]);
    const list = { kind: "ints" as const, value: new Array<bigint>(100_000).fill(0n) };
    const listed = { ...relu, attributes: { list } };
    quickly("mentions", [loop("million", body([listed], "r"))]);
    const declared = { ...body([], "x"), outputs: ["c", ...new Array<string>(60_000).fill("x")] };
    quickly("mentions", [loop("million", declared)]);
  });

  it("for a condition that stays true", () => {
    const forever = { ...loop("", body([relu], "r")), inputs: ["", "yes", "x"] };
    const yes: Tensor = { dtype: "bool", dims: [], bytes: Uint8Array.of(1) };
    const model = onX([forever], "z", { weights: { yes } });
    expect(() => bound(model)).toThrow(tooLarge);
  });

  it("for a scan over a long axis", () => {
    const scan: NodeSpec = {
      op: "Scan",
      inputs: ["x"],
      outputs: ["z"],
      attributes: {
        num_scan_inputs: int(1),
        body: subgraph({ inputs: ["e"], outputs: ["e"], nodes: [] }),
      },
    };
    const started = process.cpuUsage();
    expect(() => bound(onX([scan], "z"), { dtype: "f32", dims: [2 ** 40] })).toThrow(tooLarge);
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(10);
  });

  it("where loops are too deep inside each other, for the digest too", () => {
    const nested = (depth: number): NodeSpec =>
      loop("two", body([depth === 1 ? { ...relu, outputs: ["q"] } : nested(depth - 1)], "q"), "q");
    const two = { two: i64Tensor([], [1]) };
    const model = (depth: number) => {
      return onX([{ ...nested(depth), outputs: ["z"] }], "z", { weights: two });
    };
    expect(bound(model(16)).nodes).toHaveLength(1);
    expect(() => bound(model(17))).toThrow(tooLarge);
    expect(modelDigest(nobleHasher, model(16)).graph).toHaveLength(32);
    expect(() => modelDigest(nobleHasher, model(17))).toThrow(tooLarge);
    // Far below where the stack would end.
    expect(() => bound(model(500))).toThrow(tooLarge);
  });

  it("for sixteen loops inside each other", () => {
    const nested = (depth: number): NodeSpec =>
      loop(
        "million",
        body([depth === 1 ? { ...relu, outputs: ["q"] } : nested(depth - 1)], "q"),
        "q",
      );
    quickly("iterations", [{ ...nested(16), outputs: ["z"] }]);
  });

  it("with one constant for a body's Constant, however large", () => {
    const value = f32Tensor([100_000], new Float32Array(100_000));
    const constant: NodeSpec = {
      op: "Constant",
      inputs: [],
      outputs: ["k"],
      attributes: { value: { kind: "tensor", value } },
    };
    const add: NodeSpec = { op: "Add", inputs: ["x", "k"], outputs: ["r"] };
    const trips = { n: i64Tensor([], [1000]) };
    const model = onX([loop("n", body([constant, add], "r"))], "z", { weights: trips });
    const plan = bound(model, { dtype: "f32", dims: [100_000] });
    expect(plan.nodes).toHaveLength(1000);
    expect(plan.constants).toHaveLength(1);
  });

  it("with short names for what long names make", () => {
    const long = "n".repeat(50_000);
    const named = (depth: number): NodeSpec => {
      const inner = depth === 1 ? { ...relu, outputs: ["q"] } : named(depth - 1);
      return { ...loop("two", body([{ ...inner, name: long }], "q"), "q"), name: long };
    };
    const two = { two: i64Tensor([], [1]) };
    const plan = bound(onX([{ ...named(10), outputs: ["z"], name: "top" }], "z", { weights: two }));
    expect(plan.nodes[0]?.name.length).toBeLessThan(3000);
  });
});
