import {
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ERROR_CODES, f32Tensor } from "../../operators/index.js";
import { loadModelFile } from "../../src/files/load-model.js";
import { writeNpy } from "../../src/files/npy.js";
import { assay, namesIn, type Ran, smallWorld } from "./support.js";

const world = smallWorld();
const { path, run, model, inputs, env } = world;

beforeAll(async () => {
  await run("honest");
});

/** Exit code 2, a code of the table, a message on one line, no stack, the same facts as JSON. */
async function expectRefusal(args: readonly string[], code: string, message = ""): Promise<void> {
  const before = namesIn(world.folder);
  const text = await assay(args, { env });
  expect([text.code, text.stdout]).toEqual([2, ""]);
  expect(text.stderr).toContain(`error [${code}]: `);
  expect(text.stderr).toContain(message);
  expect(text.stderr).not.toMatch(/^\s+at /m);
  const { code: exit, json, stderr } = await assay([...args, "--json"], { env });
  expect([exit, stderr, json.error.code]).toEqual([2, "", code]);
  expect(Object.keys(ERROR_CODES)).toContain(code);
  expect(namesIn(world.folder)).toEqual(before);
}

const runWith = (...args: string[]): string[] => [
  "run",
  ...args,
  "-o",
  path("never"),
  "--backend",
  "interpreter",
];
const given = (x: string): string[] =>
  runWith(model, "-i", `x=${x}`, "-i", `bias=${path("bias.npy")}`);
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(path(name), content);
  return path(name);
};

describe("paths", () => {
  test.each([
    [
      "a model that is not there",
      () => runWith(path("none.onnx")),
      "file/not-found",
      "no such file",
    ],
    ["a folder as model", () => runWith(world.folder), "file/not-found", "it is a folder"],
    ["a device as model", () => runWith("/dev/zero"), "file/not-found", "not a regular file"],
    ["an input that is not there", () => given(path("none.npy")), "file/not-found", 'input "x"'],
    ["a folder as input", () => given(world.folder), "file/not-found", "it is a folder"],
    [
      "an input without an ending",
      () => given(path("home", "key")),
      "usage",
      "ends in .npy, .pb or .json",
    ],
    [
      "a target that is not there",
      () => ["verify-run", path("none")],
      "file/not-found",
      "no such file",
    ],
    [
      "a folder that is no run",
      () => ["verify-run", path("home")],
      "run/incomplete",
      "no run.json",
    ],
    ["inspecting nothing", () => ["inspect", path("none")], "file/not-found", "no such file"],
    [
      "inspecting a folder that is no run",
      () => ["inspect", path("home")],
      "run/incomplete",
      "no run.json",
    ],
  ])("%s", async (_, args, code, message) => {
    await expectRefusal(args(), code, message);
  });
});

describe("inputs", () => {
  const npy = writeNpy(f32Tensor([4, 16], new Array(64).fill(0.5)));

  test("that are missing, unknown or given twice", async () => {
    await expectRefusal(
      runWith(model, "-i", `x=${path("x.npy")}`),
      "input/missing",
      '"bias" (f32[16])',
    );
    await expectRefusal(
      [...given(path("x.npy")), "-i", `bais=${path("x.npy")}`],
      "usage",
      "did you mean bias?",
    );
    await expectRefusal(
      [...given(path("x.npy")), "-i", `x=${path("x.npy")}`],
      "usage",
      '"x" is given twice',
    );
    await expectRefusal(runWith(model, "-i", "zzzzzzzzzz=a.npy"), "usage", 'it has "x", "bias"');
  });

  test("cut off anywhere", async () => {
    for (const length of [0, 1, 6, 9, 40, 127, 130, npy.length - 1]) {
      await expectRefusal(given(file("cut.npy", npy.subarray(0, length))), "npy/malformed");
    }
    await expectRefusal(given(file("long.npy", new Uint8Array([...npy, 0]))), "npy/malformed");
  });

  test("whose header promises more than there is", async () => {
    const text = new TextDecoder("latin1").decode(npy);
    for (const shape of ["(99999999, 999999)", "(281474976710655,)", "(4, 16, 0)"]) {
      const hostile = text.replace("(4, 16)", shape);
      await expectRefusal(given(file("huge.npy", Buffer.from(hostile, "latin1"))), "npy/malformed");
    }
  });

  test("of another type", async () => {
    const wrong = writeNpy(f32Tensor([4, 15], new Array(60).fill(1)));
    await expectRefusal(
      given(file("wrong.npy", wrong)),
      "input/mismatch",
      "f32[batch,16] is expected",
    );
  });

  test.each([
    ["nothing", ""],
    ["half a list", "[[1, 2"],
    ["ragged lists", "[[1, 2], [3]]"],
    ["text", '[["a"]]'],
    ["a deep nest", "[".repeat(200_000) + "]".repeat(200_000)],
    ["dims that promise more", '{"dtype":"f32","dims":[4096,4096,4096],"data":[1]}'],
    ["not UTF-8", new Uint8Array([0x5b, 0xff, 0x5d])],
    ["a prototype", '{"__proto__":{"dtype":"f32"},"dims":[],"data":[1]}'],
  ])("JSON: %s", async (_, content) => {
    await expectRefusal(given(file("bad.json", content)), "json/malformed");
  });

  test("a TensorProto that is none", async () => {
    await expectRefusal(given(file("bad.pb", new Uint8Array(100).fill(0xff))), "onnx/malformed");
  });
});

describe("models", () => {
  test("cut off anywhere: an error, never a run", async () => {
    const bytes = readFileSync(model);
    for (let i = 0; i < 40; i++) {
      const cut = file("cut.onnx", bytes.subarray(0, Math.floor((bytes.length * i) / 40)));
      const ran = await assay([...runWith(cut), "--json"], { env });
      expect([ran.code, ran.stderr]).toEqual([2, ""]);
      expect(Object.keys(ERROR_CODES)).toContain(ran.json.error.code);
    }
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["text", new TextEncoder().encode("this is not a model")],
    ["zeros", new Uint8Array(1000)],
    ["a length beyond the end", new Uint8Array([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ["an endless number", new Uint8Array(50).fill(0x80)],
  ])("that are %s", async (_, content) => {
    await expectRefusal(runWith(file("bad.onnx", content)), "onnx/malformed");
    await expectRefusal(["inspect", file("bad.onnx", content)], "onnx/malformed");
  });

  test("what is unsupported is listed, a line each, and cannot forge lines", async () => {
    const bytes = Buffer.from(
      readFileSync(model)
        .toString("latin1")
        .replace("/m2/MatMul", "\n\nVERIFIED")
        .replaceAll("MatMul", "MatMux"),
      "latin1",
    );
    const bad = file("unsupported.onnx", bytes);
    const { stderr } = await assay(runWith(bad), { env });
    expect(stderr).toContain("things in this model cannot be run:\n");
    expect(stderr).not.toMatch(/^VERIFIED/m);
    expect(stderr.split("\n").filter((line) => line.includes("MatMux")).length).toBeGreaterThan(1);
  });
});

describe("external data", () => {
  const folder = path("external");
  const place = (name: string): string => join(folder, name);

  /** One weight of `bytes` bytes beside the model, by field numbers of the format. */
  function external(location: string, dims: number, offset = 0): string {
    const varint = (n: number): number[] =>
      n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))];
    const field = (number: number, content: number[]): number[] => [
      ...varint(number * 8 + 2),
      ...varint(content.length),
      ...content,
    ];
    const text = (t: string): number[] => [...new TextEncoder().encode(t)];
    const entry = (key: string, value: string): number[] =>
      field(13, [...field(1, text(key)), ...field(2, text(value))]);
    const tensor = [
      ...[0x08, ...varint(dims), 0x10, 1],
      ...field(8, text("w")),
      ...entry("location", location),
      ...entry("offset", String(offset)),
      ...[0x70, 1],
    ];
    const io = field(2, [...field(1, [0x08, 1, ...field(2, field(1, [0x08, ...varint(dims)]))])]);
    const add = [
      ...field(1, text("x")),
      ...field(1, text("w")),
      ...field(2, text("y")),
      ...field(4, text("Add")),
    ];
    const graph = [
      ...field(1, add),
      ...field(2, text("g")),
      ...field(5, tensor),
      ...field(11, [...field(1, text("x")), ...io]),
      ...field(12, [...field(1, text("y")), ...io]),
    ];
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      place("m.onnx"),
      new Uint8Array([0x08, 8, ...field(7, graph), ...field(8, [0x10, 17])]),
    );
    return place("m.onnx");
  }

  test("from beside the model", () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(place("w.bin"), new Uint8Array(64).fill(1));
    expect(loadModelFile(external("w.bin", 16)).weights.get("w")?.bytes).toHaveLength(64);
  });

  test.each([
    ["missing", "none.bin", 16, "file/not-found", "copy them along"],
    ["too short", "w.bin", 17, "onnx/malformed", "too short"],
    ["a folder", "sub", 16, "onnx/malformed", "is not a regular file"],
    ["outside", "../x.npy", 16, "onnx/malformed", "leaves the model's folder"],
    ["absolute", "/etc/hostname", 1, "onnx/malformed", "leaves the model's folder"],
    ["a link that leads out", "link", 16, "onnx/malformed", "outside the model's folder"],
    ["a link to a device", "zero", 16, "onnx/malformed", "outside the model's folder"],
    [
      "a file longer than memory",
      "sparse.bin",
      2 ** 40,
      "model/too-large",
      "does not fit into memory",
    ],
  ])("that is %s", async (_, location, dims, code, message) => {
    mkdirSync(place("sub"), { recursive: true });
    if (location === "link") symlinkSync(path("x.npy"), place("link"));
    if (location === "zero") symlinkSync("/dev/zero", place("zero"));
    if (location === "sparse.bin") {
      writeFileSync(place(location), "");
      truncateSync(place(location), 2 ** 43);
    }
    await expectRefusal(["inspect", external(location, dims)], code, message);
    rmSync(place("sparse.bin"), { force: true });
  });
});

describe("receipts", () => {
  const receipt = (change: (text: string) => string): string => {
    return file("bad-receipt.json", change(readFileSync(path("honest", "receipt.json"), "utf8")));
  };

  test.each([
    ["nothing", () => ""],
    ["half of it", (t: string) => t.slice(0, t.length / 2)],
    ["a field too many", (t: string) => t.replace("{", '{"extra": 1,')],
    ["a field too few", (t: string) => t.replace(/ {2}"trace.*\n/, "")],
    ["a field twice", (t: string) => t.replace(/( {2}"trace.*\n)/, "$1$1")],
    ["an overlong field", (t: string) => t.replace(/("trace": "0x)/, "$100")],
    ["upper case", (t: string) => t.replace(/("trace": "0x)../, "$1AB")],
    ["a fraction", (t: string) => t.replace(/("segments": )\d+/, "$11.5")],
    ["a negative number", (t: string) => t.replace(/("segments": )\d+/, "$1-1")],
    ["a huge number", (t: string) => t.replace(/("segments": )\d+/, "$1999999999999999999999")],
    ["another version", (t: string) => t.replace('"version": 1', '"version": 2')],
    ["a list", (t: string) => `[${t}]`],
    ["something after it", (t: string) => `${t}{}`],
    ["a megabyte of spaces", (t: string) => t + " ".repeat(1 << 20)],
    ["a control code for a name", (t: string) => t.replace('"trace"', '"\u001b[2J"')],
  ])("%s", async (_, change) => {
    const bad = receipt(change);
    await expectRefusal(["verify-run", bad], "receipt/malformed");
    if (readFileSync(bad).length > 0 && !readFileSync(bad, "utf8").startsWith("[")) {
      await expectRefusal(["inspect", bad], "receipt/malformed");
    }
  });
});

describe("run folders", () => {
  const MINIMAL = ["outputs", "inputs", "granularity", "format", "version"];
  const withRun = (change: (run: Record<string, unknown>) => unknown): string => {
    const name = path("bad-run");
    rmSync(name, { recursive: true, force: true });
    cpSync(path("honest"), name, { recursive: true });
    const description = JSON.parse(readFileSync(join(name, "run.json"), "utf8"));
    writeFileSync(join(name, "run.json"), JSON.stringify(change(description)));
    return name;
  };
  const output = (o: object) => (r: Record<string, unknown>) => {
    const [first, ...rest] = r.outputs as object[];
    return { ...r, outputs: [{ ...first, ...o }, ...rest] };
  };

  test.each([
    ...[
      "../../x.npy",
      "outputs/../../x.npy",
      "/etc/passwd",
      "outputs/a/b.npy",
      "outputs/x",
      "",
      5,
      null,
    ].map((name) => [`an output file ${name}`, output({ file: name })] as const),
    ["dims that cannot be", output({ dims: [2 ** 40, 2 ** 40] })],
    ["negative dims", output({ dims: [-1] })],
    ["broken dims", output({ dims: [1.5] })],
    ["dims that are no list", output({ dims: { length: 2 ** 40 } })],
    ["a dtype that is none", output({ dtype: "toString" })],
    ["a name that is none", output({ name: 5 })],
    ["a salt that is none", (r) => ({ ...r, salt: "0x12" })],
    ["a salt of another type", (r) => ({ ...r, salt: 12 })],
    ["a drill that is none", (r) => ({ ...r, drill: 3 })],
    ["a drill of text", (r) => ({ ...r, drill: { node: "3", element: 0, masked: false } })],
    ["another format", (r) => ({ ...r, format: "x" })],
    ["another version", (r) => ({ ...r, version: 2 })],
    ["too many inputs", (r) => ({ ...r, inputs: new Array(70_000).fill(0) })],
    ["a list", () => []],
    ["null", () => null],
    ...MINIMAL.map(
      (key) => [`no ${key}`, (r: Record<string, unknown>) => ({ ...r, [key]: undefined })] as const,
    ),
  ] as [string, (run: Record<string, unknown>) => unknown][])("run.json: %s", async (_, change) => {
    const name = withRun(change);
    for (const args of [
      ["verify-run", name],
      ["verify-run", name, "-m", model],
      ["inspect", name],
    ]) {
      await expectRefusal(args, "json/malformed", "run.json");
    }
  });

  test("a run.json of a gigabyte is not read", async () => {
    const name = withRun((r) => r);
    truncateSync(join(name, "run.json"), 2 ** 30);
    await expectRefusal(["verify-run", name], "json/malformed", "longer than 1 MiB");
    rmSync(name, { recursive: true });
  });

  test("inputs that promise more than there is", async () => {
    const name = withRun((r) => ({
      ...r,
      inputs: [{ name: "x", dtype: "f32", dims: [2 ** 30, 16] }],
    }));
    await expectRefusal(["verify-run", name], "run/incomplete");
  });

  test("inputs of other names or shapes than the model's", async () => {
    const named = withRun((r) => ({
      ...r,
      inputs: (r.inputs as object[]).map((v, i) => (i ? v : { ...v, name: "z" })),
    }));
    await expectRefusal(["verify-run", named, "-m", model], "input/missing");
    const shaped = withRun((r) => ({
      ...r,
      inputs: (r.inputs as object[]).map((v, i) => (i ? v : { ...v, dims: [16, 4] })),
    }));
    await expectRefusal(["verify-run", shaped, "-m", model], "input/mismatch");
  });

  test("outputs that are missing, left out or other ones", async () => {
    const name = withRun((r) => r);
    rmSync(join(name, "outputs/r1.npy"));
    await expectRefusal(["verify-run", name], "file/not-found", "r1.npy");
    const fewer: Ran = await assay([
      "verify-run",
      withRun((r) => ({ ...r, outputs: [] })),
      "--json",
    ]);
    expect([fewer.code, fewer.json.outcome]).toEqual([1, "refuted"]);
    const swapped = withRun((r) => ({ ...r, outputs: [...(r.outputs as object[])].reverse() }));
    expect((await assay(["verify-run", swapped])).code).toBe(1);
  });
});

test("an input file of the run command may lie anywhere, its name shows nowhere", async () => {
  const { json } = await run("anywhere", "--json");
  expect(JSON.stringify({ ...json, out: "" })).not.toContain(world.folder);
  expect(inputs.join()).toContain(world.folder);
});
