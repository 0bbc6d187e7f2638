import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseTensorFile } from "../../src/files/parse.js";
import { subgraphsOf } from "../../src/graph/subgraphs.js";
import type { GraphNode, Model } from "../../src/graph/types.js";
import { importOnnx } from "../../src/onnx/import.js";
import { dataFolder, describeWithData } from "../support/data.js";
import { anyOperator } from "./proto.js";

/** Published models and tensors; see README.md of the data folder for their origin. */
const DATA = dataFolder();

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

interface Case {
  readonly family: string;
  readonly name: string;
  readonly ops: Readonly<Record<string, number>>;
  readonly nin: number;
  readonly nout: number;
  readonly nsets: number;
}

const manifest = (): Case[] =>
  JSON.parse(readFileSync(join(DATA, "onnx", "manifest.json"), "utf8")) as Case[];

/** Imports with every operator known. */
function structure(path: string): Model {
  return importOnnx(new Uint8Array(readFileSync(path)), { definitions: anyOperator });
}

/** Nodes with those of their subgraphs. */
function allNodes(nodes: readonly GraphNode[]): GraphNode[] {
  return nodes.flatMap((node) => [
    node,
    ...subgraphsOf(node).flatMap(({ graph }) => allNodes(graph.nodes)),
  ]);
}

describeWithData("published files", ["onnx", "ort", "models"], () => {
  test("every model parses", () => {
    const paths = filesBelow(DATA, ".onnx");
    expect(paths).toHaveLength(968);
    for (const path of paths) {
      expect(structure(path).graph.nodes.length, path).toBeGreaterThan(0);
    }
  });

  test("conformance models have the operators that the manifest lists", () => {
    for (const { family, name, ops } of manifest()) {
      const { graph } = structure(join(DATA, "onnx", family, name, "model.onnx"));
      const counts: Record<string, number> = {};
      for (const { operator } of allNodes(graph.nodes)) {
        counts[operator] = (counts[operator] ?? 0) + 1;
      }
      expect(counts, name).toEqual(ops);
    }
  });

  test("mnist-8", () => {
    const model = structure(join(DATA, "models", "mnist-8", "mnist.onnx"));
    expect(model.graph.inputs).toEqual([{ name: "Input3", dtype: "f32", dims: [1, 1, 28, 28] }]);
    expect(model.graph.outputs.map((v) => v.name)).toEqual(["Plus214_Output_0"]);
    expect(model.graph.nodes.map((n) => n.operator)).toEqual([
      ..."Reshape Conv Add Relu MaxPool Conv Add Relu MaxPool Reshape MatMul Add".split(" "),
    ]);
    expect([...model.weights].map(([, t]) => t.dims.join("x"))).toMatchInlineSnapshot(`
      [
        "16x4x4x10",
        "16x8x5x5",
        "8x1x5x5",
        "8x1x1",
        "16x1x1",
        "2",
        "2",
        "1x10",
      ]
    `);
  });

  test("every tensor of a conformance case parses", () => {
    let count = 0;
    for (const { family, name, nin, nout, nsets } of manifest()) {
      const paths = filesBelow(join(DATA, "onnx", family, name), ".pb");
      expect(paths, name).toHaveLength((nin + nout) * nsets);
      for (const path of paths) parseTensorFile(path, new Uint8Array(readFileSync(path)));
      count += paths.length;
    }
    expect(count).toBe(2865);
  });

  test("every other tensor parses", () => {
    const folders = ["onnx/light", "ort", "models"].map((f) => join(DATA, f));
    const paths = folders.flatMap((folder) => filesBelow(folder, ".pb"));
    for (const path of paths) parseTensorFile(path, new Uint8Array(readFileSync(path)));
    expect(paths).toHaveLength(9 + 452);
  });
});
