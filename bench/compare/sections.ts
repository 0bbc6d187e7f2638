import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { invertedModel, MOBILENET_V2 } from "../../fixtures/builders/mobilenet.js";
import { ModelBuilder } from "../../fixtures/builders/model-builder.js";
import { quantisedTransformerModel } from "../../fixtures/builders/quantised.js";
import { TRANSFORMER_OPSET, transformerModel } from "../../fixtures/builders/transformer.js";
import type { Model } from "../../src/graph/types.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { matmulWorkload } from "../models.js";
import { drawFast } from "../values.js";

/** A small piece of work that both revisions do, as the subject's process takes it. */
export type Section =
  | RunSection
  | { readonly kind: "hashing"; readonly dims: readonly number[] }
  | { readonly kind: "command" | "process"; readonly args: readonly string[] };

interface RunSection {
  readonly kind: "run";
  readonly model: string;
  readonly dims: readonly number[];
  /** The fastest where left out, which is native code where it is built. */
  readonly backend?: "native" | "wasm";
  /** 1 where left out. */
  readonly threads?: number;
}

const FIXTURES = resolve(import.meta.dirname, "../../fixtures");
const DIGITS = join(FIXTURES, "digits/model.onnx");
const HONEST = join(FIXTURES, "runs/honest");
const WRONG = join(FIXTURES, "runs/wrong-convolution");

const SHAPES = [
  [1, 768, 3072],
  [8, 768, 768],
  [128, 768, 768],
  [512, 512, 512],
] as const;

type MakeSection = (folder: string) => Section;

/** A model in three ways: whatever is fastest, WebAssembly, and two threads. */
function inThreeWays(
  name: string,
  make: (folder: string) => RunSection,
): Record<string, MakeSection> {
  return {
    [name]: make,
    [`${name}-wasm`]: (folder) => ({ ...make(folder), backend: "wasm" }),
    [`${name}-2T`]: (folder) => ({ ...make(folder), threads: 2 }),
  };
}

/** By name; models are written into a folder, so that both revisions read the same file. */
export const SECTIONS: Readonly<Record<string, MakeSection>> = {
  ...Object.fromEntries(
    SHAPES.map(([m, k, n]): [string, MakeSection] => {
      const make: MakeSection = (folder) => {
        const file = join(folder, `matmul-${m}x${k}x${n}.onnx`);
        writeFileSync(file, matmulWorkload(m, k, n).bytes);
        return { kind: "run", model: file, dims: [m, k] };
      };
      return [`matmul-${m}x${k}x${n}`, make];
    }),
  ),
  ...inThreeWays("squeezenet", (folder) => ({
    kind: "run",
    model: written(folder, "squeezenet", squeezenetShaped),
    dims: [1, 3, 64, 64],
  })),
  ...inThreeWays("stack", (folder) => {
    const [d, sequence] = [768, 128];
    const make = () =>
      transformerModel({ layers: 2, d, heads: 12, sequence }, 1, undefined, drawFast);
    return { kind: "run", model: written(folder, "stack", make), dims: [1, sequence, d] };
  }),
  mobilenet: (folder) => {
    const make = () => invertedModel({ ...MOBILENET_V2, size: 96 }, 1, drawFast);
    return { kind: "run", model: written(folder, "mobilenet", make), dims: [1, 3, 96, 96] };
  },
  int8: (folder) => {
    const [d, sequence] = [768, 128];
    const make = () =>
      quantisedTransformerModel({ layers: 1, d, heads: 12, sequence }, 1, drawFast);
    return { kind: "run", model: written(folder, "int8", make), dims: [1, sequence, d] };
  },
  hashing: () => ({ kind: "hashing", dims: [512, 1024] }),
  dispute: () => ({
    kind: "command",
    args: ["verify-run", WRONG, "-m", DIGITS, "--against", HONEST],
  }),
  replay: () => ({ kind: "command", args: ["verify-run", HONEST, "-m", DIGITS] }),
  startup: () => ({ kind: "process", args: ["verify-run", join(HONEST, "receipt.json")] }),
};

function written(folder: string, name: string, make: () => Model): string {
  const file = join(folder, `${name}.onnx`);
  if (existsSync(file)) return file;
  const opsets = new Map([["", TRANSFORMER_OPSET]]);
  writeFileSync(file, writeOnnx(make(), { opsets, producer: "assay-bench" }));
  return file;
}

/** SqueezeNet's layers with fewer and smaller ones: squeezes, and 1×1 and 3×3 side by side. */
function squeezenetShaped(): Model {
  const b = new ModelBuilder("squeezenet-shaped", TRANSFORMER_OPSET, 1);
  const convolution = (path: string, x: string, c: Convolution): string => {
    const { from, to, kernel, stride = 1 } = c;
    const weight = b.weight(`${path}.weight`, [to, from, kernel, kernel], from * kernel ** 2);
    const pad = (kernel - 1) / 2;
    const bias = b.around(`${path}.bias`, [to], 0, 0.1);
    const y = b.add(path, "Conv", [x, weight, bias], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
    return b.add(path, "Relu", [y]);
  };
  const pool = (path: string, x: string): string =>
    b.add(path, "MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2] });
  const fire = (path: string, x: string, from: number, squeeze: number): string => {
    const s = convolution(`${path}/squeeze`, x, { from, to: squeeze, kernel: 1 });
    const [one, three] = [1, 3].map((kernel) =>
      convolution(`${path}/expand${kernel}`, s, { from: squeeze, to: 4 * squeeze, kernel }),
    ) as [string, string];
    return b.add(path, "Concat", [one, three], { axis: 1 });
  };
  let x = b.input("image", [1, 3, 64, 64]);
  x = convolution("/stem", x, { from: 3, to: 64, kernel: 3, stride: 2 });
  x = fire("/fire2", fire("/fire1", pool("/stem", x), 64, 16), 128, 16);
  x = fire("/fire4", fire("/fire3", pool("/fire2", x), 128, 32), 256, 32);
  x = convolution("/classifier", x, { from: 256, to: 100, kernel: 1 });
  x = b.add("/classifier", "GlobalAveragePool", [x]);
  b.addOutput("/classifier", "Softmax", [x], "y", { axis: 1 });
  return b.build([{ name: "y", dims: [1, 100, 1, 1] }]);
}

interface Convolution {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
}
