import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AssayError } from "../../operators/index.js";
import { disk } from "../../src/files/disk.js";
import { BLOCK, costOf } from "../../src/ledger/blob-index.js";
import { BlobStore } from "../../src/ledger/blobs.js";

const QUOTA = 10 * BLOCK;
const LIMIT = 5 * BLOCK;

let home = "";
let folder = "";
let store: BlobStore;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "assay-blobs-"));
});

beforeEach(async () => {
  folder = mkdtempSync(join(home, "store-"));
  store = await BlobStore.open(folder, { quota: QUOTA });
});

afterAll(() => rmSync(home, { recursive: true }));

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const filled = (size: number, value = 1): Uint8Array => new Uint8Array(size).fill(value);

function put(bytes: Uint8Array, owner = "ann", limit = LIMIT): Promise<boolean> {
  return store.put({ owner, hash: hashOf(bytes), limit }, [bytes]);
}

async function refused(work: Promise<unknown>): Promise<AssayError> {
  const error = await work.then(() => undefined).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(AssayError);
  return error as AssayError;
}

/** Every file below the store. */
function filesIn(): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

describe("a blob", () => {
  test.each([0, 1, BLOCK, BLOCK + 1, LIMIT])(
    "of %i bytes comes back, in chunks of any size",
    async (size) => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7);
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for (let at = 0, n = 1; at < size; at += n, n = (n * 3) % 1021)
          yield bytes.subarray(at, at + n);
      }
      const hash = hashOf(bytes);
      expect(store.has(hash)).toBe(false);
      expect(await store.put({ owner: "ann", hash, limit: LIMIT }, chunks())).toBe(true);
      expect(store.has(hash)).toBe(true);
      expect(store.entry(hash)).toEqual({ owner: "ann", size });
      expect(store.read(hash, size)).toEqual(bytes);
      const streamed: Uint8Array[] = [];
      for await (const chunk of store.stream(hash)) streamed.push(chunk);
      expect(hashOf(Buffer.concat(streamed))).toBe(hash);
      expect(store.usedBy("ann")).toBe(costOf(size));
      expect(filesIn()).toEqual([hash]);
    },
  );

  test("is stored once, whoever brings it again, and charged once", async () => {
    const bytes = filled(100);
    expect(await put(bytes)).toBe(true);
    expect(await put(bytes)).toBe(false);
    expect(await put(bytes, "bob")).toBe(false);
    expect([store.usedBy("ann"), store.usedBy("bob")]).toEqual([BLOCK, 0]);
    const both = [put(filled(9), "bob"), put(filled(9), "cleo"), put(filled(9), "bob")];
    expect((await Promise.all(both)).filter(Boolean)).toHaveLength(1);
    expect(store.usedBy("bob") + store.usedBy("cleo")).toBe(BLOCK);
    expect(filesIn()).toHaveLength(2);
  });

  test("is removed with its charge", async () => {
    const bytes = filled(BLOCK + 1);
    await put(bytes);
    expect(store.remove(hashOf(bytes))).toBe(true);
    expect(store.remove(hashOf(bytes))).toBe(false);
    expect([store.usedBy("ann"), filesIn()]).toEqual([0, []]);
    expect(() => store.read(hashOf(bytes), LIMIT)).toThrow("there is no blob");
    expect(() => store.stream(hashOf(bytes))).toThrow("there is no blob");
  });

  test("larger than a reader takes, or changed on disk, is not given", async () => {
    const bytes = filled(50);
    const hash = hashOf(bytes);
    await put(bytes);
    expect(() => store.read(hash, 49)).toThrow(
      "a blob has 50 bytes, more than the 49 that are taken",
    );
    for (const changed of [filled(50, 2), filled(49), filled(51)]) {
      writeFileSync(join(folder, "ann", hash), changed);
      expect(() => store.read(hash, LIMIT)).toThrow("have another hash");
    }
  });
});

describe("refused, with nothing left and nothing charged", () => {
  /** What must hold after every refusal. */
  function expectNothing(): void {
    expect([filesIn(), store.usedBy("ann")]).toEqual([[], 0]);
  }

  test("bytes with another hash", async () => {
    const hash = hashOf(filled(3));
    const error = await refused(store.put({ owner: "ann", hash, limit: 9 }, [filled(4)]));
    expect([error.code, error.facts]).toEqual([
      "blob/mismatch",
      { expected: hash, actual: hashOf(filled(4)), bytes: 4 },
    ]);
    expectNothing();
  });

  test("a stream above the limit: it is left there, and not read on", async () => {
    let asked = 0;
    let ended = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          asked++;
          yield filled(1000);
        }
      } finally {
        ended = true;
      }
    }
    const error = await refused(
      store.put({ owner: "ann", hash: "0".repeat(64), limit: 3500 }, endless()),
    );
    expect([error.code, asked, ended]).toEqual(["blob/too-large", 4, true]);
    expectNothing();
  });

  test("a stream that fails", async () => {
    function* broken(): Generator<Uint8Array> {
      yield filled(10);
      throw new Error("the connection ended");
    }
    const request = { owner: "ann", hash: "0".repeat(64), limit: 100 };
    await expect(store.put(request, broken())).rejects.toThrow("the connection ended");
    expectNothing();
  });

  test("names that are no hash or no owner", async () => {
    const hash = hashOf(filled(1));
    for (const owner of ["", "..", "a/b", "Ann", "a".repeat(65), "ä"]) {
      await expect(store.put({ owner, hash, limit: 9 }, [filled(1)])).rejects.toThrow(RangeError);
    }
    for (const bad of ["", "../x", hash.toUpperCase(), `0x${hash}`, hash.slice(1), `${hash}\n`]) {
      await expect(store.put({ owner: "ann", hash: bad, limit: 9 }, [filled(1)])).rejects.toThrow(
        RangeError,
      );
      expect(store.has(bad)).toBe(false);
      expect(() => store.read(bad, 9)).toThrow("there is no blob");
    }
    expectNothing();
  });

  test("a name that cannot be given", async () => {
    const fails = {
      ...disk,
      rename: () => {
        throw Object.assign(new Error("x"), { code: "ENOSPC" });
      },
    };
    store = await BlobStore.open(folder, { quota: QUOTA }, fails);
    const error = await refused(put(filled(5)));
    expect(error.code).toBe("file/write");
    expect(error.message).toContain("the disk is full");
    expectNothing();
  });
});

describe("a quota", () => {
  test("holds for each owner by itself, in whole blocks", async () => {
    for (let i = 0; i < 10; i++) await put(filled(1, i));
    expect(store.usedBy("ann")).toBe(QUOTA);
    const error = await refused(put(filled(1, 99)));
    expect([error.code, error.facts]).toEqual([
      "ledger/quota",
      { owner: "ann", used: QUOTA, quota: QUOTA, wanted: BLOCK },
    ]);
    expect(await put(filled(1, 99), "bob")).toBe(true);
    store.remove(hashOf(filled(1, 3)));
    expect(await put(filled(1, 98))).toBe(true);
  });

  test("counts what is coming in at the same time", async () => {
    const all = Array.from({ length: 4 }, (_, i) => put(filled(4 * BLOCK, i)));
    const done = await Promise.allSettled(all);
    const stored = done.filter((d) => d.status === "fulfilled").length;
    const reasons = done.flatMap((d) => (d.status === "rejected" ? [d.reason.code] : []));
    expect(new Set(reasons)).toEqual(new Set(["ledger/quota"]));
    expect(stored).toBeLessThanOrEqual(2);
    expect(store.usedBy("ann")).toBe(stored * 4 * BLOCK);
    expect(filesIn()).toHaveLength(stored);
  });
});

describe("opened again", () => {
  test("it has what it had; what was begun is removed, what is not its own stays", async () => {
    await put(filled(BLOCK + 1));
    await put(filled(7), "bob");
    mkdirSync(join(folder, "not an owner"));
    writeFileSync(join(folder, "ann", ".assay-00ff.tmp"), "begun");
    writeFileSync(join(folder, "ann", "notes.txt"), "somebody's");
    const again = await BlobStore.open(folder, { quota: 1 });
    expect([again.usedBy("ann"), again.usedBy("bob")]).toEqual([2 * BLOCK, BLOCK]);
    expect(again.read(hashOf(filled(7)), 7)).toEqual(filled(7));
    expect(existsSync(join(folder, "ann", ".assay-00ff.tmp"))).toBe(false);
    expect(readFileSync(join(folder, "ann", "notes.txt"), "utf8")).toBe("somebody's");
    const request = { owner: "bob", hash: hashOf(filled(1)), limit: 9 };
    expect((await refused(again.put(request, [filled(1)]))).code).toBe("ledger/quota");
  });
});
