import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bind } from "../../src/graph/bind.js";
import { bindingDigest, modelDigest, planDigest } from "../../src/graph/digests.js";
import { absentWeights, modelDigestOfSkeleton } from "../../src/graph/skeleton-digest.js";
import type { Model, Skeleton } from "../../src/graph/types.js";
import { isWhole } from "../../src/graph/values.js";
import { readConfig } from "../../src/llm/config.js";
import { llamaModel } from "../../src/llm/llama.js";
import { readSafetensors } from "../../src/llm/safetensors.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { importOnnx } from "../../src/onnx/import.js";
import { importSkeleton, skeletonOf } from "../../src/onnx/skeleton.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { dataFolder, dataPath, describeWithData } from "../support/data.js";

const read = (path: string): Uint8Array => new Uint8Array(readFileSync(dataPath(path)));

/** Model digest from the skeleton, given what it lacks. */
function digestOf(skeleton: Skeleton, model: Model) {
  const whole = modelDigest(hasher, model);
  const lacking = [...skeleton.weights.values()].flatMap((w, i) =>
    isWhole(w) ? [] : [whole.weightCommitments[i] as Uint8Array],
  );
  return { whole, digest: modelDigestOfSkeleton(hasher, skeleton, lacking) };
}

/** Bound with 1 for every dim that the file leaves open. */
function digestsOfPlan(model: Skeleton): readonly Uint8Array[] {
  const types = model.graph.inputs.map(({ name, dtype, dims }) => {
    const bound = (dims ?? []).map((d) => (typeof d === "number" ? d : 1));
    return [name, { dtype, dims: bound }] as const;
  });
  const plan = bind(model, { types: new Map(types) });
  return [planDigest(hasher, plan), bindingDigest(hasher, plan)];
}

describeWithData("skeletons of published files", ["onnx", "ort", "models"], () => {
  test("every model has one, with its digest, and with its plan where weights are absent", () => {
    const names = readdirSync(dataFolder(), { recursive: true, encoding: "utf8" });
    const paths = names.filter((name) => name.endsWith(".onnx")).sort();
    const dtypes = new Set<string>();
    let lacking = 0;
    for (const path of paths) {
      const file = read(path);
      const [model, bytes] = [importOnnx(file), skeletonOf(file)];
      const skeleton = importSkeleton(bytes);
      const { whole, digest } = digestOf(skeleton, model);
      expect(digest.model, path).toEqual(whole.model);
      const absent = absentWeights(skeleton);
      for (const name of absent) dtypes.add(skeleton.weights.get(name)?.dtype as string);
      if (absent.length === 0) continue;
      lacking++;
      expect(skeleton.graph, path).toEqual(model.graph);
      expect(digestsOfPlan(skeleton), path).toEqual(digestsOfPlan(model));
      expect(skeletonOf(bytes), path).toEqual(bytes);
    }
    expect([paths.length, lacking]).toEqual([968, 13]);
    expect([...dtypes].sort()).toEqual(["f16", "f32", "u8"]);
  });

  test.each(["models/stories260K", "models/stories260K-bf16"])("%s, written as ONNX", (folder) => {
    const config = readConfig(new TextDecoder().decode(read(`${folder}/config.json`)));
    const model = llamaModel(config, readSafetensors(read(`${folder}/model.safetensors`)));
    const file = writeOnnx(model, { opsets: new Map([["", 24]]), producer: "test" });
    const skeleton = importSkeleton(skeletonOf(file));
    const { whole, digest } = digestOf(skeleton, model);
    expect(digest).toEqual(whole);
    expect(digestsOfPlan(skeleton)).toEqual(digestsOfPlan(model));
    expect(skeletonOf(file).length).toBeLessThan(file.length / 20);
  });
});
