import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { Tensor } from "../../operators/index.js";
import type { ExternalData } from "../../src/onnx/external.js";
import { TensorProto_DataLocation, TensorProtoSchema } from "../../src/onnx/proto/onnx_pb.js";
import { readTensor } from "../../src/onnx/tensor.js";
import { errorOf, type TensorInit } from "./proto.js";

const read = (init: TensorInit, external?: ExternalData) => {
  const tensor = readTensor(create(TensorProtoSchema, init), "t", external);
  if ("unsupported" in tensor) throw new Error(tensor.unsupported);
  return tensor;
};

const hex = (t: Tensor) => Buffer.from(t.bytes).toString("hex");
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));

describe("typed lists", () => {
  test.each<[string, TensorInit, string]>([
    ["f32", { dataType: 1, floatData: [1, -0] }, "0000803f00000080"],
    ["u8", { dataType: 2, int32Data: [0, 255] }, "00ff"],
    ["i8", { dataType: 3, int32Data: [-128, 127] }, "807f"],
    ["u16", { dataType: 4, int32Data: [1, 65535] }, "0100ffff"],
    ["i16", { dataType: 5, int32Data: [-2, 32767] }, "feffff7f"],
    ["i32", { dataType: 6, int32Data: [-1, 2 ** 31 - 1] }, "ffffffffffffff7f"],
    ["i64", { dataType: 7, int64Data: [-1n, 1n] }, "ffffffffffffffff0100000000000000"],
    ["bool", { dataType: 9, int32Data: [0, 1] }, "0001"],
    ["f16", { dataType: 10, int32Data: [0x3c00, 0xfc01] }, "003c007e"],
    ["f64", { dataType: 11, doubleData: [1, 0] }, "000000000000f03f0000000000000000"],
    ["u32", { dataType: 12, uint64Data: [1n, 2n ** 32n - 1n] }, "01000000ffffffff"],
    ["u64", { dataType: 13, uint64Data: [1n, 2n ** 64n - 1n] }, "0100000000000000ffffffffffffffff"],
    ["bf16", { dataType: 16, int32Data: [0x3f80, 0xffff] }, "803fc07f"],
  ])("%s", (dtype, init, expected) => {
    const t = read({ ...init, dims: [2n] });
    expect(t).toMatchObject({ dtype, dims: [2] });
    expect(hex(t)).toBe(expected);
  });
});

describe("raw data", () => {
  test("is a view, not a copy", () => {
    const rawData = bytes("0000803f");
    expect(read({ dataType: 1, rawData }).bytes).toBe(rawData);
  });

  test.each<[string, number, string, string]>([
    ["f32", 1, "0000c0ff 0100807f 0000c07f 0000807f", "0000c07f 0000c07f 0000c07f 0000807f"],
    ["f16", 10, "00fe 017c 007c", "007e 007e 007c"],
    ["bf16", 16, "c0ff 817f 80ff", "c07f c07f 80ff"],
    ["f64", 11, "000000000000f8ff 010000000000f07f", "000000000000f87f 000000000000f87f"],
  ])("%s NaNs become canonical, in a copy", (_, dataType, given, expected) => {
    const rawData = bytes(given.replaceAll(" ", ""));
    const before = rawData.slice();
    const t = read({ dataType, dims: [BigInt(given.split(" ").length)], rawData });
    expect(hex(t)).toBe(expected.replaceAll(" ", ""));
    expect(rawData).toEqual(before);
  });

  test("nothing at all for no elements", () => {
    expect(read({ dataType: 1, dims: [0n, 5n] })).toEqual({
      dtype: "f32",
      dims: [0, 5],
      bytes: new Uint8Array(0),
    });
  });
});

describe("malformed", () => {
  test.each<[string, TensorInit, string]>([
    ["short raw data", { dataType: 1, dims: [2n], rawData: bytes("00000000") }, "has 8 bytes"],
    ["long raw data", { dataType: 1, dims: [0n], rawData: bytes("00") }, "has 0 bytes"],
    ["few values", { dataType: 1, dims: [3n], floatData: [1] }, "has 3 elements, the file 1"],
    ["no data", { dataType: 1, dims: [3n] }, "has 3 elements, the file 0"],
    ["two encodings", { dataType: 1, floatData: [1], rawData: bytes("00000000") }, "in two ways"],
    ["two lists", { dataType: 1, floatData: [1], int32Data: [1] }, "in two ways"],
    ["the wrong list", { dataType: 7, floatData: [1] }, "i64 cannot be in float_data"],
    ["a negative dimension", { dataType: 1, dims: [-1n] }, "dimension -1"],
    ["too many elements", { dataType: 1, dims: [2n ** 30n, 2n ** 30n] }, "too large"],
    ["a huge claim", { dataType: 1, dims: [2n ** 40n], floatData: [1] }, "elements, the file 1"],
    ["a byte out of range", { dataType: 2, int32Data: [256] }, "outside u8"],
    ["a half out of range", { dataType: 10, int32Data: [-1] }, "outside f16"],
    ["a word out of range", { dataType: 12, uint64Data: [2n ** 32n] }, "outside u32"],
    ["a raw bool of 2", { dataType: 9, rawData: bytes("02") }, "not a bool"],
    ["a listed bool of 2", { dataType: 9, int32Data: [2] }, "outside bool"],
  ])("%s", (_, init, message) => {
    const error = errorOf(() => read(init));
    expect(error.code).toBe("onnx/malformed");
    expect(error.message).toContain(message);
  });
});

describe("external data", () => {
  const external = (entries: Record<string, string>, init: TensorInit = {}): TensorInit => ({
    dataType: 1,
    dims: [2n],
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
    ...init,
  });
  const eight = () => bytes("0000803f0000c0ff");

  test("asks for what the dims need, and canonicalises it", () => {
    const calls: unknown[] = [];
    const t = read(external({ location: "./w/a.bin", offset: "16", length: "8" }), (...call) => {
      calls.push(call);
      return eight();
    });
    expect(calls).toEqual([["w/a.bin", 16, 8]]);
    expect(hex(t)).toBe("0000803f0000c07f");
  });

  test.each(["../w.bin", "a/../../w.bin", "/etc/passwd", "C:/w.bin", "a\\b", "a//b", "a\0b", ""])(
    "location %j is refused",
    (location) => {
      const error = errorOf(() => read(external({ location }), eight));
      expect(error.code).toBe("onnx/malformed");
    },
  );

  test.each<[string, TensorInit, string]>([
    ["no location", external({}), "no location"],
    ["another length", external({ location: "w", length: "4" }), "external length is 4"],
    ["a negative offset", external({ location: "w", offset: "-1" }), "not a byte count"],
    ["an offset beyond numbers", external({ location: "w", offset: "9".repeat(40) }), "byte count"],
    ["data inside as well", external({ location: "w" }, { floatData: [1, 2] }), "two ways"],
    ["more than there is", external({ location: "w" }, { dims: [3n] }), "has 8 of 12 bytes"],
  ])("%s is malformed", (_, init, message) => {
    const error = errorOf(() => read(init, eight));
    expect(error.code).toBe("onnx/malformed");
    expect(error.message).toContain(message);
  });

  test("without a reader the model is refused by name", () => {
    const error = errorOf(() => read(external({ location: "w.bin" })));
    expect(error.code).toBe("onnx/unsupported");
    expect(error.message).toContain('"w.bin"');
  });
});
