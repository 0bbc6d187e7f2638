import { describe, expect, it } from "vitest";
import { browserImports } from "./machines/browser-imports.js";
import { MACHINES } from "./machines/index.js";
import { nodeMachine } from "./machines/node-machine.js";
import { checkIntegrity } from "./machines/packages.js";
import PINS from "./machines/packages.json" with { type: "json" };
import { start } from "./machines/process.js";
import { withRun } from "./record.js";

const quiet = { fetch: false, progress: () => {} };

describe("machines", () => {
  it("have different names", () => {
    const ids = MACHINES.map((m) => m.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(["node", "haswell", "s390x", "firefox"]));
  });

  it("are missing without their emulator, and say how to get it", async () => {
    const found = await nodeMachine({
      id: "vax",
      title: "VAX",
      emulator: {
        program: "qemu-vax-that-nobody-has",
        arguments: [],
        processor: "VAX",
        packages: "qemu-vax",
      },
    }).find(quiet);
    expect(found).toEqual({ kind: "missing", how: "on Debian: apt-get install qemu-vax" });
  });

  it("this Node is always there", async () => {
    const found = await MACHINES.find((m) => m.id === "node")?.find(quiet);
    expect(found?.kind).toBe("ready");
  });
});

describe("packages", () => {
  it("are pinned to an exact version and a SHA-512", () => {
    for (const [name, pin] of Object.entries(PINS)) {
      expect(name).toMatch(/^node-[a-z0-9-]+@\d+\.\d+\.\d+$/);
      expect(pin).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
    }
  });

  it("are refused where the tarball is another", () => {
    const name = Object.keys(PINS)[0] as keyof typeof PINS;
    expect(() => checkIntegrity(name, Uint8Array.of(1, 2, 3))).toThrow(`${name}: the tarball is`);
  });
});

describe("processes", () => {
  const node = (script: string, onLine: (line: string) => void = () => {}) =>
    start([process.execPath, "-e", script], new AbortController().signal, onLine).ended;

  it("hand over whole lines", async () => {
    const lines: string[] = [];
    await node('process.stdout.write("a\\nb"); setTimeout(() => console.log("c"), 20)', (l) =>
      lines.push(l),
    );
    expect(lines).toEqual(["a", "bc"]);
  });

  it("fail with what they wrote to stderr", async () => {
    await expect(node('console.error("too old"); process.exit(3)')).rejects.toThrow(
      /ended with 3\ntoo old/,
    );
  });

  it("end when they are told to", async () => {
    const abort = new AbortController();
    const { ended } = start([process.execPath, "-e", "setInterval(() => {}, 1e3)"], abort.signal);
    setTimeout(() => abort.abort(), 50);
    await expect(ended).rejects.toThrow("SIGKILL");
  });
});

describe("modules for browsers", () => {
  it("name packages and stand-ins by address, and leave relative imports", () => {
    const served = browserImports(
      [
        'import { Worker } from "node:worker_threads";',
        'import { sha256 } from "@noble/hashes/sha2.js";',
        "import {",
        "  create,",
        '} from "@bufbuild/protobuf";',
        'export * from "./dtype.js";',
        'const text = `import x from "y"`;',
      ].join("\n"),
    );
    expect(served.split("\n")).toEqual([
      'import { Worker } from "/stand_ins/worker-threads.js";',
      'import { sha256 } from "/node_modules/@noble/hashes/sha2.js";',
      "import {",
      "  create,",
      expect.stringMatching(
        /^\} from "\/node_modules\/@bufbuild\/protobuf\/dist\/esm\/index\.js";$/,
      ),
      'export * from "./dtype.js";',
      'const text = `import x from "y"`;',
    ]);
  });
});

describe("the recorded run", () => {
  it("replaces the one before and nothing else", () => {
    const page = "# Head\n\n<!-- run -->\n\nold\n<!-- /run -->\n\ntail\n";
    expect(withRun(page, "new")).toBe("# Head\n\n<!-- run -->\n\nnew\n<!-- /run -->\n\ntail\n");
    expect(() => withRun("# Head\n", "new")).toThrow("the page has no");
  });
});
