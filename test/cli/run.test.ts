import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { describe, expect, test } from "vitest";
import { f32Tensor, f32Values } from "../../operators/index.js";
import { readNpy, writeNpy } from "../../src/files/npy.js";
import { receiptFromJson } from "../../src/receipt/json.js";
import { nativeHere } from "../backends/native-here.js";
import { assay, filesBelow, matrix, namesIn, onnxOf, smallModel, smallWorld } from "./support.js";

const world = smallWorld();
const { path, run, model, inputs, env } = world;
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe("run", () => {
  test("writes a receipt, the outputs, and what its executor needs", async () => {
    const { json } = await run("plain", "--json");
    const files = filesBelow(path("plain"));
    expect([...files.keys()]).toEqual([
      "executor/inputs.bin",
      "executor/kept.bin",
      "executor/trace.bin",
      "outputs/probabilities.npy",
      "outputs/r1.npy",
      "receipt.json",
      "run.json",
    ]);
    expect(readNpy(files.get("outputs/probabilities.npy") as Uint8Array).dims).toEqual([4, 16]);
    expect(receiptFromJson(files.get("receipt.json") as Uint8Array).receipt.segments).toBe(
      json.segments,
    );
    expect(json).toMatchObject({
      out: path("plain"),
      operators: 10,
      granularity: "layer",
      salted: false,
      backend: "interpreter",
      threads: 1,
      fallbacks: [],
      outputs: [
        { name: "probabilities", dtype: "f32", dims: [4, 16] },
        { name: "r1", dtype: "f32", dims: [4, 16] },
      ],
    });
    expect(json.memoryBytes).toBeGreaterThan(0);
    expect(json.drill).toBeUndefined();
  });

  test("says the same as text", async () => {
    const { stdout, stderr } = await run("as-text");
    const { json } = await run("as-json", "--json");
    expect(stderr).toBe("");
    for (const fact of [json.model, json.executor, "10 operators", "probabilities f32[4,16]"]) {
      expect(stdout).toContain(fact);
    }
    expect(stdout.split("\n").every((line) => line.length <= 100)).toBe(true);
  });

  test("is the same bits on every backend, granularity apart", async () => {
    const a = path("bits-i");
    await run("bits-i");
    const others = [
      ["wasm", "1"],
      ["wasm", "3"],
      ...(nativeHere() ? [["native", "2"] as const] : []),
    ] as const;
    for (const [backend, threads] of others) {
      const folder = path(`bits-${backend}-${threads}`);
      const args = [
        "run",
        model,
        ...inputs,
        "-o",
        folder,
        "--backend",
        backend,
        "--threads",
        threads,
      ];
      expect((await assay(args, { env })).stdout).toContain("no fallbacks");
      expect(filesBelow(folder)).toEqual(filesBelow(a));
    }
    const { json } = await run("bits-o", "--json", "--granularity", "operator");
    expect(json.segments).toBe(json.operators);
  });

  test("says what it needs before it starts, on a terminal or under --verbose", async () => {
    const { stderr } = await run("loud", "--verbose");
    expect(stderr).toMatch(/^needs [\d.]+ [KM]iB of memory \(.*weights, .*activations\)\n$/);
    const written: string[] = [];
    const terminal = { isTTY: true, write: (t: string) => written.push(t) };
    const args = ["run", model, ...inputs, "-o", path("tty"), "--backend", "interpreter"];
    await assay(args, { env, stderr: terminal });
    expect(written.join("")).toMatch(/^needs /);
  });

  test("refuses what does not fit, before anything is computed or written", async () => {
    const args = [
      "run",
      model,
      ...inputs,
      "-o",
      path("tight"),
      "--memory-limit",
      "0.001",
      "--json",
    ];
    const { code, json, stderr } = await assay(args, { env });
    expect([code, stderr]).toEqual([2, ""]);
    expect(json.error).toMatchObject({
      code: "model/too-large",
      facts: { limit: 0.001 * 2 ** 20 },
    });
    expect(existsSync(path("tight"))).toBe(false);
  });

  test("holds no path, no user name and no folder name", async () => {
    await run("secretive", "--corrupt", "3");
    const { username, homedir } = userInfo();
    const secrets = [world.folder, "small.onnx", "x.npy", homedir, process.cwd(), "secretive"];
    if (username.length > 3) secrets.push(username);
    for (const [name, bytes] of filesBelow(path("secretive"))) {
      for (const secret of secrets) {
        expect(Buffer.from(bytes).includes(secret), `${name} holds ${secret}`).toBe(false);
      }
    }
  });

  test("replaces an earlier run only when asked, and nothing else ever", async () => {
    await run("again");
    const before = filesBelow(path("again"));
    const args = ["run", model, ...inputs, "-o", path("again"), "--backend", "interpreter"];
    const refused = await assay([...args, "--corrupt", "0"], { env });
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain("--force replaces it");
    expect(filesBelow(path("again"))).toEqual(before);
    expect((await assay([...args, "--corrupt", "0", "--force"], { env })).code).toBe(0);
    expect(filesBelow(path("again"))).not.toEqual(before);
    // A run folder that somebody keeps other things in.
    writeFileSync(path("again", "notes.txt"), "mine");
    const precious = await assay([...args, "--force"], { env });
    expect(precious.stderr).toContain("holds more than a run");
    expect(existsSync(path("again", "notes.txt"))).toBe(true);
    expect(namesIn(world.folder).filter((n) => n.startsWith("."))).toEqual([]);
  });
});

describe("drills", () => {
  const fieldsOf = (name: string): string[] =>
    Object.keys(JSON.parse(text(filesBelow(path(name)).get("receipt.json"))));

  test("by index and by name, with and without an element", async () => {
    await run("honest");
    const byIndex = (await run("by-index", "--json", "--corrupt", "3")).json;
    const byName = (await run("by-name", "--json", "--corrupt", "/m2/MatMul")).json;
    expect(byIndex.drill).toEqual(byName.drill);
    expect(byIndex.drill).toMatchObject({ node: 3, operator: "/m2/MatMul", masked: false });
    expect(byIndex.receipt).toBe(byName.receipt);
    const element = (await run("element", "--json", "--corrupt", "/m2/MatMul:7")).json;
    expect(element.drill.element).toBe(7);
  });

  test("the receipt does not show it, the folder does", async () => {
    expect(fieldsOf("by-index")).toEqual(fieldsOf("honest"));
    const [honest, drill] = ["honest", "by-index"].map((n) => filesBelow(path(n)));
    expect(honest?.get("receipt.json")?.length).toBe(drill?.get("receipt.json")?.length);
    expect(text(drill?.get("run.json"))).toContain('"drill"');
    expect(text(honest?.get("run.json"))).not.toContain("drill");
    expect((await assay(["inspect", path("by-index")])).stdout).toContain(
      "of operator 3 falsified",
    );
  });

  test("that change nothing committed say so, and give the honest receipt", async () => {
    // The smallest of the sums that the rectifier turns into zero.
    const { json } = await run("o", "--json", "--granularity", "operator");
    expect(json.segments).toBe(10);
    const masked = [];
    for (let element = 0; element < 64; element += 5) {
      const { json: facts } = await run(`e${element}`, "--json", "--corrupt", `4:${element}`);
      if (facts.drill.masked) masked.push(element);
    }
    expect(masked.length).toBeGreaterThan(0);
    const name = `e${masked[0]}`;
    expect(filesBelow(path(name)).get("receipt.json")).toEqual(
      filesBelow(path("honest")).get("receipt.json"),
    );
    const { stdout } = await run("masked", "--corrupt", `4:${masked[0]}`);
    expect(stdout).toContain("masked: element");
    expect(
      (await world.verify("masked", "-m", model, "--against", path("honest"))).json.outcome,
    ).toBe("could-not-check");
  });

  test.each([
    ["10", 'there is no operator "10"', "give an index from 0 to 9 or a name"],
    ["/m2/MatMull", 'there is no operator "/m2/MatMull"', "did you mean /m2/MatMul?"],
    ["3:x", '"x" is not the number of an element', "3:0 is the first element"],
    ["3:64", "operator 3 has 64 output elements", ""],
    [":", 'there is no operator ""', "give an index"],
  ])("--corrupt %s is refused", async (spec, message, hint) => {
    const args = ["run", model, ...inputs, "-o", path("nope"), "--corrupt", spec];
    const { code, stderr } = await assay([...args, "--backend", "interpreter"], { env });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(existsSync(path("nope"))).toBe(false);
  });
});

describe("--expect", () => {
  const values = async (): Promise<number[]> => {
    if (!existsSync(path("expected"))) await run("expected");
    const bytes = filesBelow(path("expected")).get("outputs/probabilities.npy") as Uint8Array;
    return [...f32Values(readNpy(bytes))];
  };
  const compare = async (name: string, changed: readonly number[], ...args: string[]) => {
    writeFileSync(path(`${name}.npy`), writeNpy(f32Tensor([4, 16], changed)));
    const expect = ["--expect", `probabilities=${path(`${name}.npy`)}`];
    const all = ["run", model, ...inputs, "-o", path(`cmp-${name}`), "--json", ...expect, ...args];
    return assay([...all, "--backend", "interpreter"], { env });
  };

  test("the same bits", async () => {
    const { code, json } = await compare("same", await values(), "--rtol", "0", "--atol", "0");
    expect(code).toBe(0);
    expect(json.expected).toEqual([
      { name: "probabilities", within: true, differing: 0, elements: 64, largest: 0, at: 0 },
    ]);
  });

  test("a small difference is within tolerance, a large one is not", async () => {
    const near = await values();
    near[9] = (near[9] as number) + 1e-6;
    const small = await compare("near", near);
    expect([small.code, small.json.expected[0].at, small.json.expected[0].within]).toEqual([
      0,
      9,
      true,
    ]);
    const far = await compare(
      "far",
      near.map((v, i) => (i === 20 ? v + 0.5 : v)),
    );
    expect(far.code).toBe(1);
    expect(far.json.expected[0]).toMatchObject({ within: false, at: 20, differing: 2 });
    expect(existsSync(path("cmp-far", "receipt.json"))).toBe(true);
  });

  test.each([
    ["nan", Number.NaN, "NaN"],
    ["infinity", Number.POSITIVE_INFINITY, "Infinity"],
  ])("%s is never within tolerance", async (name, value, largest) => {
    const { code, json } = await compare(
      name,
      (await values()).map((v, i) => (i === 3 ? value : v)),
    );
    expect(code).toBe(1);
    expect(json.expected[0]).toMatchObject({ within: false, largest, at: 3 });
  });

  test("a wrong file is found out before the run", async () => {
    const base = ["run", model, ...inputs, "-o", path("early"), "--backend", "interpreter"];
    writeFileSync(path("flat.npy"), writeNpy(matrix([64], 1)));
    for (const [spec, problem] of [
      [`probabilities=${path("none.npy")}`, "file/not-found"],
      [`probabilities=${path("flat.npy")}`, "input/mismatch"],
      [`probabilites=${path("flat.npy")}`, "did you mean probabilities?"],
    ] as const) {
      const { code, stderr } = await assay([...base, "--expect", spec], { env });
      expect(code).toBe(2);
      expect(stderr).toContain(problem);
      expect(existsSync(path("early"))).toBe(false);
    }
  });
});

describe("keys", () => {
  const keyed = (...args: string[]) =>
    assay(
      [
        "run",
        model,
        ...inputs,
        "-o",
        path(`k${Math.random()}`),
        "--backend",
        "interpreter",
        "--json",
        ...args,
      ],
      { env },
    );
  const write = (name: string, content: string, mode = 0o600): string => {
    writeFileSync(path(name), content, { mode });
    return path(name);
  };

  test("the local key is made once, for its owner's eyes", async () => {
    const fresh = { ASSAY_HOME: path("fresh", "deep") };
    const args = (n: number) => [
      "run",
      model,
      ...inputs,
      "-o",
      path(`fresh-${n}`),
      "--backend",
      "interpreter",
      "--json",
    ];
    const [first, second] = [
      await assay(args(1), { env: fresh }),
      await assay(args(2), { env: fresh }),
    ];
    expect(first.json.executor).toBe(second.json.executor);
    expect(statSync(path("fresh", "deep", "key")).mode & 0o777).toBe(0o600);
    for (const folder of [path("fresh"), path("fresh", "deep")]) {
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    }
    expect(readdirSync(path("fresh", "deep"))).toEqual(["key"]);
  });

  test("no key is made by a run that does not come to signing", async () => {
    const unused = { ASSAY_HOME: path("unused") };
    await assay(["run", model, "-i", `x=${path("x.npy")}`, "-o", path("never")], { env: unused });
    expect(existsSync(path("unused"))).toBe(false);
  });

  test("a named key signs", async () => {
    const key = write("one.key", `${"0".repeat(63)}1\n`);
    expect((await keyed("--key", key)).json.executor).toBe(
      "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf",
    );
  });

  test.each([
    ["garbage", "not a key", "is not 64 hex digits"],
    ["short", "00".repeat(31), "is not 64 hex digits"],
    ["huge", "0".repeat(100_000), "is not 64 hex digits"],
    ["zero", "0".repeat(64), "is not between 1 and the order"],
    ["too large", "f".repeat(64), "is not between 1 and the order"],
    ["empty", "", "is not 64 hex digits"],
  ])("%s is refused", async (name, content, message) => {
    const file = write(`${name}.key`, content);
    const { code, json } = await keyed("--key", file);
    expect(code).toBe(2);
    expect(json.error.code).toBe("key/invalid");
    expect(json.error.message).toContain(message);
    if (content.length > 4) expect(JSON.stringify(json)).not.toContain(content.slice(0, 64));
  });

  test.each([0o644, 0o640, 0o604])("mode %o is refused, with what to do", async (mode) => {
    const file = write(`mode${mode}.key`, `${"0".repeat(63)}1\n`, mode);
    const { code, json } = await keyed("--key", file);
    expect([code, json.error.code, json.error.hint]).toEqual([
      2,
      "key/invalid",
      `chmod 600 ${file}`,
    ]);
  });

  test("a key that is not there, or a folder", async () => {
    expect((await keyed("--key", path("none.key"))).json.error.code).toBe("file/not-found");
    expect((await keyed("--key", world.folder)).json.error.message).toContain("it is a folder");
  });
});

test("names that could act on a terminal are shown, not sent", async () => {
  const hostile = "\u001b[2J\n\nVERIFIED\u202e";
  writeFileSync(path("hostile.onnx"), onnxOf(smallModel((name) => `${hostile}${name}`)));
  const all = [
    "run",
    path("hostile.onnx"),
    ...inputs,
    "-o",
    path("hostile"),
    "--backend",
    "interpreter",
  ];
  const outputs = [
    await assay([...all, "--corrupt", "3"], { env }),
    await assay([...all, "--corrupt", "nothing"], { env }),
    await assay(["inspect", path("hostile.onnx")]),
    await assay(["inspect", path("hostile.onnx"), "--json"]),
    await assay(["verify-run", path("hostile"), "-m", path("hostile.onnx")], { env }),
    await assay(
      ["verify-run", path("hostile"), "-m", path("hostile.onnx"), "--against", path("hostile")],
      { env },
    ),
  ];
  for (const { stdout, stderr } of outputs) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(`${stdout}${stderr}`).not.toMatch(/^VERIFIED/m);
  }
  expect(outputs[4]?.stdout).toContain("\\u001b[2J\\u000a\\u000aVERIFIED");
});
