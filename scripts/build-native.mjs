// Builds the native backend: a Node-API addon in build/native.
//
//   node scripts/build-native.mjs              builds, and fails where it cannot
//   node scripts/build-native.mjs --optional   says in one line why there is none, and succeeds; leaves
//                                              a binary of these very sources as it is
//
// The compiler is called directly, not by node-gyp: that asks for Python and for all of Node's
// headers with their common.gypi, which it fetches; Node-API's own four headers are all that is
// needed here, and every instruction set has flags of its own. Nothing is downloaded.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = join(root, "operators/backends/native/source");
const output = join(root, "build/native");

/** No fast-math, no contraction: with either the bits would differ. */
const FLAGS = [
  "-std=c++17",
  "-O3",
  "-ffp-contract=off",
  "-fno-fast-math",
  "-fno-exceptions",
  "-fno-rtti",
  "-fvisibility=hidden",
  "-fPIC",
  "-Wall",
  "-Wextra",
];

/** What only one file may use: it is called after the processor was asked. */
const FLAGS_OF = {
  "level-avx512.cc": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"],
  "level-avx2.cc": ["-mavx2", "-mf16c"],
  "integer-vnni.cc": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni"],
  "integer-avx512.cc": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"],
  "integer-avx2.cc": ["-mavx2"],
  "sha256-ni.cc": ["-msha", "-mssse3", "-msse4.1"],
};

class CannotBuild extends Error {}

/**
 * H(this script ‖ name ‖ 00 ‖ text ‖ 00 ‖ …) over all sources by name. The loader computes the same
 * (operators/backends/native/load.ts) and refuses a binary that was built from anything else.
 */
function sourceDigest() {
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of readdirSync(sources).sort()) {
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(sources, name)))
      .update("\0");
  }
  return hash.digest("hex");
}

/** Where node_api.h is: the package that holds nothing else, or what came with this Node. */
function headers() {
  const candidates = [join(dirname(dirname(process.execPath)), "include/node")];
  try {
    const main = createRequire(import.meta.url).resolve("node-api-headers");
    candidates.unshift(join(dirname(main), "include"));
  } catch {}
  const found = candidates.find((folder) => existsSync(join(folder, "node_api.h")));
  if (!found) throw new CannotBuild("there are no Node-API headers (package node-api-headers)");
  return found;
}

function compiler() {
  const names = [process.env.CXX, "c++", "g++", "clang++"].filter(Boolean);
  const found = names.find((name) => spawnSync(name, ["--version"]).status === 0);
  if (!found) throw new CannotBuild("there is no C++ compiler (c++, g++ or clang++)");
  return found;
}

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (error) throw new CannotBuild(error.message);
  if (status !== 0) throw new CannotBuild(`${command} failed:\n${stderr}`);
  if (stderr) console.warn(stderr);
}

/** What the binary in place was built from, for this platform. */
function builtFrom() {
  const stamp = join(output, "built-from.txt");
  if (!existsSync(join(output, "assay.node")) || !existsSync(stamp)) return "";
  return readFileSync(stamp, "utf8");
}

const stampOf = (digest) => `${digest} ${process.platform} ${process.arch}\n`;

function build(optional) {
  if (optional && builtFrom() === stampOf(sourceDigest())) return;
  if (process.platform === "win32") throw new CannotBuild("it is not written for Windows");
  const cxx = compiler();
  const include = headers();
  const flags = [...FLAGS, `-I${include}`, "-DNAPI_VERSION=8"];
  const objects = join(output, "objects");
  mkdirSync(objects, { recursive: true });
  const digest = sourceDigest();
  const made = readdirSync(sources)
    .filter((name) => name.endsWith(".cc"))
    .map((name) => {
      const own = process.arch === "x64" ? (FLAGS_OF[name] ?? []) : [];
      const object = join(objects, `${name}.o`);
      const define = name === "addon.cc" ? [`-DASSAY_SOURCE_DIGEST="${digest}"`] : [];
      run(cxx, [...flags, ...own, ...define, "-c", join(sources, name), "-o", object]);
      return object;
    });
  const shared =
    process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
  // Renamed into place: a process that has the old file loaded keeps it.
  const fresh = join(output, `assay.${process.pid}.node`);
  run(cxx, [...shared, ...made, "-pthread", "-o", fresh]);
  renameSync(fresh, join(output, "assay.node"));
  writeFileSync(join(output, "built-from.txt"), stampOf(digest));
  rmSync(objects, { recursive: true });
  console.log(`native backend: built with ${cxx}`);
}

const optional = process.argv.includes("--optional");
try {
  build(optional);
} catch (error) {
  if (!(error instanceof CannotBuild)) throw error;
  const [reason] = optional ? error.message.split("\n") : [error.message];
  console.log(`native backend: not built, ${reason}`);
  if (!optional) process.exitCode = 1;
}
