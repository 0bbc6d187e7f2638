import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { bind } from "../../src/graph/bind.js";
import { modelDigest } from "../../src/graph/digests.js";
import { absentWeights, modelDigestOfSkeleton } from "../../src/graph/skeleton-digest.js";
import { isWhole } from "../../src/graph/values.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { importOnnx } from "../../src/onnx/import.js";
import {
  GraphProtoSchema,
  TensorProto_DataLocation,
  AttributeProto_AttributeType as Type,
} from "../../src/onnx/proto/onnx_pb.js";
import { importSkeleton, skeletonOf } from "../../src/onnx/skeleton.js";
import { errorOf, modelBytes, node, type TensorInit, value } from "./proto.js";

const EXTERNAL = TensorProto_DataLocation.EXTERNAL;
const LARGE = 1025;

const external = (...entries: [string, string][]): TensorInit => ({
  dataLocation: EXTERNAL,
  externalData: entries.map(([key, value]) => ({ key, value })),
});

const absent = (name: string, ...dims: bigint[]): TensorInit => ({
  name,
  dataType: 1,
  dims,
  ...external(["location", "absent"]),
});

/** y = (x + large) · small */
const scaled = (...initializer: TensorInit[]): Uint8Array =>
  modelBytes({
    node: [node("Add", ["x", "large"], ["s"]), node("Mul", ["s", "small"], ["y"])],
    input: [value("x", [LARGE])],
    output: [value("y", [LARGE])],
    initializer,
  });

const small: TensorInit = { name: "small", dataType: 1, dims: [1n], floatData: [3] };
const numbers = Array.from({ length: LARGE }, (_, i) => i);
const raw = new Uint8Array(Float32Array.from(numbers).buffer);
const large = { name: "large", dataType: 1, dims: [BigInt(LARGE)] };

const refusal = (bytes: Uint8Array) => {
  const { code, message, hint } = errorOf(() => importSkeleton(bytes));
  return `${code} ${message} (${hint})`;
};

describe("the skeleton of a file", () => {
  test("is the same whatever form the weights have, and its own skeleton", () => {
    const beside = (location: string, offset: number, length: number): Uint8Array => {
      expect([location, offset, length]).toEqual(["w.bin", 4, 4]);
      return new Uint8Array(Float32Array.of(3).buffer);
    };
    const skeleton = skeletonOf(scaled({ ...large, rawData: raw }, small));
    const typed = scaled({ ...large, floatData: numbers }, small);
    const inFiles = scaled(
      { ...large, ...external(["location", "big.bin"], ["offset", "4096"]) },
      {
        name: "small",
        dataType: 1,
        dims: [1n],
        ...external(["location", "w.bin"], ["offset", "4"]),
      },
    );
    expect(skeletonOf(typed)).toEqual(skeleton);
    expect(skeletonOf(inFiles, { externalData: beside })).toEqual(skeleton);
    expect(skeletonOf(skeleton)).toEqual(skeleton);
    expect(skeleton.length).toBeLessThan(200);
  });

  test("has the large weights as types and the small ones whole", () => {
    const skeleton = importSkeleton(skeletonOf(scaled({ ...large, rawData: raw }, small)));
    expect(skeleton.weights.get("large")).toEqual({ dtype: "f32", dims: [LARGE] });
    expect([...skeleton.weights.values()].map(isWhole)).toEqual([false, true]);
    expect(absentWeights(skeleton)).toEqual(["large"]);
  });

  test("keeps a weight of 1024 elements, and tensors in attributes of any size", () => {
    const constant = {
      ...node("Constant", [], ["w"]),
      attribute: [{ name: "value", type: Type.TENSOR, t: { ...large, rawData: raw } }],
    };
    const file = modelBytes({
      node: [constant, node("Add", ["w", "x"], ["s"]), node("Add", ["s", "b"], ["y"])],
      input: [value("x", [LARGE])],
      output: [value("y", [LARGE])],
      initializer: [
        { name: "b", dataType: 1, dims: [1n], floatData: [1] },
        { name: "unused", dataType: 7, dims: [1024n], rawData: new Uint8Array(8192).fill(1) },
      ],
    });
    expect(importSkeleton(skeletonOf(file))).toEqual(importOnnx(file));
  });

  test("says nothing that no digest covers", () => {
    const plain = scaled({ ...large, rawData: raw }, small);
    const w = new BinaryWriter();
    w.tag(2, WireType.LengthDelimited).string("some exporter");
    w.tag(6, WireType.LengthDelimited).string("what the model does");
    w.tag(14, WireType.LengthDelimited).bytes(Uint8Array.of(0x0a, 1, 0x61, 0x12, 1, 0x62));
    w.tag(20, WireType.LengthDelimited).bytes(new Uint8Array(0));
    const described = Uint8Array.from([...w.finish(), ...plain]);
    expect(skeletonOf(described)).toEqual(skeletonOf(plain));
  });

  test("reaches into subgraphs", () => {
    const g = (op: string) =>
      toBinary(
        GraphProtoSchema,
        create(GraphProtoSchema, {
          name: "branch",
          node: [node(op, ["x", "w"], ["y"])],
          output: [{ name: "y" }],
          initializer: [{ ...large, name: "w", rawData: raw }],
        }),
      );
    const file = modelBytes({
      node: [
        {
          ...node("If", ["c"], ["y"], "pick"),
          attribute: [
            { name: "then_branch", type: Type.GRAPH, g: g("Add") },
            { name: "else_branch", type: Type.GRAPH, g: g("Mul") },
          ],
        },
      ],
      input: [value("x", [LARGE]), value("c", [], 9)],
      output: [value("y", [LARGE])],
    });
    const bytes = skeletonOf(file);
    const skeleton = importSkeleton(bytes);
    expect(bytes.length).toBeLessThan(400);
    expect(absentWeights(skeleton)).toEqual(["pick/then_branch/w", "pick/else_branch/w"]);
    const whole = modelDigest(hasher, importOnnx(file));
    expect(modelDigestOfSkeleton(hasher, skeleton, whole.weightCommitments)).toEqual(whole);
  });

  test("of what cannot be run is refused as the file itself is", () => {
    const unknown = modelBytes({
      node: [node("Sing", ["x"], ["y"])],
      input: [value("x")],
      output: [value("y")],
    });
    expect(errorOf(() => skeletonOf(unknown))).toEqual(errorOf(() => importOnnx(unknown)));
    const sparse = modelBytes({
      node: [node("Relu", ["x"], ["y"])],
      input: [value("x")],
      output: [value("y")],
      sparseInitializer: [{ values: { name: "s" } }],
    });
    expect(errorOf(() => skeletonOf(sparse))).toEqual(errorOf(() => importOnnx(sparse)));
    expect(errorOf(() => skeletonOf(new Uint8Array(0))).code).toBe("onnx/malformed");
  });
});

describe("hostile skeletons", () => {
  const WITH = (dims: readonly bigint[]) => scaled(absent("large", ...dims), small);

  test("huge dims cost nothing and are bound like any others", () => {
    const skeleton = importSkeleton(WITH([2n ** 30n, 2n ** 17n]));
    expect(skeleton.weights.get("large")).toEqual({ dtype: "f32", dims: [2 ** 30, 2 ** 17] });
    const types = new Map([["x", { dtype: "f32", dims: [LARGE] } as const]]);
    expect(errorOf(() => bind(skeleton, { types })).code).toBe("operator/invalid");
  });

  test.each<[string, Uint8Array, string]>([
    ["too many elements", WITH([2n ** 30n, 2n ** 30n]), "is too large"],
    ["a product that is no number", WITH([...Array(30).fill(2n ** 47n), 0n]), "is too large"],
    ["negative dims", WITH([-5n, -1000n]), "dimension -5"],
    ["a dim above all limits", WITH([2n ** 60n]), "dimension 1152921504606846976"],
    ["an absent small weight", WITH([1024n]), "is absent, but with at most 1024 elements"],
    ["an absent scalar", WITH([]), "is absent, but with at most 1024 elements"],
    ["a large weight that is there", scaled({ ...large, rawData: raw }, small), "is not absent"],
    [
      "large floats that are there",
      scaled({ ...large, floatData: numbers }, small),
      "is not absent",
    ],
    [
      "absent with raw data too",
      scaled({ ...absent("large", 2000n), rawData: raw }, small),
      "gives its data in two ways",
    ],
    [
      "absent with empty raw data",
      scaled({ ...absent("large", 2000n), rawData: new Uint8Array(0) }, small),
      "gives its data in two ways",
    ],
    [
      "absent with floats too",
      scaled({ ...absent("large", 2000n), floatData: [1] }, small),
      "gives its data in two ways",
    ],
    [
      "another location",
      scaled({ ...large, ...external(["location", "weights.bin"]) }, small),
      "lies in another file",
    ],
    [
      "a part of an absent file",
      scaled({ ...large, ...external(["location", "absent"], ["offset", "8"]) }, small),
      "lies in another file",
    ],
    [
      "two locations",
      scaled({ ...large, ...external(["location", "a"], ["location", "absent"]) }, small),
      "lies in another file",
    ],
    ["no location", scaled({ ...large, dataLocation: EXTERNAL }, small), "lies in another file"],
    [
      "one name twice",
      scaled(absent("large", 2000n), absent("large", 3000n), small),
      '"large" is defined twice',
    ],
    [
      "no data and no word about it",
      scaled({ ...large, dims: [4n] }, small),
      "has 4 elements, the file 0",
    ],
  ])("%s", (_, bytes, expected) => {
    const text = refusal(bytes);
    expect(text).toMatch(/^onnx\/malformed /);
    expect(text).toContain(expected);
  });

  test("a dtype that nothing here can hold", () => {
    const text = refusal(scaled({ ...absent("large", 2000n), dataType: 8 }, small));
    expect(text).toContain("onnx/unsupported");
    expect(text).toContain("data type string is not supported");
  });

  test("an attribute's tensor cannot be absent", () => {
    const file = modelBytes({
      node: [
        {
          ...node("Constant", [], ["y"]),
          attribute: [{ name: "value", type: Type.TENSOR, t: absent("", 2000n) }],
        },
      ],
      output: [value("y", [2000])],
    });
    expect(refusal(file)).toContain("onnx/unsupported");
    expect(errorOf(() => skeletonOf(file)).code).toBe("onnx/unsupported");
  });

  test("cut off anywhere, or with any bit flipped: a skeleton or a typed error", () => {
    const bytes = skeletonOf(scaled({ ...large, rawData: raw }, small));
    const codes = new Set<string>();
    const read = (damaged: Uint8Array): void => {
      try {
        importSkeleton(damaged);
        codes.add("skeleton");
      } catch {
        codes.add(errorOf(() => importSkeleton(damaged)).code);
      }
    };
    for (let n = 0; n < bytes.length; n++) read(bytes.subarray(0, n));
    expect([...codes]).toEqual(["onnx/malformed"]);
    for (let i = 0; i < bytes.length * 8; i++) {
      const flipped = bytes.slice();
      flipped[i >> 3] = (flipped[i >> 3] as number) ^ (1 << (i & 7));
      read(flipped);
    }
    expect([...codes].sort()).toEqual(["onnx/malformed", "onnx/unsupported", "skeleton"]);
  });

  test("to the ordinary importer it says what it is", () => {
    const skeleton = skeletonOf(scaled({ ...large, rawData: raw }, small));
    const never = (): Uint8Array => {
      throw new Error("asked for a file");
    };
    for (const options of [{}, { externalData: never }]) {
      const { code, message, hint } = errorOf(() => importOnnx(skeleton, options));
      expect(code).toBe("onnx/unsupported");
      expect(message).toContain('graph.initializer[0] "large": this is a skeleton');
      expect(hint).toContain("get the whole model");
    }
  });
});

describe("the model digest from a skeleton", () => {
  const file = scaled({ ...large, rawData: raw }, small);
  const skeleton = importSkeleton(skeletonOf(file));
  const whole = modelDigest(hasher, importOnnx(file));
  const [commitment] = whole.weightCommitments as [Uint8Array];

  test("is that of the model", () => {
    expect(modelDigestOfSkeleton(hasher, skeleton, [commitment])).toEqual(whole);
  });

  test("is another with another commitment", () => {
    const other = modelDigestOfSkeleton(hasher, skeleton, [new Uint8Array(32)]);
    expect(other.model).not.toEqual(whole.model);
    expect(other.graph).toEqual(whole.graph);
  });

  test.each<[string, Uint8Array[], string]>([
    ["too few commitments", [], "lacks 1 weights, and 0 commitments came"],
    ["too many", [commitment, commitment], "lacks 1 weights, and 2 commitments came"],
    ["a short one", [commitment.subarray(1)], "commitment 0 of an absent weight is not 32 bytes"],
  ])("refuses %s", (_, commitments, expected) => {
    const { code, message } = errorOf(() => modelDigestOfSkeleton(hasher, skeleton, commitments));
    expect(`${code} ${message}`).toContain(`graph/invalid `);
    expect(message).toContain(expected);
  });

  test("binding refuses a small weight that is only a type", () => {
    const weights = new Map(skeleton.weights).set("small", { dtype: "f32", dims: [1] });
    const types = new Map([["x", { dtype: "f32", dims: [LARGE] } as const]]);
    const { code, message } = errorOf(() => bind({ ...skeleton, weights }, { types }));
    expect(code).toBe("graph/invalid");
    expect(message).toContain('"small" is small and has no elements');
  });
});
