import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AttributeValue,
  byteLength,
  DTYPES,
  dtypeFromCode,
  elementCount,
  type Tensor,
} from "../../operators/index.js";
import { dataPath } from "./data.js";

/** Reads ONNX backend conformance cases of one node, with as little of protobuf as that takes. */

/** The families of conformance cases, in the data folder. */
export const CASE_FAMILIES: readonly string[] = [
  "onnx/node",
  "onnx/simple",
  "onnx/pytorch-operator",
  "onnx/pytorch-converted",
];

export interface OnnxCase {
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  readonly opset: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly expected: readonly (Tensor | undefined)[];
}

/** The case in `folder` (relative to the data folder), or `undefined` where it has several nodes. */
export function readCase(folder: string): OnnxCase | undefined {
  const path = dataPath(folder);
  const model = fields(readFileSync(join(path, "model.onnx")));
  const graph = fields(bytesOf(model, 7)[0] as Uint8Array);
  const nodes = bytesOf(graph, 1);
  if (nodes.length !== 1) return undefined;
  const node = fields(nodes[0] as Uint8Array);
  const domain = textsOf(node, 7)[0] ?? "";
  const opsets = bytesOf(model, 8).map((o) => fields(o));
  const opset = opsets.find((o) => (textsOf(o, 1)[0] ?? "") === domain);
  const given = new Map(bytesOf(graph, 5).map((t) => [textsOf(fields(t), 8)[0] ?? "", tensor(t)]));
  const set = join(path, "test_data_set_0");
  const file = (kind: string, i: number) => tensor(readFileSync(join(set, `${kind}_${i}.pb`)));
  const names = (field: number) => bytesOf(graph, field).map((v) => textsOf(fields(v), 1)[0]);
  names(11)
    .filter((n) => !given.has(n ?? ""))
    .forEach((n, i) => {
      given.set(n ?? "", file("input", i));
    });
  const outputs = new Map(names(12).map((n, i) => [n, file("output", i)]));
  return {
    name: folder,
    operator: textsOf(node, 4)[0] ?? "",
    domain,
    opset: Number(opset?.find((f) => f.field === 2)?.value ?? 1n),
    attributes: Object.fromEntries(bytesOf(node, 5).map(attribute)),
    inputs: textsOf(node, 1).map((n) => (n === "" ? undefined : given.get(n))),
    expected: textsOf(node, 2).map((n) => (n === "" ? undefined : outputs.get(n))),
  };
}

/** Folders of conformance cases whose name matches. */
export function caseFolders(pattern: RegExp): string[] {
  return CASE_FAMILIES.flatMap((family) =>
    readdirSync(dataPath(family))
      .filter((n) => pattern.test(n))
      .sort()
      .map((n) => `${family}/${n}`),
  );
}

interface Field {
  readonly field: number;
  /** A varint or the bits of a fixed-width value; 0 for bytes. */
  readonly value: bigint;
  readonly bytes?: Uint8Array;
}

function fields(message: Uint8Array): Field[] {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const found: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const field = tag >>> 3;
    if ((tag & 7) === 0) found.push({ field, value: varint() });
    else if ((tag & 7) === 1) {
      found.push({ field, value: view.getBigUint64(at, true) });
      at += 8;
    } else if ((tag & 7) === 5) {
      found.push({ field, value: BigInt(view.getUint32(at, true)) });
      at += 4;
    } else {
      const length = Number(varint());
      found.push({ field, value: 0n, bytes: message.subarray(at, at + length) });
      at += length;
    }
  }
  return found;
}

const bytesOf = (message: readonly Field[], field: number): Uint8Array[] =>
  message.flatMap((f) => (f.field === field && f.bytes ? [f.bytes] : []));

const textsOf = (message: readonly Field[], field: number): string[] =>
  bytesOf(message, field).map((b) => new TextDecoder().decode(b));

/** Repeated varints, packed or not, as signed 64-bit. */
function varints(message: readonly Field[], field: number): bigint[] {
  return message
    .filter((f) => f.field === field)
    .flatMap((f) => (f.bytes ? unpack(f.bytes) : [f.value]))
    .map((v) => BigInt.asIntN(64, v));
}

function unpack(bytes: Uint8Array): bigint[] {
  const found: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte < 128) {
      found.push(value);
      value = 0n;
      shift = 0n;
    }
  }
  return found;
}

/** Repeated fixed32, packed or not, as their bytes. */
function words(message: readonly Field[], field: number): number[] {
  return message
    .filter((f) => f.field === field)
    .flatMap((f) => {
      if (!f.bytes) return [float32(Number(f.value))];
      const view = new DataView(f.bytes.buffer, f.bytes.byteOffset, f.bytes.length);
      return Array.from({ length: f.bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
    });
}

function float32(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

function attribute(bytes: Uint8Array): [string, AttributeValue] {
  const a = fields(bytes);
  const name = textsOf(a, 1)[0] ?? "";
  const kind = Number(a.find((f) => f.field === 20)?.value ?? 0n);
  switch (kind) {
    case 1:
      return [name, { kind: "float", value: words(a, 2)[0] ?? 0 }];
    case 2:
      return [name, { kind: "int", value: varints(a, 3)[0] ?? 0n }];
    case 3:
      return [name, { kind: "string", value: textsOf(a, 4)[0] ?? "" }];
    case 4:
      return [name, { kind: "tensor", value: tensor(bytesOf(a, 5)[0] as Uint8Array) }];
    case 6:
      return [name, { kind: "floats", value: words(a, 7) }];
    case 7:
      return [name, { kind: "ints", value: varints(a, 8) }];
    case 8:
      return [name, { kind: "strings", value: textsOf(a, 9) }];
    default:
      return [name, { kind: "opaque", what: `attribute type ${kind}`, bytes }];
  }
}

function tensor(bytes: Uint8Array): Tensor {
  const t = fields(bytes);
  const dtype = dtypeFromCode(Number(t.find((f) => f.field === 2)?.value ?? 0n));
  if (!dtype) throw new Error("a dtype that no test here uses");
  const dims = varints(t, 1).map(Number);
  const raw = bytesOf(t, 9)[0];
  if (raw) return { dtype, dims, bytes: Uint8Array.from(raw) };
  const into = new Uint8Array(byteLength({ dtype, dims }));
  const view = new DataView(into.buffer);
  const { size } = DTYPES[dtype];
  const floats = words(t, 4);
  const integers = [...varints(t, 5), ...varints(t, 7), ...varints(t, 11)];
  for (let i = 0; i < elementCount(dims); i++) {
    if (dtype === "f32") view.setFloat32(i * 4, floats[i] ?? 0, true);
    else {
      const value = integers[i] ?? 0n;
      for (let b = 0; b < size; b++) into[i * size + b] = Number((value >> BigInt(8 * b)) & 255n);
    }
  }
  return { dtype, dims, bytes: into };
}
