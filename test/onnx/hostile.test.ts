import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { importOnnx } from "../../src/onnx/import.js";
import type { OnnxLimits } from "../../src/onnx/limits.js";
import { AttributeProto_AttributeType as Type } from "../../src/onnx/proto/onnx_pb.js";
import { anyOperator, errorOf, modelBytes, node, tinyGraph, value } from "./proto.js";

const load = (bytes: Uint8Array, limits: Partial<OnnxLimits> = {}) =>
  importOnnx(bytes, { definitions: anyOperator, limits });

const failure = (bytes: Uint8Array, limits?: Partial<OnnxLimits>) => {
  const { code, message } = errorOf(() => load(bytes, limits));
  return `${code} ${message}`;
};

/** A model that uses every part of the format that is read. */
const sample = modelBytes({
  name: "sample",
  node: [
    {
      ...node("Whatever", ["x", "w", ""], ["c"], "conv"),
      attribute: [
        { name: "pads", type: Type.INTS, ints: [1n, 1n, 300n] },
        { name: "alpha", type: Type.FLOAT, f: 0.25 },
        { name: "auto_pad", type: Type.STRING, s: new TextEncoder().encode("SAME") },
        { name: "t", type: Type.TENSOR, t: { dataType: 7, dims: [1n], int64Data: [9n] } },
        { name: "fs", type: Type.FLOATS, floats: [1, 2] },
      ],
    },
    node("Relu", ["c"], ["y"]),
  ],
  input: [value("x", [1, 3]), value("w")],
  output: [value("y")],
  initializer: [
    { name: "w", dataType: 1, dims: [2n], rawData: new Uint8Array(8) },
    { name: "l", dataType: 10, dims: [2n], int32Data: [1, 2] },
    { name: "d", dataType: 11, dims: [1n], doubleData: [1] },
  ],
});

/** Either a model or a typed error; anything else throws out of `errorOf`. */
function outcome(bytes: Uint8Array): string {
  try {
    load(bytes);
    return "model";
  } catch {
    return errorOf(() => load(bytes)).code;
  }
}

const OUTCOMES = ["model", "onnx/malformed", "onnx/unsupported"];

describe("damaged files", () => {
  test("cut off after every byte", () => {
    const codes = Array.from({ length: sample.length }, (_, n) => outcome(sample.subarray(0, n)));
    // A cut between two top-level fields leaves a valid message, so some are refused later.
    expect(new Set(codes)).toEqual(new Set(["onnx/malformed"]));
    expect(outcome(sample)).toBe("model");
  });

  test("every bit flipped", () => {
    for (let i = 0; i < sample.length * 8; i++) {
      const bytes = sample.slice();
      bytes[i >> 3] = (bytes[i >> 3] as number) ^ (1 << (i & 7));
      expect(OUTCOMES).toContain(outcome(bytes));
    }
  });

  test("random edits", () => {
    const edit = fc.tuple(
      fc.nat(sample.length - 1),
      fc.nat(4),
      fc.uint8Array({ minLength: 0, maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let bytes: number[] = [...sample];
        for (const [at, cut, insert] of edits) {
          bytes = [...bytes.slice(0, at), ...insert, ...bytes.slice(at + cut)];
        }
        expect(OUTCOMES).toContain(outcome(Uint8Array.from(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  test("random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(outcome(bytes)).not.toBe("model");
      }),
      { numRuns: 1000 },
    );
  });

  test("not a model at all", () => {
    expect(failure(new Uint8Array(0))).toContain("onnx/malformed model: has no graph");
    expect(failure(new TextEncoder().encode("<!DOCTYPE html><html></html>"))).toMatch(
      /^onnx\/malformed /,
    );
  });
});

describe("the wire format", () => {
  const message = (write: (w: BinaryWriter) => void) => {
    const writer = new BinaryWriter();
    write(writer);
    return writer.finish();
  };
  /** ModelProto.graph = 7 with the given content. */
  const inGraph = (content: Uint8Array) =>
    message((w) => w.tag(7, WireType.LengthDelimited).bytes(content));
  /** GraphProto.initializer = 5. */
  const inTensor = (write: (w: BinaryWriter) => void) =>
    inGraph(message((w) => w.tag(5, WireType.LengthDelimited).bytes(message(write))));

  test.each<[string, Uint8Array, string]>([
    ["a length beyond the file", Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0x7f), "graph: claims"],
    ["a length over 32 bits", Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f), "over 32 bits"],
    ["an endless number", new Uint8Array(40).fill(0xff).fill(0x08, 0, 1), "longer than 10 bytes"],
    ["field number 0", Uint8Array.of(0x00, 0x00), "field number 0"],
    ["a group", Uint8Array.of(0x0b, 0x0c), "wire type 3"],
    ["a group in an unknown field", Uint8Array.of(0xa3, 0x06), "wire type 3"],
    ["a wire type that does not exist", Uint8Array.of(0x0f), "wire type 7"],
    ["a number where a message belongs", Uint8Array.of(0x38, 0x01), "graph: wire type 0"],
    ["two graphs", Uint8Array.of(0x3a, 0x00, 0x3a, 0x00), "graph: given twice"],
    [
      "a name that is not UTF-8",
      inTensor((w) => w.tag(8, WireType.LengthDelimited).bytes(Uint8Array.of(0xc3, 0x28))),
      "graph.initializer[0].name: not valid UTF-8",
    ],
    [
      "packed floats of three bytes",
      inTensor((w) => w.tag(4, WireType.LengthDelimited).bytes(new Uint8Array(3))),
      "graph.initializer[0].float_data[0]: 3 bytes are not a multiple of 4",
    ],
    [
      "packed integers that end in the middle",
      inTensor((w) => w.tag(1, WireType.LengthDelimited).bytes(Uint8Array.of(1, 0x80))),
      "graph.initializer[0].dims[0]: ends in the middle",
    ],
  ])("%s", (_, bytes, expected) => {
    const text = failure(bytes);
    expect(text).toMatch(/^onnx\/malformed /);
    expect(text).toContain(expected);
  });

  test("unknown fields are skipped, packed and single numbers mean the same", () => {
    const unknown = message((w) => {
      w.tag(3000, WireType.Varint).uint64("18446744073709551615");
      w.tag(3001, WireType.Bit64).fixed64(1);
      w.tag(3002, WireType.LengthDelimited).bytes(new Uint8Array(9));
      w.tag(3003, WireType.Bit32).fixed32(1);
    });
    const single = message((w) => {
      const tensor = message((t) => {
        t.tag(1, WireType.Varint).int64(2).tag(2, WireType.Varint).int32(1);
        t.tag(4, WireType.Bit32).float(1).tag(4, WireType.Bit32).float(2);
        t.tag(8, WireType.LengthDelimited).string("w");
      });
      const output = message((v) => {
        v.tag(1, WireType.LengthDelimited).string("w");
        v.tag(2, WireType.LengthDelimited).bytes(Uint8Array.of(0x0a, 2, 8, 1));
      });
      const graph = message((g) => {
        g.tag(5, WireType.LengthDelimited).bytes(tensor);
        g.tag(12, WireType.LengthDelimited).bytes(output);
      });
      w.tag(1, WireType.Varint).int64(8);
      w.tag(7, WireType.LengthDelimited).bytes(graph);
    });
    const { weights } = load(Uint8Array.from([...unknown, ...single]));
    expect(weights.get("w")?.bytes).toEqual(Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64));
  });
});

describe("limits", () => {
  test("messages", () => {
    const nodes = Array.from({ length: 100 }, (_, i) => node("A", ["x"], [i === 0 ? "y" : `${i}`]));
    const bytes = modelBytes({ ...tinyGraph(), node: nodes });
    expect(failure(bytes, { messages: 50 })).toMatch(/^onnx\/unsupported .*more messages/);
    expect(load(bytes, { messages: 200 }).graph.nodes).toHaveLength(100);
  });

  test("numbers, before they are decoded", () => {
    const floatData = Array.from({ length: 1000 }, () => 0);
    const initializer = [{ name: "w", dataType: 1, dims: [1000n], floatData }];
    const bytes = modelBytes({ ...tinyGraph(), initializer });
    expect(failure(bytes, { numbers: 900 })).toMatch(/^onnx\/unsupported .*more numbers/);
    expect(load(bytes, { numbers: 1010 }).weights.size).toBe(1);
  });

  test("names", () => {
    const bytes = modelBytes({ ...tinyGraph(), name: "n".repeat(70_000) });
    expect(failure(bytes)).toContain("graph.name: a name of 70000 bytes");
  });

  test("subgraphs in subgraphs, without using the stack up", () => {
    let g = new Uint8Array(0);
    for (let i = 0; i < 200; i++) {
      const writer = new BinaryWriter();
      const attribute = new BinaryWriter();
      attribute.tag(1, WireType.LengthDelimited).string("body");
      attribute.tag(6, WireType.LengthDelimited).bytes(g);
      const inner = new BinaryWriter();
      inner.tag(2, WireType.LengthDelimited).string("o");
      inner.tag(4, WireType.LengthDelimited).string("Loop");
      inner.tag(5, WireType.LengthDelimited).bytes(attribute.finish());
      writer.tag(1, WireType.LengthDelimited).bytes(inner.finish());
      g = writer.finish() as Uint8Array<ArrayBuffer>;
    }
    const loop = { ...node("Loop", ["x"], ["y"]), attribute: [{ name: "body", g }] };
    expect(failure(modelBytes({ ...tinyGraph(), node: [loop] }))).toContain(
      "subgraphs are nested too deeply",
    );
  });
});
