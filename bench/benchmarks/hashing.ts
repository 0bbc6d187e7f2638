import { type Hasher, nobleHasher } from "../../src/merkle/hash.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { compare } from "../measure.js";
import type { Column, Report, Row } from "../report.js";
import type { Settings } from "../settings.js";
import { randomTensor } from "../values.js";

const SHAPES: readonly (readonly number[])[] = [
  [1024, 1024],
  [128, 768],
  [64, 111, 111],
  [1 << 20],
];

/** With the addon's batches, where it is built; node:crypto alone; neither. */
const HASHERS: readonly Hasher[] = [
  ...(nodeHasher.batch ? [{ ...nodeHasher, name: "native" }] : []),
  { ...nodeHasher, batch: undefined },
  nobleHasher,
];

const COLUMNS: readonly Column[] = [
  { key: "tensor", label: "f32 tensor" },
  { key: "bytes", label: "MB", digits: 2 },
  ...HASHERS.map(({ name }) => ({ key: name, label: `${name} MB/s`, digits: 0 })),
];

/** Commitments of tensors on one thread: tiles gathered, hashed, and folded into a root. */
export async function benchHashing(settings: Settings): Promise<Report> {
  const rows: Row[] = [];
  for (const dims of settings.scale === "tiny" ? [[32, 48]] : SHAPES) {
    settings.progress(`hashing [${dims}]`);
    const tensor = randomTensor(dims);
    const timings = await compare(
      HASHERS.map((h) => ({ name: h.name, run: () => void commitTensor(h, tensor) })),
      settings,
    );
    const bytes = tensor.bytes.length;
    rows.push({
      tensor: `[${dims}]`,
      bytes: bytes / 1e6,
      ...Object.fromEntries(timings.map((t) => [t.name, bytes / 1e3 / t.min])),
    });
  }
  return {
    name: "hashing",
    title: "Hashing",
    tables: [{ title: "commitTensor, one thread", columns: COLUMNS, rows }],
    targets: [],
    notes: [
      "tiles of at most 1 KiB, SHA-256; native batches where the addon is built and the processor has " +
        "SHA instructions, else node:crypto where there is Node, @noble/hashes elsewhere",
    ],
  };
}
