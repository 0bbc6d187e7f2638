import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { AssayError } from "../../../operators/index.js";
import type { Budget } from "../limits.js";
import { malformed } from "../problems.js";

/**
 * Walks the wire format of a message before anything is decoded: every length lies inside its
 * parent, wire types fit the schema, singular fields come once, names are UTF-8, and the budget
 * holds. What passes can be decoded without failing and within memory proportional to the file.
 * Throws `onnx/malformed` with the path of the fault, `onnx/unsupported` where the budget ends.
 */
export function scanMessage(
  schema: DescMessage,
  bytes: Uint8Array,
  budget: Budget,
  where: string,
): void {
  new Scanner(bytes, budget, where).message(schema, bytes.length);
}

type Content = "message" | "string" | "bytes" | "varint" | "fixed32" | "fixed64";

interface FieldRule {
  readonly name: string;
  readonly content: Content;
  readonly repeated: boolean;
  readonly message: DescMessage | undefined;
}

const WIRE_TYPES: Readonly<Record<Content, number>> = {
  varint: 0,
  fixed64: 1,
  message: 2,
  string: 2,
  bytes: 2,
  fixed32: 5,
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

class Scanner {
  private pos = 0;
  private readonly trail: (string | number)[] = [];
  private readonly rules = new Map<DescMessage, ReadonlyMap<number, FieldRule>>();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly budget: Budget,
    private readonly where: string,
  ) {}

  message(schema: DescMessage, end: number): void {
    this.spend("messages", 1);
    const rules = this.rulesOf(schema);
    const seen = new Map<number, number>();
    while (this.pos < end) {
      const tag = this.smallVarint(end, "field tag");
      const number = Math.floor(tag / 8);
      const wireType = tag % 8;
      if (number === 0) throw this.fault("field number 0");
      const rule = rules.get(number);
      if (rule === undefined) {
        this.skip(wireType, end);
        continue;
      }
      const index = seen.get(number) ?? 0;
      seen.set(number, index + 1);
      this.trail.push(rule.repeated ? `${rule.name}[${index}]` : rule.name);
      if (index > 0 && !rule.repeated) throw this.fault("given twice");
      this.field(rule, wireType, end);
      this.trail.pop();
    }
  }

  private field(rule: FieldRule, wireType: number, end: number): void {
    if (wireType !== WIRE_TYPES[rule.content]) {
      const packed = rule.repeated && wireType === 2;
      if (!packed) throw this.fault(`wire type ${wireType} instead of ${rule.content}`);
      this.packed(rule.content, end);
      return;
    }
    if (wireType !== 2) {
      if (rule.repeated) this.spend("numbers", 1);
      this.skip(wireType, end);
      return;
    }
    const stop = this.delimited(end);
    if (rule.message !== undefined) this.message(rule.message, stop);
    else if (rule.content === "string") this.name(stop);
    this.pos = stop;
  }

  private packed(content: Content, end: number): void {
    const stop = this.delimited(end);
    const length = stop - this.pos;
    const size = content === "fixed32" ? 4 : content === "fixed64" ? 8 : 0;
    if (size > 0) {
      if (length % size !== 0) throw this.fault(`${length} bytes are not a multiple of ${size}`);
      this.spend("numbers", length / size);
      this.pos = stop;
      return;
    }
    while (this.pos < stop) {
      this.spend("numbers", 1);
      this.longVarint(stop);
    }
  }

  private name(stop: number): void {
    const length = stop - this.pos;
    if (length > this.budget.nameBytes) {
      throw this.fault(`a name of ${length} bytes (at most ${this.budget.nameBytes})`);
    }
    try {
      utf8.decode(this.bytes.subarray(this.pos, stop));
    } catch {
      throw this.fault("not valid UTF-8");
    }
  }

  private skip(wireType: number, end: number): void {
    switch (wireType) {
      case 0:
        this.longVarint(end);
        return;
      case 1:
        this.advance(8, end);
        return;
      case 2:
        this.pos = this.delimited(end);
        return;
      case 5:
        this.advance(4, end);
        return;
      default:
        throw this.fault(`wire type ${wireType} does not occur in ONNX`);
    }
  }

  /** Reads a length and yields where the content stops. */
  private delimited(end: number): number {
    const length = this.smallVarint(end, "length");
    if (length > end - this.pos) {
      throw this.fault(`claims ${length} bytes where ${end - this.pos} are left`);
    }
    return this.pos + length;
  }

  private advance(count: number, end: number): void {
    if (count > end - this.pos) throw this.fault("ends in the middle of a number");
    this.pos += count;
  }

  /** A varint below 2^32. */
  private smallVarint(end: number, what: string): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 5; i++) {
      if (this.pos >= end) throw this.fault(`ends in the middle of a ${what}`);
      const byte = this.bytes[this.pos++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
      scale *= 128;
    }
    throw this.fault(`${what} is over 32 bits`);
  }

  private longVarint(end: number): void {
    for (let i = 0; i < 10; i++) {
      if (this.pos >= end) throw this.fault("ends in the middle of a number");
      if ((this.bytes[this.pos++] as number) < 0x80) return;
    }
    throw this.fault("a number is longer than 10 bytes");
  }

  private spend(what: "messages" | "numbers", count: number): void {
    if (count > this.budget[what]) {
      throw new AssayError("onnx/unsupported", `${this.path()}: more ${what} than the limit`, {
        hint: "store tensors as raw_data or external data, or raise the importer's limits",
      });
    }
    this.budget[what] -= count;
  }

  private rulesOf(schema: DescMessage): ReadonlyMap<number, FieldRule> {
    let rules = this.rules.get(schema);
    if (rules === undefined) {
      rules = new Map(schema.fields.map((f) => [f.number, ruleOf(f)]));
      this.rules.set(schema, rules);
    }
    return rules;
  }

  private path(): string {
    return [this.where, ...this.trail].filter((s) => s !== "").join(".");
  }

  private fault(message: string): AssayError {
    return malformed(this.path(), `${message} (byte ${this.pos})`);
  }
}

function ruleOf(field: DescField): FieldRule {
  const repeated = field.fieldKind === "list";
  const scalar = field.scalar;
  const content: Content =
    field.message !== undefined ? "message" : scalar === undefined ? "varint" : contentOf(scalar);
  return { name: field.name, content, repeated, message: field.message };
}

function contentOf(scalar: ScalarType): Content {
  switch (scalar) {
    case ScalarType.STRING:
      return "string";
    case ScalarType.BYTES:
      return "bytes";
    case ScalarType.FLOAT:
      return "fixed32";
    case ScalarType.DOUBLE:
      return "fixed64";
    default:
      return "varint";
  }
}
