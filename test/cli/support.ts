import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll } from "vitest";
import { f32Tensor, type Tensor } from "../../operators/index.js";
import { cli } from "../../src/cli/cli.js";
import type { Io } from "../../src/cli/command.js";
import { writeNpy } from "../../src/files/npy.js";
import type { GraphNode, Model } from "../../src/graph/types.js";
import { writeOnnx } from "../../src/onnx/write.js";

/** The program in this process: what it printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The one object on stdout. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any fact
  readonly json: any;
}

export async function assay(args: readonly string[], io: Partial<Io> = {}): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await cli(args, {
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    ...io,
  });
  const stdout = out.join("");
  return {
    code,
    stdout,
    stderr: err.join(""),
    get json() {
      return JSON.parse(stdout);
    },
  };
}

/** A folder of its own for a test file, removed at the end. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "assay-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Values that no rounding makes equal by accident. */
export function noise(count: number, seed: number): number[] {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export const matrix = (dims: readonly number[], seed: number): Tensor =>
  f32Tensor(
    dims,
    noise(
      dims.reduce((n, d) => n * d, 1),
      seed,
    ),
  );

function node(operator: string, version: number, inputs: string[], output: string): GraphNode {
  const name = `/${output}/${operator}`;
  return { name, domain: "", operator, version, attributes: new Map(), inputs, outputs: [output] };
}

/** Three layers of multiplication, bias and rectifier, then a softmax; its inputs are x and bias. */
export function smallModel(names: (name: string) => string = (name) => name): Model {
  const layer = (i: number, from: string): GraphNode[] => [
    node("MatMul", 13, [from, `w${i}`], `m${i}`),
    node("Add", 14, [`m${i}`, i === 1 ? "bias" : "b"], `a${i}`),
    node("Relu", 14, [`a${i}`], `r${i}`),
  ];
  const nodes = [
    ...layer(1, "x"),
    ...layer(2, "r1"),
    ...layer(3, "r2"),
    node("Softmax", 13, ["r3"], "probabilities"),
  ];
  return {
    graph: {
      name: "small",
      inputs: [
        { name: "x", dtype: "f32", dims: ["batch", 16] },
        { name: "bias", dtype: "f32", dims: [16] },
      ],
      outputs: [
        { name: "probabilities", dtype: "f32", dims: ["batch", 16] },
        { name: "r1", dtype: "f32", dims: ["batch", 16] },
      ],
      nodes: nodes.map((n) => ({ ...n, name: names(n.name) })),
    },
    weights: new Map([
      ["w1", matrix([16, 16], 1)],
      ["w2", matrix([16, 16], 2)],
      ["w3", matrix([16, 16], 3)],
      ["b", matrix([16], 4)],
    ]),
  };
}

export function onnxOf(model: Model): Uint8Array {
  return writeOnnx(model, { opsets: new Map([["", 17]]), producer: "test" });
}

export interface World {
  readonly folder: string;
  readonly model: string;
  /** `--input` options for it. */
  readonly inputs: readonly string[];
  readonly env: { readonly ASSAY_HOME: string };
  path(...names: string[]): string;
  /** `run` into a folder of this name, in the interpreter; fails the test where it fails. */
  run(name: string, ...args: string[]): Promise<Ran>;
  /** `verify-run` of a path in the folder, in the interpreter. */
  verify(name: string, ...args: string[]): Promise<Ran>;
}

/** The small model and its inputs as files. */
export function smallWorld(): World {
  const folder = workFolder();
  const path = (...names: string[]): string => join(folder, ...names);
  writeFileSync(path("small.onnx"), onnxOf(smallModel()));
  writeFileSync(path("x.npy"), writeNpy(matrix([4, 16], 5)));
  writeFileSync(path("other-x.npy"), writeNpy(matrix([4, 16], 7)));
  writeFileSync(path("bias.npy"), writeNpy(matrix([16], 6)));
  const env = { ASSAY_HOME: path("home") };
  const model = path("small.onnx");
  const inputs = ["-i", `x=${path("x.npy")}`, "-i", `bias=${path("bias.npy")}`];
  const run = async (name: string, ...args: string[]): Promise<Ran> => {
    const all = ["run", model, ...inputs, "-o", path(name), "--backend", "interpreter", ...args];
    const ran = await assay(all, { env });
    if (ran.code !== 0) throw new Error(`run failed: ${ran.stdout}${ran.stderr}`);
    return ran;
  };
  const verify = (name: string, ...args: string[]): Promise<Ran> =>
    assay(["verify-run", path(name), "--backend", "interpreter", "--json", ...args], { env });
  return { folder, model, inputs, env, path, run, verify };
}

/** Every file below a folder, by relative path. */
export function filesBelow(folder: string): Map<string, Uint8Array> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((e) => e.isFile())
      .map((e): [string, Uint8Array] => {
        const file = join(e.parentPath, e.name);
        return [relative(folder, file), readFileSync(file)];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

export function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, bytes] of files) {
    const file = join(folder, name);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, bytes);
  }
}

/** Names in a folder, hidden ones included: what is left after a failure. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder).sort();
}
