import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileRanges, openRanges } from "../../src/files/ranges.js";
import { readSafetensors } from "../../src/llm/safetensors.js";
import { nativeHere } from "../backends/native-here.js";

const MIB = 2 ** 20;
const FAR = 5 * 2 ** 30;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "assay-ranges-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A sparse file with some bytes at an offset. */
function sparse(name: string, length: number, at: number, bytes: Uint8Array): string {
  const path = join(folder, name);
  const fd = openSync(path, "w");
  ftruncateSync(fd, length);
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
  return path;
}

const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + 7) & 255);

describe("ranges of files", () => {
  it("are the file's bytes, read or mapped, at any offset and beyond 4 GiB", () => {
    const bytes = pattern(3 * MIB + 5);
    for (const at of [0, 1, 4095, 4096, FAR + 123]) {
      const path = sparse("far.bin", at + bytes.length + 10, at, bytes);
      const file = openRanges(path);
      for (const [begin, end] of [
        [0, bytes.length],
        [1, 4097],
        [4096, 2 * MIB + 4096],
        [3, 3 * MIB],
        [7, 7],
      ] as const) {
        const range = file.range(at + begin, at + end);
        expect(Buffer.compare(range, bytes.subarray(begin, end))).toBe(0);
      }
      file.close();
    }
  });

  it("outlive the descriptor, and writing to them changes no file", () => {
    const path = join(folder, "own.bin");
    writeFileSync(path, pattern(2 * MIB));
    const file = openRanges(path);
    const range = file.range(0, 2 * MIB);
    file.close();
    range.fill(9);
    expect(range[MIB]).toBe(9);
    expect(Buffer.compare(readFileSync(path), pattern(2 * MIB))).toBe(0);
  });

  it("may not ask for what is not there, nor for more than memory", () => {
    const path = join(folder, "short.bin");
    writeFileSync(path, pattern(100));
    const file = openRanges(path);
    for (const [begin, end] of [
      [0, 101],
      [-1, 10],
      [50, 40],
      [101, 101],
    ] as const) {
      expect(() => file.range(begin, end)).toThrow(/has no bytes/);
    }
    const fd = openSync(path, "r");
    expect(() => new FileRanges(150).read(fd, 0, 2 ** 43, "w")).toThrow(/does not fit into memory/);
    const limited = new FileRanges(150);
    expect(limited.read(fd, 0, 100, "w")).toHaveLength(100);
    expect(() => limited.read(fd, 0, 51, "w")).toThrow(/does not fit into memory/);
    closeSync(fd);
    file.close();
    mkdirSync(join(folder, "sub"));
    expect(() => openRanges(join(folder, "sub"))).toThrow(/cannot read/);
    expect(() => openRanges(join(folder, "none"))).toThrow(/cannot read/);
  });

  it("carry a file of safetensors that no array would hold", () => {
    const floats = new Float32Array(MIB / 2).map((_, i) => i);
    const last = new Uint8Array(floats.buffer);
    const header = new TextEncoder().encode(
      JSON.stringify({
        far: { dtype: "F32", shape: [floats.length], data_offsets: [0, last.length] },
      }),
    );
    const start = new Uint8Array(8 + header.length);
    new DataView(start.buffer).setBigUint64(0, BigInt(header.length), true);
    start.set(header, 8);
    const path = sparse("a.safetensors", start.length + last.length, start.length, last);
    writeFileSync(path, start, { flag: "r+" });
    const file = openRanges(path);
    const tensor = readSafetensors(file).get("far");
    expect(tensor?.dims).toEqual([floats.length]);
    expect(Buffer.compare(tensor?.bytes as Uint8Array, last)).toBe(0);
    file.close();
  });
});

describe("the addon's mappings", () => {
  const addon = nativeHere();
  it.skipIf(!addon)("refuse what is no range of a regular file", () => {
    const map = addon?.mapFile as NonNullable<typeof addon>["mapFile"];
    const path = join(folder, "mapped.bin");
    writeFileSync(path, pattern(5000));
    const fd = openSync(path, "r");
    for (const [offset, length] of [
      [0, 5001],
      [5001, 1],
      [4999, 2],
      [0, 0],
      [-1, 2],
      [0, -1],
      [2 ** 52, 2],
      [1, 2 ** 52],
      [Number.NaN, 1],
      [0, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(() => map(fd, offset, length), `${offset} ${length}`).toThrow();
    }
    expect(map(fd, 4999, 1)[0]).toBe((4999 * 31 + 7) & 255);
    closeSync(fd);
    const directory = openSync(folder, "r");
    for (const bad of [directory, -1, 2 ** 31, 2 ** 40]) expect(() => map(bad, 0, 1)).toThrow();
    expect(() => map(fd, "0" as unknown as number, 1)).toThrow();
    closeSync(directory);
  });
});
