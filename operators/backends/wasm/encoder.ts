import { ByteWriter } from "../../program/bytes.js";
import { VALUE_TYPES, type ValueType } from "./opcodes.js";

/** The binary format of modules: LEB128 numbers and sections. Nothing here knows about programs. */

export function unsigned(w: ByteWriter, value: number): void {
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    w.u8(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
}

export function signed(w: ByteWriter, value: bigint): void {
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    w.u8(done ? low : low | 0x80);
    if (done) return;
  }
}

export function vector<T>(w: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  unsigned(w, items.length);
  for (const item of items) write(item);
}

function name(w: ByteWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  unsigned(w, bytes.length);
  w.raw(bytes);
}

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface ModuleParts {
  /** The imported memory `env.memory`, in pages of 64 KiB. */
  readonly memory: { readonly min: number; readonly max: number; readonly shared: boolean };
  /** How many v128 globals there are; zero until the start function sets them. */
  readonly globals: number;
  /** The function that runs when the module is instantiated. */
  readonly start?: number;
  /** Bodies are complete: local declarations, code, `end`. */
  readonly functions: readonly { readonly type: FunctionType; readonly body: Uint8Array }[];
  readonly exports: readonly { readonly name: string; readonly function: number }[];
}

const SECTION = {
  type: 1,
  import: 2,
  function: 3,
  global: 6,
  export: 7,
  start: 8,
  code: 10,
} as const;

/** Assembles a module. Each function has a type of its own; engines share equal ones. */
export function encodeModule(parts: ModuleParts): Uint8Array {
  const w = new ByteWriter();
  w.raw(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00));
  section(w, SECTION.type, (s) => vector(s, parts.functions, (f) => functionType(s, f.type)));
  section(w, SECTION.import, (s) => memoryImport(s, parts.memory));
  section(w, SECTION.function, (s) => {
    vector(s, [...parts.functions.keys()], (index) => unsigned(s, index));
  });
  if (parts.globals > 0) {
    const zeros = new Array<Uint8Array>(parts.globals).fill(new Uint8Array(16));
    section(w, SECTION.global, (s) => vector(s, zeros, (bytes) => vectorGlobal(s, bytes)));
  }
  section(w, SECTION.export, (s) =>
    vector(s, parts.exports, (e) => {
      name(s, e.name);
      s.u8(0x00);
      unsigned(s, e.function);
    }),
  );
  const { start } = parts;
  if (start !== undefined) section(w, SECTION.start, (s) => unsigned(s, start));
  section(w, SECTION.code, (s) =>
    vector(s, parts.functions, (f) => {
      unsigned(s, f.body.length);
      s.raw(f.body);
    }),
  );
  return w.bytes();
}

function section(w: ByteWriter, id: number, write: (s: ByteWriter) => void): void {
  const content = new ByteWriter();
  write(content);
  const bytes = content.bytes();
  w.u8(id);
  unsigned(w, bytes.length);
  w.raw(bytes);
}

function functionType(w: ByteWriter, type: FunctionType): void {
  w.u8(0x60);
  vector(w, type.params, (t) => w.u8(VALUE_TYPES[t]));
  vector(w, type.results, (t) => w.u8(VALUE_TYPES[t]));
}

function memoryImport(w: ByteWriter, memory: ModuleParts["memory"]): void {
  unsigned(w, 1);
  name(w, "env");
  name(w, "memory");
  w.u8(0x02);
  // Limits: 0x01 with a maximum, 0x03 shared with a maximum.
  w.u8(memory.shared ? 0x03 : 0x01);
  unsigned(w, memory.min);
  unsigned(w, memory.max);
}

function vectorGlobal(w: ByteWriter, bytes: Uint8Array): void {
  w.u8(VALUE_TYPES.v128);
  w.u8(0x01);
  w.u8(0xfd);
  unsigned(w, 0x0c);
  w.raw(bytes);
  w.u8(0x0b);
}
