import { DTYPES, REGISTER_CODES } from "../dtype.js";
import { AssayError } from "../errors.js";
import { MICRO_OPS } from "./micro-ops.js";
import type {
  Affine,
  Body,
  ElementProgram,
  FunctionInstruction,
  IndexExpression,
  Instruction,
  Literal,
  ScalarFunction,
} from "./types.js";

/** Version of this encoding, its first byte. */
const ENCODING_VERSION = 1;

const KIND = { constant: 1, state: 2, coordinate: 3, read: 4, operate: 5, parameter: 6 } as const;

/**
 * Canonical bytes of an element program: one encoding per program, little endian, every list
 * preceded by its length as u16, integers as i64, so that a digest of them binds the program.
 */
export function programBytes(program: ElementProgram): Uint8Array {
  const w = new ByteWriter();
  w.u8(ENCODING_VERSION);
  w.list(program.sources, (s) => {
    w.u8(DTYPES[s.dtype].code);
    w.i64(s.length);
  });
  w.u8(DTYPES[program.dtype].code);
  w.integers(program.out);
  w.integers(program.fold);
  w.list(program.when, (a) => writeAffine(w, a));
  w.list(program.init, (l) => writeLiteral(w, l));
  writeBody(w, program.step);
  writeBody(w, program.finish);
  return w.bytes();
}

/** Canonical bytes of a scalar function: what a proof over all inputs is about. */
export function functionBytes(f: ScalarFunction): Uint8Array {
  const w = new ByteWriter();
  w.u8(ENCODING_VERSION);
  w.u8(MICRO_OPS[f.name].code);
  w.list(f.parameters, (p) => w.u8(REGISTER_CODES[p]));
  w.list(f.code, (i) => writeInstruction(w, i));
  w.u16(f.result);
  return w.bytes();
}

function writeBody(w: ByteWriter, body: Body): void {
  w.list(body.code, (i) => writeInstruction(w, i));
  w.list(body.results, (r) => w.u16(r));
}

function writeInstruction(w: ByteWriter, i: Instruction | FunctionInstruction): void {
  w.u8(KIND[i.kind]);
  switch (i.kind) {
    case "constant":
      return writeLiteral(w, i.value);
    case "state":
    case "parameter":
      return w.u16(i.index);
    case "coordinate":
      return writeAffine(w, i.value);
    case "read":
      w.u16(i.source);
      w.integers(i.view);
      w.list(i.index, (x) => writeIndex(w, x));
      return writeLiteral(w, i.pad);
    case "operate":
      w.u8(MICRO_OPS[i.op].code);
      return w.list(i.args, (a) => w.u16(a));
  }
}

function writeIndex(w: ByteWriter, x: IndexExpression): void {
  writeAffine(w, x);
  w.list(x.registers, (r) => {
    w.u16(r.register);
    w.i64(r.coefficient);
  });
}

function writeAffine(w: ByteWriter, a: Affine): void {
  w.i64(a.constant);
  w.integers(a.out);
  w.integers(a.fold);
}

function writeLiteral(w: ByteWriter, l: Literal): void {
  w.u8(REGISTER_CODES[l.type]);
  w.u64(l.bits);
}

/**
 * Little-endian writer over a growing buffer; the one way canonical bytes are made. Whatever a field
 * cannot hold is refused with `graph/invalid`, never wrapped: two things must not share their bytes.
 */
export class ByteWriter {
  private buffer = new Uint8Array(256);
  private view = new DataView(this.buffer.buffer);
  private length = 0;

  private reserve(extra: number): number {
    const at = this.length;
    if (at + extra > this.buffer.length) {
      const grown = new Uint8Array(Math.max(this.buffer.length * 2, at + extra));
      grown.set(this.buffer);
      this.buffer = grown;
      this.view = new DataView(grown.buffer);
    }
    this.length += extra;
    return at;
  }

  u8(value: number): void {
    requireBelow(value, 0x100);
    const at = this.reserve(1);
    this.view.setUint8(at, value);
  }
  u16(value: number): void {
    requireBelow(value, 0x10000);
    const at = this.reserve(2);
    this.view.setUint16(at, value, true);
  }
  u32(value: number): void {
    requireBelow(value, 0x100000000);
    const at = this.reserve(4);
    this.view.setUint32(at, value, true);
  }
  /** A safe integer. */
  i64(value: number): void {
    if (!Number.isSafeInteger(value)) throw unencodable(`${value} is not a safe integer`);
    const at = this.reserve(8);
    this.view.setBigInt64(at, BigInt(value), true);
  }
  u64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw unencodable(`${value} is not a u64`);
    const at = this.reserve(8);
    this.view.setBigUint64(at, value, true);
  }
  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }
  list<T>(items: readonly T[], write: (item: T) => void): void {
    if (items.length > 0xffff) throw unencodable(`a list of ${items.length} items (at most 65535)`);
    this.u16(items.length);
    for (const item of items) write(item);
  }
  integers(values: readonly number[]): void {
    this.list(values, (v) => this.i64(v));
  }
  /** UTF-8 preceded by its length as u32. */
  text(value: string): void {
    // The encoder writes U+FFFD for every unpaired surrogate, so that different names would agree.
    if (/\p{Cs}/u.test(value)) throw unencodable("a text with half of a surrogate pair");
    const bytes = new TextEncoder().encode(value);
    this.u32(bytes.length);
    this.raw(bytes);
  }
  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

function requireBelow(value: number, limit: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= limit) {
    throw unencodable(`${value} is not in [0, ${limit})`);
  }
}

function unencodable(what: string): AssayError {
  return new AssayError("graph/invalid", `canonical bytes cannot hold ${what}`);
}
