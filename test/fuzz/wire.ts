/** A protobuf message as a tree, to be changed where only a writer that knows the format could. */
export interface Field {
  number: number;
  wire: number;
  value: bigint | Uint8Array | Message;
  /** Added to the length that is written, which is then a lie. */
  lie?: number;
}

export interface Message {
  readonly kind: Kind;
  fields: Field[];
}

/** Which fields of the ONNX format hold messages, and of which kind. */
const INNER = {
  model: { 7: "graph", 8: "opset" },
  graph: { 1: "node", 5: "tensor", 11: "value", 12: "value" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph" },
  value: { 2: "type" },
  type: { 1: "tensorType" },
  tensorType: { 2: "shape" },
  shape: { 1: "dim" },
  tensor: {},
  opset: {},
  dim: {},
} as const;

export type Kind = keyof typeof INNER;

/** Parses a message that a writer made. Throws what is not one. */
export function parseMessage(bytes: Uint8Array, kind: Kind): Message {
  const fields: Field[] = [];
  let pos = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[pos++];
      if (byte === undefined) throw new RangeError("the end");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    if (pos + length > bytes.length) throw new RangeError("the end");
    pos += length;
    return bytes.subarray(pos - length, pos);
  };
  while (pos < bytes.length) {
    const tag = Number(varint());
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) fields.push({ number, wire, value: varint() });
    else if (wire === 2) {
      const content = take(Number(varint()));
      const inner = (INNER[kind] as Readonly<Record<number, Kind>>)[number];
      fields.push({ number, wire, value: inner ? parseMessage(content, inner) : content });
    } else fields.push({ number, wire, value: take(wire === 1 ? 8 : 4) });
  }
  return { kind, fields };
}

export function encodeMessage({ fields }: Message): Uint8Array {
  const parts = fields.flatMap(({ number, wire, value, lie = 0 }) => {
    const tag = varintBytes(BigInt(number * 8 + wire));
    if (typeof value === "bigint") return [tag, varintBytes(value)];
    const content = value instanceof Uint8Array ? value : encodeMessage(value);
    return wire === 2
      ? [tag, varintBytes(BigInt(Math.max(0, content.length + lie))), content]
      : [tag, content];
  });
  return new Uint8Array(Buffer.concat(parts));
}

function varintBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

/** All messages of a tree, outermost first. */
export function messagesIn(message: Message): Message[] {
  const inner = message.fields.flatMap(({ value }) =>
    typeof value === "object" && "fields" in value ? messagesIn(value) : [],
  );
  return [message, ...inner];
}

export function copyMessage({ kind, fields }: Message): Message {
  return {
    kind,
    fields: fields.map((f) => ({
      ...f,
      value: typeof f.value === "object" && "fields" in f.value ? copyMessage(f.value) : f.value,
    })),
  };
}
