import { ByteWriter } from "../../program/bytes.js";
import { type FunctionType, signed, unsigned, vector } from "./encoder.js";
import {
  CONTROL,
  LANE,
  type Lane,
  MEMORY,
  MEMORY_LANE,
  type Memory,
  type MemoryLane,
  PLAIN,
  type Plain,
  VALUE_TYPES,
  type ValueType,
} from "./opcodes.js";

/** Index of a local; parameters come first. */
export type Local = number;

/** A branch target: the nesting depth at which its block was opened. */
export type Label = number;

/**
 * Writes one function, instruction by instruction, in stack order. Blocks are closures, so that
 * their ends cannot be forgotten and branch depths are counted here.
 */
export class FunctionBody {
  private readonly code = new ByteWriter();
  private readonly prologue = new ByteWriter();
  private readonly prepared = new Map<string, Local>();
  private readonly locals: ValueType[] = [];
  private readonly free = new Map<ValueType, Local[]>();
  private depth = 0;

  /** With `constants`, vector constants are globals of the module; else locals set on entry. */
  constructor(
    readonly type: FunctionType,
    private readonly constants?: ConstantPool,
  ) {}

  local(type: ValueType): Local {
    this.locals.push(type);
    return this.type.params.length + this.locals.length - 1;
  }

  /** Lends locals to `use`; they are reused once it returns. */
  scratch(types: readonly ValueType[], use: (...locals: Local[]) => void): void {
    const lent = types.map((t) => this.free.get(t)?.pop() ?? this.local(t));
    use(...lent);
    types.forEach((t, i) => {
      const pool = this.free.get(t) ?? [];
      pool.push(lent[i] as Local);
      this.free.set(t, pool);
    });
  }

  private opcode(code: number): void {
    writeOpcode(this.code, code);
  }

  op(name: Plain): this {
    this.opcode(PLAIN[name]);
    return this;
  }

  get(local: Local): this {
    return this.indexed("local.get", local);
  }

  set(local: Local): this {
    return this.indexed("local.set", local);
  }

  tee(local: Local): this {
    return this.indexed("local.tee", local);
  }

  global(index: number): this {
    return this.indexed("global.get", index);
  }

  setGlobal(index: number): this {
    return this.indexed("global.set", index);
  }

  call(index: number): this {
    return this.indexed("call", index);
  }

  private indexed(
    name: "local.get" | "local.set" | "local.tee" | "global.get" | "global.set" | "call",
    i: number,
  ) {
    this.opcode(CONTROL[name]);
    unsigned(this.code, i);
    return this;
  }

  /** Any integer, taken modulo 2^32. */
  i32(value: number | bigint): this {
    this.opcode(CONTROL["i32.const"]);
    signed(this.code, BigInt.asIntN(32, BigInt(value)));
    return this;
  }

  /** Any integer, taken modulo 2^64. */
  i64(value: number | bigint): this {
    this.opcode(CONTROL["i64.const"]);
    signed(this.code, BigInt.asIntN(64, BigInt(value)));
    return this;
  }

  f32Bits(bits: bigint): this {
    this.opcode(CONTROL["f32.const"]);
    this.code.u32(Number(bits));
    return this;
  }

  f64Bits(bits: bigint): this {
    this.opcode(CONTROL["f64.const"]);
    this.code.u64(bits);
    return this;
  }

  /** A vector constant, kept out of loops: engines build one from several moves. */
  v128(bytes: Uint8Array): this {
    if (this.constants) return this.global(this.constants.index(bytes));
    const key = bytes.join();
    let local = this.prepared.get(key);
    if (local === undefined) {
      local = this.local("v128");
      this.prepared.set(key, local);
      writeOpcode(this.prologue, CONTROL["v128.const"]);
      this.prologue.raw(bytes);
      writeOpcode(this.prologue, CONTROL["local.set"]);
      unsigned(this.prologue, local);
    }
    return this.get(local);
  }

  /** Picks 16 bytes of the 32 on the stack (two vectors). */
  shuffle(bytes: readonly number[]): this {
    this.opcode(CONTROL["i8x16.shuffle"]);
    for (const b of bytes) this.code.u8(b);
    return this;
  }

  memory(name: Memory, offset = 0): this {
    this.opcode(MEMORY[name]);
    return this.immediate(offset);
  }

  memoryLane(name: MemoryLane, lane: number, offset = 0): this {
    this.opcode(MEMORY_LANE[name]);
    this.immediate(offset);
    this.code.u8(lane);
    return this;
  }

  /** Alignment hints are left at one byte: tensors are not aligned by contract. */
  private immediate(offset: number): this {
    unsigned(this.code, 0);
    unsigned(this.code, offset);
    return this;
  }

  lane(name: Lane, lane: number): this {
    this.opcode(LANE[name]);
    this.code.u8(lane);
    return this;
  }

  /** A block whose label leads behind its end. */
  block(body: (end: Label) => void): this {
    return this.nested(CONTROL.block, body);
  }

  /** A loop whose label leads back to its start. */
  loop(body: (start: Label) => void): this {
    return this.nested(CONTROL.loop, body);
  }

  /** Pops an i32. */
  if(then: () => void, otherwise?: () => void): this {
    return this.nested(CONTROL.if, () => {
      then();
      if (otherwise) {
        this.opcode(CONTROL.else);
        otherwise();
      }
    });
  }

  private nested(opcode: number, body: (label: Label) => void): this {
    this.opcode(opcode);
    this.code.u8(0x40);
    this.depth++;
    body(this.depth);
    this.depth--;
    this.opcode(CONTROL.end);
    return this;
  }

  br(label: Label): this {
    return this.branch("br", label);
  }

  brIf(label: Label): this {
    return this.branch("br_if", label);
  }

  private branch(name: "br" | "br_if", label: Label): this {
    this.opcode(CONTROL[name]);
    unsigned(this.code, this.depth - label);
    return this;
  }

  /** The finished body: declarations in runs of one type, code, `end`. */
  bytes(): Uint8Array {
    const w = new ByteWriter();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    vector(w, runs, (r) => {
      unsigned(w, r.count);
      w.u8(VALUE_TYPES[r.type]);
    });
    w.raw(this.prologue.bytes());
    w.raw(this.code.bytes());
    w.u8(CONTROL.end);
    return w.bytes();
  }
}

function writeOpcode(w: ByteWriter, code: number): void {
  if (code > 0xff) {
    w.u8(code >> 16);
    unsigned(w, code & 0xffff);
  } else w.u8(code);
}

/** The vector constants of a module, each once. */
export class ConstantPool {
  readonly values: Uint8Array[] = [];
  private readonly known = new Map<string, number>();

  index(bytes: Uint8Array): number {
    const key = bytes.join();
    const found = this.known.get(key);
    if (found !== undefined) return found;
    this.known.set(key, this.values.length);
    return this.values.push(bytes) - 1;
  }
}
