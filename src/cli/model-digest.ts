import { performance } from "node:perf_hooks";
import { ByteWriter } from "../../operators/basis.js";
import { type LoadedModel, loadModelWithFiles } from "../files/load-model.js";
import { readWeightsCache, type WeightsCache, writeWeightsCache } from "../files/weights-cache.js";
import { type ModelDigest, modelDigest, modelDigestFrom } from "../graph/digests.js";
import type { Model } from "../graph/types.js";
import { nativeBatch } from "../merkle/native-batch.js";
import { nodeHasher } from "../merkle/node-hash.js";
import type { Io } from "./command.js";
import { homeFolder } from "./keys.js";
import { version } from "./version.js";

export interface DigestOptions {
  readonly threads: number;
  readonly noCache: boolean;
}

/** A model's digest, and whether its weights were hashed for it. */
export interface DigestedModel {
  readonly model: Model;
  readonly digest: ModelDigest;
  readonly weightsHash: "computed" | "cached";
  readonly weightsHashMs: number;
}

/** Below this many bytes of weights hashing costs less than a file: 4 ms. */
export const WORTH_A_CACHE = 8 << 20;

/** Loads a model and computes its digest, on all threads that are allowed or from the cache beside it. */
export function digestedModel(path: string, options: DigestOptions, io: Io): DigestedModel {
  return digestOf(loadModelWithFiles(path), options, io);
}

export function digestOf(
  { model, files }: LoadedModel,
  { threads, noCache }: DigestOptions,
  { env, disk }: Pick<Io, "env" | "disk">,
  least = WORTH_A_CACHE,
): DigestedModel {
  const started = performance.now();
  const { graph, weights } = model;
  const names = [...weights.keys()];
  const bytes = [...weights.values()].reduce((sum, t) => sum + t.bytes.length, 0);
  const cache: WeightsCache | undefined =
    noCache || bytes < least
      ? undefined
      : { files, about: aboutBytes(model), count: names.length, home: homeFolder(env) };
  const known = cache && readWeightsCache(cache);
  const done = (weightsHash: DigestedModel["weightsHash"], digest: ModelDigest): DigestedModel => {
    return { model, digest, weightsHash, weightsHashMs: performance.now() - started };
  };
  if (known) return done("cached", modelDigestFrom(nodeHasher, graph, known, names));
  const batch = nativeBatch(threads);
  const digest = modelDigest(batch ? { ...nodeHasher, batch } : nodeHasher, model);
  if (cache) writeWeightsCache(cache, digest.weightCommitments, { to: disk });
  return done("computed", digest);
}

/** What this version makes of the files: another may read weights in another order or type. */
function aboutBytes({ weights }: Model): Uint8Array {
  const w = new ByteWriter();
  w.text(version());
  w.u32(weights.size);
  for (const [name, { dtype, dims }] of weights) {
    w.text(name);
    w.text(dtype);
    w.integers(dims);
  }
  return w.bytes();
}
