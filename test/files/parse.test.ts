import { describe, expect, test } from "vitest";
import { AssayError, f32Tensor, i64Tensor, type Tensor } from "../../operators/index.js";
import type { ExpectedTensor } from "../../src/files/fit.js";
import { writeJsonTensor } from "../../src/files/json-tensor.js";
import { writeNpy } from "../../src/files/npy.js";
import { parseTensorFile } from "../../src/files/parse.js";
import { writeTensorProto } from "../../src/onnx/write.js";

const t = f32Tensor([1, 2], [1.5, Number.NaN]);
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("parseTensorFile", () => {
  test("goes by the ending", () => {
    expect(parseTensorFile("a/b.npy", writeNpy(t))).toEqual(t);
    expect(parseTensorFile("B.PB", writeTensorProto(t, "name"))).toEqual(t);
    expect(parseTensorFile("x.y.json", utf8(writeJsonTensor(t)))).toEqual(t);
    expect(parseTensorFile("x.json", utf8('[[1.5, "NaN"]]'), { dtype: "f32", dims: null })).toEqual(
      t,
    );
    expect(refusal("x.txt", utf8("1")).code).toBe("usage");
  });

  test.each<[string, ExpectedTensor["dims"]]>([
    ["the same", [1, 2]],
    ["symbols", ["batch", "n"]],
    ["unknown sizes", [null, 2]],
    ["unknown rank", null],
  ])("dims: %s", (_, dims) => {
    expect(parseTensorFile("x.npy", writeNpy(t), { dtype: "f32", dims })).toEqual(t);
  });

  test.each<[string, ExpectedTensor, string]>([
    ["another size", { dtype: "f32", dims: [1, 3] }, "f32[1,2] where f32[1,3] is expected"],
    ["another rank", { dtype: "f32", dims: [null] }, "f32[1,2] where f32[?] is expected"],
    ["two elements for a scalar", { dtype: "f32", dims: [] }, "where f32[] is expected"],
    ["another dtype", { dtype: "f64", dims: null }, "f32[1,2] where f64[any shape] is expected"],
  ])("refuses %s", (_, expected, message) => {
    const error = refusal("x.npy", writeNpy(t), expected);
    expect(error.code).toBe("input/mismatch");
    expect(error.message).toContain(message);
  });

  test("one element is a scalar where a scalar is expected", () => {
    const one = writeTensorProto(i64Tensor([1], [16000]));
    expect(parseTensorFile("sr.pb", one, { dtype: "i64", dims: [] })).toEqual(
      i64Tensor([], [16000]),
    );
  });

  test("f32 is bf16 where that loses nothing", () => {
    const bf16: Tensor = {
      dtype: "bf16",
      dims: [4],
      bytes: Uint8Array.of(0xc0, 0x7f, 0x80, 0xff, 0, 0x80, 1, 0),
    };
    const expected: ExpectedTensor = { dtype: "bf16", dims: [4] };
    expect(parseTensorFile("x.npy", writeNpy(bf16), expected)).toEqual(bf16);
    const fine = f32Tensor([4], [1, 2, 3, 1.001]);
    const error = refusal("x.npy", writeNpy(fine), expected);
    expect(error.code).toBe("input/mismatch");
    expect(error.message).toContain("element 3");
  });

  test("errors name the file", () => {
    expect(refusal("in/x.npy", utf8("?")).message).toMatch(/^in\/x\.npy: /);
    expect(refusal("in/x.json", utf8("?")).message).toMatch(/^in\/x\.json: /);
    expect(refusal("in/x.pb", Uint8Array.of(0x0f)).message).toMatch(/^in\/x\.pb\.dims\[0\]: /);
    expect(refusal("in/x.pb", new Uint8Array(0)).message).toContain("is not a tensor");
    const text = refusal("in/x.pb", Uint8Array.of(0x10, 8));
    expect(`${text.code} ${text.message}`).toBe(
      "onnx/unsupported in/x.pb: data type string is not supported",
    );
  });
});

function refusal(name: string, bytes: Uint8Array, expected?: ExpectedTensor): AssayError {
  try {
    parseTensorFile(name, bytes, expected);
  } catch (error) {
    expect(error).toBeInstanceOf(AssayError);
    return error as AssayError;
  }
  throw new Error("nothing was refused");
}
