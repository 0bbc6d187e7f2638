import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { NativeMachine } from "../../operators/backends/native/index.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import type { DType, Tensor } from "../../operators/index.js";
import { layoutPlan } from "../../src/execute/layout.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import { loadModelFile } from "../../src/files/load-model.js";
import type { Model } from "../../src/graph/types.js";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "../../src/onnx/proto/onnx_pb.js";
import { nativeHere } from "../backends/native-here.js";
import { LONG } from "../support/long.js";

const SIZE = 16384;
const LAYERS = 5;
/** 1 GiB. */
const WEIGHT_BYTES = 4 * SIZE * SIZE;
const FLOAT = 1;

const LAYER_INDICES = Array.from({ length: LAYERS }, (_, i) => i);

/** y0 = x · w0, …, y4 = x · w4. */
function modelFile(location: string): Uint8Array {
  const value = (name: string) =>
    create(ValueInfoProtoSchema, {
      name,
      type: {
        value: {
          case: "tensorType",
          value: {
            elemType: FLOAT,
            shape: {
              dim: [1, SIZE].map((d) => ({
                value: { case: "dimValue" as const, value: BigInt(d) },
              })),
            },
          },
        },
      },
    });
  const entry = (key: string, text: string) => ({ key, value: text });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 17n }],
      graph: create(GraphProtoSchema, {
        name: "large",
        input: [value("x")],
        output: LAYER_INDICES.map((i) => value(`y${i}`)),
        node: LAYER_INDICES.map((i) =>
          create(NodeProtoSchema, { opType: "MatMul", input: ["x", `w${i}`], output: [`y${i}`] }),
        ),
        initializer: LAYER_INDICES.map((i) =>
          create(TensorProtoSchema, {
            name: `w${i}`,
            dataType: FLOAT,
            dims: [BigInt(SIZE), BigInt(SIZE)],
            dataLocation: TensorProto_DataLocation.EXTERNAL,
            externalData: [
              entry("location", location),
              entry("offset", String(i * WEIGHT_BYTES)),
              entry("length", String(WEIGHT_BYTES)),
            ],
          }),
        ),
      }),
    }),
  );
}

/** The elements that are not zero, by layer, row and column. */
const PLACED = LAYER_INDICES.flatMap((layer) =>
  Array.from({ length: 40 }, (_, i) => ({
    layer,
    row: (i * 409 + layer) % SIZE,
    column: ((i % 7) * 2731 + layer) % SIZE,
    value: Math.fround((i + 1) / 3 - layer),
  })),
);

const X = Float32Array.from({ length: SIZE }, (_, k) => Math.fround(1 + k / 7));

/** x · w for one layer: rows ascending, and zeros change no sum. */
function expected(layer: number): Float32Array {
  const y = new Float32Array(SIZE);
  const own = PLACED.filter((p) => p.layer === layer).sort((a, b) => a.row - b.row);
  for (const { row, column, value } of own) {
    y[column] = (y[column] as number) + Math.fround((X[row] as number) * value);
  }
  return y;
}

const input: Tensor = { dtype: "f32", dims: [1, SIZE], bytes: new Uint8Array(X.buffer) };

describe.skipIf(!nativeHere())("models beyond 4 GiB", () => {
  it("are planned and their need is told: weights are not in the machine's memory", () => {
    const type = { dtype: "f32" as DType, dims: [SIZE, SIZE], bytes: new Uint8Array(0) };
    const model = {
      weights: new Map(LAYER_INDICES.map((i) => [`w${i}`, type])),
      graph: {
        name: "g",
        inputs: [{ name: "x", dtype: "f32", dims: [1, SIZE] }],
        outputs: LAYER_INDICES.map((i) => ({ name: `y${i}`, dtype: "f32", dims: null })),
        nodes: LAYER_INDICES.map((i) => ({
          name: `y${i}`,
          domain: "",
          operator: "MatMul",
          version: 13,
          attributes: new Map(),
          inputs: ["x", `w${i}`],
          outputs: [`y${i}`],
        })),
      },
    } as Model;
    const plan = planFor(model, new Map([["x", input]]));
    const native = new NativeMachine(1);
    const { calls, arenaBytes } = layoutPlan(plan, { packs: native.packs.bind(native) });
    const need = native.estimate(calls, arenaBytes);
    expect(need.packedBytes).toBe(LAYERS * WEIGHT_BYTES);
    expect(need.totalBytes - need.packedBytes).toBeLessThan(2 ** 22);
    const wasm = new WasmMachine(1);
    const packed = layoutPlan(plan, { packs: wasm.packs.bind(wasm) });
    // WebAssembly packs into its memory, which ends at 4 GiB.
    expect(wasm.estimate(packed.calls, packed.arenaBytes).totalBytes).toBeGreaterThan(2 ** 32);
  });

  it.runIf(LONG)(
    "run from a file, mapped, with the right bits",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "assay-large-"));
      try {
        const data = openSync(join(folder, "weights.bin"), "w");
        ftruncateSync(data, LAYERS * WEIGHT_BYTES);
        for (const { layer, row, column, value } of PLACED) {
          const at = layer * WEIGHT_BYTES + 4 * (row * SIZE + column);
          writeSync(data, new Uint8Array(Float32Array.of(value).buffer), 0, 4, at);
        }
        closeSync(data);
        writeFileSync(join(folder, "model.onnx"), modelFile("weights.bin"));
        const model = loadModelFile(join(folder, "model.onnx"));
        const plan = planFor(model, new Map([["x", input]]));
        const session = await Session.open(plan, model.weights, new NativeMachine(2));
        session.setInputs([input]);
        session.runNodes(0, plan.nodes.length);
        plan.outputs.forEach((output, layer) => {
          const actual = session.bytes(output.value);
          expect(Buffer.compare(actual, new Uint8Array(expected(layer).buffer))).toBe(0);
        });
        await session.close();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    600_000,
  );
});
