import { availableParallelism, cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { nativeAddon } from "../../../operators/backends/native/load.js";
import type { Tensor } from "../../../operators/basis.js";
import { BACKENDS, whyNot } from "../../execute/backend.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { commitTensor } from "../../merkle/tensor-tree.js";
import type { Io } from "../command.js";
import type { DoctorArguments } from "../commands/doctor.js";
import { EXIT } from "../errors.js";
import { field } from "../format.js";
import { jsonLine } from "../printable.js";
import { version } from "../version.js";

export async function doctor(args: DoctorArguments, io: Io): Promise<number> {
  const facts = doctorFacts();
  io.stdout.write(args.json ? jsonLine(facts) : describe(facts));
  return EXIT.ok;
}

function doctorFacts() {
  const native = nativeAddon();
  return {
    version: version(),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() || "unknown",
    cores: availableParallelism(),
    backends: BACKENDS.map((name) => {
      const reason = whyNot(name);
      return { name, works: reason === undefined, ...(reason === undefined ? {} : { reason }) };
    }),
    // The instruction sets that the processor has and the addon knows, the fastest first.
    levels: "addon" in native ? native.addon.levels.map(({ name }) => name) : [],
    hashing: {
      by: nodeHasher.batch ? "native batches with SHA instructions" : "node:crypto",
      megabytesPerSecond: hashingSpeed(),
    },
  };
}

/** MB/s of a tensor's commitment, the best of a few: the first ones warm up. */
function hashingSpeed(): number {
  const tensor: Tensor = { dtype: "f32", dims: [1024, 1024], bytes: new Uint8Array(1 << 22) };
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    commitTensor(nodeHasher, tensor);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return Math.round(tensor.bytes.length / 1e3 / fastest);
}

function describe(f: ReturnType<typeof doctorFacts>): string {
  const backends = f.backends.map(({ name, reason }, i) => {
    return field(i === 0 ? "backends" : "", `${name.padEnd(13)}${reason ?? "works"}`);
  });
  const lines = [
    field("assay", f.version),
    field("node", `${f.node}, ${f.system}`),
    field("processor", `${f.processor}, ${f.cores} cores`),
    ...backends,
    ...(f.levels.length > 0 ? [field("", `native code for ${f.levels.join(", ")}`)] : []),
    field("hashing", `${f.hashing.megabytesPerSecond} MB/s, ${f.hashing.by}`),
  ];
  return `${lines.join("\n")}\n`;
}
