import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { digestOf, WORTH_A_CACHE } from "../../src/cli/model-digest.js";
import { disk } from "../../src/files/disk.js";
import { loadModelWithFiles } from "../../src/files/load-model.js";
import { modelDigest } from "../../src/graph/digests.js";
import { nobleHasher } from "../../src/merkle/hash.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { toHex } from "../../src/receipt/hex.js";
import { modelBytes, node, value } from "../onnx/proto.js";
import { modelOf } from "../support/graphs.js";
import { counting } from "../support/tensors.js";
import { assay } from "./support.js";

/** Commitments of weights kept beside a model: when they are believed, and above all when not. */

const folder = mkdtempSync(join(tmpdir(), "assay-weights-cache-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let home: string;
let model: string;
let at = 0;

/** Every test has a folder and a home of its own; its files are old enough to be known again. */
beforeEach(() => {
  const own = join(folder, String(at++));
  mkdirSync(own);
  home = join(own, "home");
  model = join(own, "m.onnx");
  writeFileSync(model, onnx(1));
  vi.spyOn(Date, "now").mockImplementation(
    () => performance.timeOrigin + performance.now() + 60_000,
  );
});
afterEach(() => vi.restoreAllMocks());

function onnx(first: number, rows = 8): Uint8Array {
  const w = counting("f32", [rows, 8]);
  w.bytes[0] = first;
  const graph = modelOf({
    inputs: [{ name: "x", dims: [1, rows] }],
    outputs: ["y"],
    nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
    weights: { w },
  });
  return writeOnnx(graph, { opsets: new Map([["", 20]]), producer: "test" });
}

/** x times the 8 × 8 weights that lie in another file. */
function externalModel(location: string): Uint8Array {
  return modelBytes({
    name: "g",
    node: [node("MatMul", ["x", "w"], ["y"])],
    input: [value("x", [1, 8])],
    output: [value("y", [1, 8])],
    initializer: [
      {
        name: "w",
        dims: [8n, 8n],
        dataType: 1,
        dataLocation: 1,
        externalData: [{ key: "location", value: location }],
      },
    ],
  });
}

const cacheOf = (path: string): string => path.replace(/([^/]+)$/, ".$1.assay-weights");

function look(path = model, { noCache = false, env = { ASSAY_HOME: home }, to = disk } = {}) {
  const found = digestOf(loadModelWithFiles(path), { threads: 2, noCache }, { env, disk: to }, 0);
  // Whatever was read or not: it is always the digest of this very model.
  const truth = modelDigest(nobleHasher, found.model);
  expect(toHex(found.digest.model)).toBe(toHex(truth.model));
  expect(found.digest.weightCommitments).toEqual(truth.weightCommitments);
  return found.weightsHash;
}

describe("the weights of a model", () => {
  it("are hashed once, and known from then on", () => {
    expect([look(), look(), look()]).toEqual(["computed", "cached", "cached"]);
    expect(statSync(join(home, "cache-key")).mode & 0o777).toBe(0o600);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(statSync(cacheOf(model)).mode & 0o777).toBe(0o600);
  });

  it("are hashed where that is asked for, and nothing is written then", () => {
    expect(look(model, { noCache: true })).toBe("computed");
    expect(existsSync(cacheOf(model))).toBe(false);
    look();
    expect(look(model, { noCache: true })).toBe("computed");
    expect(look()).toBe("cached");
  });

  it("are hashed again after every change of the file", () => {
    const old = new Date(1e9);
    const changes: Record<string, () => void> = {
      "other bytes": () => writeFileSync(model, onnx(2)),
      "other bytes, dated back": () => {
        const { atime, mtime } = statSync(model);
        writeFileSync(model, onnx(3));
        utimesSync(model, atime, mtime);
      },
      "another length": () => writeFileSync(model, onnx(1, 9)),
      "another file of its name": () => {
        copyFileSync(model, `${model}.copy`);
        renameSync(`${model}.copy`, model);
      },
      "another date": () => utimesSync(model, old, old),
      "another name too": () => linkSync(model, `${model}.link`),
    };
    look();
    for (const [what, change] of Object.entries(changes)) {
      expect([what, look()]).toEqual([what, "cached"]);
      change();
      expect([what, look()]).toEqual([what, "computed"]);
    }
  });

  it("are not noted for a file that may still change without a trace", () => {
    vi.restoreAllMocks();
    expect([look(), look()]).toEqual(["computed", "computed"]);
    expect(readdirSync(join(model, ".."))).toEqual(["m.onnx"]);
  });

  it("are hashed again where a file of weights changes", () => {
    const bytes = new Uint8Array(8 * 8 * 4);
    writeFileSync(join(model, "../w.bin"), bytes);
    writeFileSync(model, externalModel("w.bin"));
    expect([look(), look()]).toEqual(["computed", "cached"]);
    writeFileSync(join(model, "../w.bin"), bytes.fill(1));
    expect([look(), look()]).toEqual(["computed", "cached"]);
  });
});

describe("a cache that this user did not make", () => {
  const forge = (at: number): void => {
    const bytes = new Uint8Array(readFileSync(cacheOf(model)));
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(cacheOf(model), bytes);
  };

  it("is not believed: any bit of it, its length, another key", () => {
    look();
    const honest = readFileSync(cacheOf(model));
    for (let i = 0; i < honest.length; i++) {
      writeFileSync(cacheOf(model), honest);
      forge(i);
      expect(look(model, { to: readOnly })).toBe("computed");
    }
    for (const length of [0, 1, honest.length - 1, honest.length - 32]) {
      writeFileSync(cacheOf(model), honest.subarray(0, length));
      expect(look(model, { to: readOnly })).toBe("computed");
    }
    writeFileSync(cacheOf(model), Buffer.concat([honest, honest]));
    expect(look(model, { to: readOnly })).toBe("computed");
    writeFileSync(cacheOf(model), honest);
    expect(look()).toBe("cached");
    writeFileSync(join(home, "cache-key"), new Uint8Array(32).fill(1));
    expect(look()).toBe("computed");
  });

  it("nor one of another model of the same shape, nor under a key that others can read", () => {
    const other = join(model, "../other.onnx");
    writeFileSync(other, onnx(9));
    look(other);
    copyFileSync(cacheOf(other), cacheOf(model));
    expect(look()).toBe("computed");
    expect(look()).toBe("cached");
    chmodSync(join(home, "cache-key"), 0o644);
    expect(look()).toBe("computed");
  });

  it("nor is anything waited for, followed or overwritten in its place", () => {
    const victim = join(model, "../victim");
    look();
    renameSync(cacheOf(model), victim);
    symlinkSync(victim, cacheOf(model));
    const before = readFileSync(victim);
    expect(look()).toBe("computed");
    expect(readFileSync(victim)).toEqual(before);
    expect(look()).toBe("cached");
    rmSync(cacheOf(model));
    mkdirSync(cacheOf(model));
    expect([look(), look()]).toEqual(["computed", "computed"]);
    expect(readdirSync(join(model, "..")).filter((n) => n.endsWith(".tmp"))).toEqual([]);
  });
});

const refuse = (): never => {
  throw Object.assign(new Error("read-only"), { code: "EROFS" });
};
const readOnly = { ...disk, write: refuse, rename: refuse, link: refuse, makeFolder: refuse };

describe("where nothing can be written", () => {
  it("weights are hashed every time, without a word", () => {
    expect([look(model, { to: readOnly }), look(model, { to: readOnly })]).toEqual([
      "computed",
      "computed",
    ]);
    expect(look(model, { env: { ASSAY_HOME: join(model, "no-folder") } })).toBe("computed");
  });

  it("a rename that fails leaves nothing behind", () => {
    expect(look(model, { to: { ...disk, rename: refuse } })).toBe("computed");
    expect(readdirSync(join(model, "..")).sort()).toEqual(["home", "m.onnx"]);
  });
});

it("writers at once leave one whole cache", () => {
  // The second writes while the first has its bytes on disk and not yet in place.
  const to = {
    ...disk,
    rename(from: string, into: string) {
      expect(
        digestOf(
          loadModelWithFiles(model),
          { threads: 1, noCache: false },
          { env: { ASSAY_HOME: home }, disk },
          0,
        ).weightsHash,
      ).toBe("computed");
      disk.rename(from, into);
    },
  };
  expect(look(model, { to })).toBe("computed");
  expect(look()).toBe("cached");
  expect(readdirSync(join(model, "..")).filter((n) => n.endsWith(".tmp"))).toEqual([]);
});

it("the command line says whether weights were hashed", async () => {
  const rows = WORTH_A_CACHE / 32;
  writeFileSync(model, onnx(1, rows));
  const env = { ASSAY_HOME: home };
  const inspect = async (...more: string[]) =>
    (await assay(["inspect", model, "--json", ...more], { env })).json.weightsHash;
  expect([await inspect(), await inspect(), await inspect("--no-cache")]).toEqual([
    "computed",
    "cached",
    "computed",
  ]);
  const x = join(model, "../x.json");
  writeFileSync(x, JSON.stringify({ dtype: "f32", dims: [1, rows], data: Array(rows).fill(0) }));
  const run = join(model, "../run");
  const ran = await assay(["run", model, "-i", `x=${x}`, "-o", run], { env });
  expect(ran.stderr).toBe("");
  expect(ran.stdout).toContain("weights known from before");
  const verify = async (...more: string[]) =>
    (await assay(["verify-run", run, "-m", model, ...more], { env })).stdout;
  expect(await verify()).toContain("--no-cache hashes them anew");
  expect(await verify("--no-cache")).not.toContain("--no-cache");
});
