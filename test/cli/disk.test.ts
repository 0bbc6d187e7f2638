import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { createFile, type Disk, disk, readFile, writeFolderAtomic } from "../../src/files/disk.js";
import { assay, filesBelow, namesIn, type Ran, smallWorld, workFolder } from "./support.js";

const world = smallWorld();
const { path, model, inputs, env } = world;

beforeAll(async () => {
  await world.run("template");
});

/** A disk whose n-th change fails, half done where it writes. */
function failing(n: number, code: string): { disk: Disk; calls: () => number } {
  let calls = 0;
  const fail = (): never => {
    throw Object.assign(new Error(`${code}: injected`), { code });
  };
  const counted = <A extends unknown[]>(change: (...args: A) => void) => {
    return (...args: A): void => {
      if (calls++ === n) fail();
      change(...args);
    };
  };
  const broken: Disk = {
    makeFolder: counted(disk.makeFolder),
    rename: counted(disk.rename),
    link: counted(disk.link),
    remove: disk.remove,
    write(file, bytes, mode) {
      if (calls++ !== n) return disk.write(file, bytes, mode);
      disk.write(file, bytes.subarray(0, bytes.length >> 1), mode);
      fail();
    },
  };
  return { disk: broken, calls: () => calls };
}

const runInto = (folder: string, to: Disk, ...args: string[]): Promise<Ran> =>
  assay(["run", model, ...inputs, "-o", folder, "--backend", "interpreter", "--json", ...args], {
    env,
    disk: to,
  });

describe("a full disk while writing", () => {
  test("at any change: a typed error, and nothing is left behind", async () => {
    const target = path("deep", "er", "run");
    const { disk: counting, calls } = failing(-1, "");
    expect((await runInto(target, counting)).code).toBe(0);
    rmSync(path("deep"), { recursive: true });
    const before = namesIn(world.folder);
    expect(calls()).toBeGreaterThan(10);
    for (let n = 0; n < calls(); n++) {
      const { code, json, stderr } = await runInto(target, failing(n, "ENOSPC").disk);
      expect([code, stderr]).toEqual([2, ""]);
      expect(json.error).toMatchObject({
        code: "file/write",
        message: `cannot write ${target}: the disk is full`,
        facts: { errno: "ENOSPC" },
      });
      expect(namesIn(world.folder)).toEqual(before);
    }
  });

  test("while an earlier run is replaced: the earlier one is still there, whole", async () => {
    const target = path("replaced", "run");
    expect((await runInto(target, disk)).code).toBe(0);
    const earlier = filesBelow(target);
    const { disk: counting, calls } = failing(-1, "");
    expect((await runInto(target, counting, "--force", "--corrupt", "3")).code).toBe(0);
    const later = filesBelow(target);
    expect(later).not.toEqual(earlier);
    expect((await runInto(target, disk, "--force")).code).toBe(0);
    for (let n = 0; n < calls(); n++) {
      const { code } = await runInto(target, failing(n, "EIO").disk, "--force", "--corrupt", "3");
      expect(code).toBe(2);
      expect(filesBelow(target)).toEqual(earlier);
      expect(namesIn(path("replaced"))).toEqual(["run"]);
    }
  });

  test("while the key is made: no key, no folder, no run", async () => {
    const home = { ASSAY_HOME: path("home-2", "assay") };
    for (let n = 0; n < 4; n++) {
      const args = ["run", model, ...inputs, "-o", path("unsigned"), "--backend", "interpreter"];
      const { code, stderr } = await assay(args, { env: home, disk: failing(n, "ENOSPC").disk });
      expect([code, stderr.split("\n")[0]]).toEqual([
        2,
        `error [file/write]: cannot write ${path("home-2", "assay", "key")}: the disk is full`,
      ]);
      expect(existsSync(path("home-2"))).toBe(false);
      expect(existsSync(path("unsigned"))).toBe(false);
    }
  });
});

describe("a disk that is really full", () => {
  const main = resolve(import.meta.dirname, "../../dist/src/cli/main.js");
  const built = existsSync(main);

  test.skipIf(!built || process.platform === "win32")("by a limit on file sizes", () => {
    const args = ["run", model, ...inputs, "-o", path("limited"), "--backend", "interpreter"];
    // With the signal ignored a write beyond the limit fails with EFBIG, as it would with ENOSPC.
    const script = `trap '' XFSZ; ulimit -f 1; exec "$@"`;
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["-c", script, "bash", process.execPath, main, ...args],
      { encoding: "utf8", env: { ...process.env, ...env } },
    );
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("error [file/write]: cannot write");
    expect(stderr).toContain("the file would be too large");
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(namesIn(world.folder).filter((n) => n.includes("limited") || n.startsWith("."))).toEqual(
      [],
    );
  });

  test.skipIf(!built || !existsSync("/dev/full"))("behind stdout: not a success", () => {
    const out = spawnSync(
      "bash",
      ["-c", '"$@" > /dev/full', "bash", process.execPath, main, "verify-run", path("template")],
      {
        encoding: "utf8",
      },
    );
    expect(out.status).toBe(2);
    expect(out.stderr).toMatch(/^error: cannot write output: .*\n$/);
  });

  test.skipIf(!built || process.platform === "win32")(
    "a reader that goes away gets no stack",
    () => {
      const script = `"$@" | head -c 1 > /dev/null; echo "\${PIPESTATUS[0]}"`;
      const out = execFileSync(
        "bash",
        ["-c", script, "bash", process.execPath, main, "inspect", model],
        {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      expect(["0\n", "2\n"]).toContain(out);
    },
  );
});

describe("files", () => {
  const folder = workFolder();
  const at = (name: string): string => join(folder, name);

  test("reading is bounded, and only of regular files", () => {
    writeFileSync(at("ten"), "0123456789");
    expect(readFile(at("ten"), "it")).toHaveLength(10);
    expect(readFile(at("ten"), "it", 4)).toHaveLength(5);
    mkdirSync(at("folder"));
    const cases = [
      [at("folder"), "it: cannot read .*: it is a folder, not a file"],
      [at("none"), "it: cannot read .*: there is no such file or folder"],
      [at("ten/below"), "it: cannot read .*: a part of the path is not a folder"],
      ["/dev/zero", "it: cannot read /dev/zero: it is not a regular file"],
      [at("x".repeat(300)), "it: cannot read .*: the name is too long"],
      ["nul\0byte", "it: cannot read "],
    ] as const;
    for (const [name, message] of cases) {
      if (name === "/dev/zero" && !existsSync(name)) continue;
      expect(() => readFile(name, "it")).toThrow(new RegExp(`^${message}`));
      expect(() => readFile(name, "it")).toThrow(
        expect.objectContaining({ code: "file/not-found" }),
      );
    }
  });

  test("a file that is longer than memory is refused, not allocated", () => {
    writeFileSync(at("sparse"), "");
    truncateSync(at("sparse"), 2 ** 43);
    expect(() => readFile(at("sparse"), "it")).toThrow("it is too large for this machine");
    rmSync(at("sparse"));
  });

  test("of two makers of one file the first wins, and both see the same", () => {
    const make = (text: string) =>
      createFile(at("once"), new TextEncoder().encode(text), { mode: 0o600, folderMode: 0o700 });
    expect(make("first")).toBe(true);
    expect(make("second")).toBe(false);
    expect(readFileSync(at("once"), "utf8")).toBe("first");
    expect(namesIn(folder).filter((n) => n.startsWith("."))).toEqual([]);
  });

  test("a folder is not written through a file, or over one", () => {
    writeFileSync(at("file"), "mine");
    const files = new Map([["a/b.txt", new Uint8Array(3)]]);
    expect(() => writeFolderAtomic(at("file"), files, true)).toThrow("is not a folder");
    expect(() => writeFolderAtomic(at("file/run"), files, true)).toThrow(
      "a part of the path is not a folder",
    );
    expect(readFileSync(at("file"), "utf8")).toBe("mine");
    writeFolderAtomic(at("written"), files, false);
    expect([...filesBelow(at("written")).keys()]).toEqual(["a/b.txt"]);
  });
});
