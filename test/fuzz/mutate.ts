import type { Random } from "./random.js";
import {
  copyMessage,
  encodeMessage,
  type Field,
  type Message,
  messagesIn,
  parseMessage,
} from "./wire.js";

/**
 * A damaged model: changes that keep the wire format whole (fields dropped, doubled, moved, grafted from
 * another model, numbers and names replaced, graphs nested), lengths that lie, and changes of bytes.
 */
export function mutated(model: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes = model;
  const kind = random.below(8);
  if (kind < 7) {
    const message = parseMessage(model, "model");
    const donor = parseMessage(other, "model");
    const times = random.chance(3) ? 2 + random.below(3) : 1;
    for (let i = 0; i < times; i++) {
      random.pick(random.chance(6) ? BREAKING : CHANGES)(message, donor, random);
    }
    bytes = encodeMessage(message);
  }
  if (kind > 5) {
    const times = 1 + random.below(3);
    for (let i = 0; i < times; i++) bytes = random.pick(EDITS)(bytes, other, random);
  }
  return bytes;
}

type Change = (message: Message, donor: Message, random: Random) => void;

const NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  16n,
  63n,
  127n,
  128n,
  1024n,
  1025n,
  65536n,
  2n ** 20n,
  2n ** 31n,
];
const EXTREMES = [
  2n ** 31n - 1n,
  2n ** 32n,
  2n ** 40n,
  2n ** 48n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n,
  -1n,
  -2n,
];

/** What mostly leaves something that can be read. */
const CHANGES: readonly Change[] = [
  setNumber,
  setNumber,
  setNumber,
  setElement,
  setElement,
  setOperator,
  setOperator,
  rewire,
  rewire,
  nest,
  nest,
  graft,
];

/** What mostly does not. */
const BREAKING: readonly Change[] = [
  (message, _, random) => {
    const { fields } = somewhere(message, random);
    fields.splice(random.below(fields.length), 1);
  },
  (message, _, random) => {
    const { fields } = somewhere(message, random);
    const copy = random.pick(fields);
    const value = isMessage(copy.value) ? copyMessage(copy.value) : copy.value;
    fields.splice(random.below(fields.length + 1), 0, { ...copy, value });
  },
  (message, _, random) => {
    const { fields } = somewhere(message, random);
    const [moved] = fields.splice(random.below(fields.length), 1);
    fields.splice(random.below(fields.length + 1), 0, moved as Field);
  },
  setText,
  resize,
  (message, _, random) => {
    const long = messagesIn(message).flatMap((m) => m.fields.filter((f) => f.wire === 2));
    if (long.length > 0) random.pick(long).lie = random.pick([-1, 1, 2, -7, 100, 2 ** 20, 2 ** 31]);
  },
  (message, _, random) => {
    const field = random.pick(somewhere(message, random).fields);
    if (random.chance(2)) field.number = random.below(30);
    else field.wire = random.below(8);
  },
];

/** A message that has fields. */
function somewhere(message: Message, random: Random): Message {
  return random.pick(messagesIn(message).filter((m) => m.fields.length > 0));
}

function isMessage(value: Field["value"]): value is Message {
  return typeof value === "object" && "fields" in value;
}

function setNumber(message: Message, _: Message, random: Random): void {
  const numbers = messagesIn(message).flatMap((m) => m.fields.filter((f) => f.wire === 0));
  if (numbers.length === 0) return;
  random.pick(numbers).value = random.pick(random.chance(3) ? EXTREMES : NUMBERS);
}

/** Fields of a number in all messages of a kind. */
function fieldsOf(message: Message, kind: Message["kind"], number: number): Field[] {
  return messagesIn(message)
    .filter((m) => m.kind === kind)
    .flatMap((m) => m.fields.filter((f) => f.number === number));
}

/** An element of a tensor's raw data, as wide as an i64 is: shapes, axes, numbers of iterations. */
function setElement(message: Message, _: Message, random: Random): void {
  const data = fieldsOf(message, "tensor", 9).filter((f) => (f.value as Uint8Array).length >= 8);
  if (data.length === 0) return setNumber(message, _, random);
  const field = random.pick(data);
  const bytes = (field.value as Uint8Array).slice();
  const view = new DataView(bytes.buffer);
  const value = random.pick(random.chance(3) ? EXTREMES : NUMBERS);
  view.setBigInt64(8 * random.below(bytes.length >> 3), BigInt.asIntN(64, value), true);
  field.value = bytes;
}

/** A node of another operator. */
function setOperator(message: Message, donor: Message, random: Random): void {
  const [mine, theirs] = [fieldsOf(message, "node", 4), fieldsOf(donor, "node", 4)];
  if (mine.length > 0 && theirs.length > 0) random.pick(mine).value = random.pick(theirs).value;
}

/** A node reads, or a graph yields, another value. */
function rewire(message: Message, _: Message, random: Random): void {
  const reads = fieldsOf(message, "node", 1);
  const names = [
    ...fieldsOf(message, "node", 2),
    ...fieldsOf(message, "value", 1),
    ...fieldsOf(message, "tensor", 8),
  ];
  if (reads.length > 0 && names.length > 0) random.pick(reads).value = random.pick(names).value;
}

/** A name, an operator or data becomes another one of the same model or of another. */
function setText(message: Message, donor: Message, random: Random): void {
  const texts = (m: Message): Field[] =>
    messagesIn(m).flatMap((x) =>
      x.fields.filter((f) => f.value instanceof Uint8Array && f.wire === 2),
    );
  const [mine, theirs] = [texts(message), texts(random.chance(3) ? donor : message)];
  if (mine.length === 0 || theirs.length === 0) return;
  random.pick(mine).value = random.pick(theirs).value;
}

/** Data that is longer or shorter than it was, and often still of whole elements. */
function resize(message: Message, _: Message, random: Random): void {
  const data = messagesIn(message).flatMap((m) =>
    m.fields.filter((f) => f.value instanceof Uint8Array),
  );
  if (data.length === 0) return;
  const field = random.pick(data);
  const bytes = field.value as Uint8Array;
  const step = random.pick([1, 4, 8]);
  field.value = random.chance(2)
    ? bytes.subarray(0, Math.max(0, bytes.length - step))
    : new Uint8Array(Buffer.concat([bytes, random.bytes(step)]));
}

/** A message of the other model in the place of one of the same kind, or beside it. */
function graft(message: Message, donor: Message, random: Random): void {
  const place = somewhere(message, random);
  const inner = place.fields.filter((f) => isMessage(f.value));
  if (inner.length === 0) return;
  const field = random.pick(inner);
  const { kind } = field.value as Message;
  const fitting = messagesIn(donor).filter((m) => m.kind === kind);
  if (fitting.length === 0) return;
  const value = copyMessage(random.pick(fitting));
  if (random.chance(2)) field.value = value;
  else place.fields.push({ ...field, value });
}

const text = (s: string): Uint8Array => new TextEncoder().encode(s);

/** The graph, or another one, becomes the body of a node of its own, some times over. */
function nest(message: Message, donor: Message, random: Random): void {
  const graphs = messagesIn(random.chance(2) ? donor : message).filter((m) => m.kind === "graph");
  const hosts = messagesIn(message).filter((m) => m.kind === "node");
  if (graphs.length === 0 || hosts.length === 0) return;
  let graph = copyMessage(random.pick(graphs));
  const depth = random.chance(4) ? 1 + random.below(20) : 1;
  for (let i = 1; i < depth; i++) {
    graph = {
      kind: "graph",
      fields: [{ number: 1, wire: 2, value: { kind: "node", fields: control(graph, random) } }],
    };
  }
  const host = random.pick(hosts);
  const kept = host.fields.filter((f) => f.number === 1 || f.number === 2);
  host.fields = [...kept, ...control(graph, random)];
}

/** The operator and attributes of a node that runs a graph. */
function control(graph: Message, random: Random): Field[] {
  const [operator, labels] = random.pick([
    ["If", ["then_branch", "else_branch"]],
    ["Loop", ["body"]],
    ["Scan", ["body"]],
  ] as const);
  // One graph alone: two on every level would make 2^depth of them.
  const attributes = labels.map((label, i): Message => {
    return {
      kind: "attribute",
      fields: [
        { number: 1, wire: 2, value: text(label) },
        { number: 6, wire: 2, value: i === 0 ? graph : { kind: "graph", fields: [] } },
        { number: 20, wire: 0, value: 5n },
      ],
    };
  });
  const count: Message = {
    kind: "attribute",
    fields: [
      { number: 1, wire: 2, value: text("num_scan_inputs") },
      { number: 3, wire: 0, value: 1n },
      { number: 20, wire: 0, value: 2n },
    ],
  };
  const all = operator === "Scan" ? [...attributes, count] : attributes;
  return [
    { number: 4, wire: 2, value: text(operator) },
    ...all.map((value): Field => ({ number: 5, wire: 2, value })),
  ];
}

type Edit = (bytes: Uint8Array, other: Uint8Array, random: Random) => Uint8Array;

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const EDITS: readonly Edit[] = [
  (bytes, _, random) => {
    const copy = bytes.slice();
    const times = 1 + random.below(8);
    for (let i = 0; i < times && copy.length > 0; i++) {
      const at = random.below(copy.length);
      copy[at] = (copy[at] as number) ^ (1 << random.below(8));
    }
    return copy;
  },
  (bytes, _, random) => {
    const copy = bytes.slice();
    if (copy.length > 0) copy[random.below(copy.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff]);
    return copy;
  },
  (bytes, _, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, _, random) => {
    const [at, cut] = [random.below(bytes.length + 1), random.below(9)];
    return join(bytes.subarray(0, at), random.bytes(random.below(9)), bytes.subarray(at + cut));
  },
  (bytes, other, random) => {
    const from = random.below(other.length + 1);
    const piece = other.subarray(from, from + random.below(200));
    const at = random.below(bytes.length + 1);
    return join(
      bytes.subarray(0, at),
      piece,
      bytes.subarray(at + (random.chance(2) ? piece.length : 0)),
    );
  },
  (bytes, other, random) => {
    return join(
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length + 1)),
    );
  },
  (bytes) => join(bytes, bytes),
];
