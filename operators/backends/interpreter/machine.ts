import { DTYPES, elementCount } from "../../dtype.js";
import { AssayError } from "../../errors.js";
import {
  type Call,
  isScan,
  type Machine,
  type MachineCall,
  type MachineMemory,
} from "../machine.js";
import { interpretInto, interpretScan, type ScanMember } from "./index.js";
import { readerOf, writerOf } from "./storage.js";

/** The interpreter over an arena: the slow machine whose bytes are the definition. */
export class InterpreterMachine implements Machine {
  readonly name = "interpreter";
  private arena = new Uint8Array(0);
  private calls: readonly MachineCall[] = [];

  estimate(_calls: readonly MachineCall[], arenaBytes: number): MachineMemory {
    return { totalBytes: arenaBytes, packedBytes: 0, sharedBytes: 0 };
  }

  async load(calls: readonly MachineCall[], arenaBytes: number): Promise<void> {
    try {
      this.arena = new Uint8Array(arenaBytes);
    } catch (cause) {
      throw new AssayError("model/too-large", `cannot allocate ${arenaBytes} bytes`, { cause });
    }
    this.calls = calls;
  }

  constantsReady(): void {}

  bytes(offset: number, length: number): Uint8Array {
    return this.arena.subarray(offset, offset + length);
  }

  run(first: number, end: number): void {
    for (const call of this.calls.slice(first, end)) this.execute(call);
  }

  async close(): Promise<void> {
    this.arena = new Uint8Array(0);
    this.calls = [];
  }

  private execute(call: MachineCall): void {
    if (isScan(call)) {
      interpretScan(
        call.steps,
        call.calls.map((c) => this.member(c)),
      );
      return;
    }
    const { program, readers, write } = this.member(call);
    interpretInto(program, readers, write);
  }

  private member({ program, sources, out }: Call): ScanMember {
    const readers = program.sources.map(({ dtype, length }, i) => {
      const offset = sources[i]?.offset as number;
      return readerOf(dtype, this.bytes(offset, length * DTYPES[dtype].size));
    });
    const length = elementCount(program.out) * DTYPES[program.dtype].size;
    return { program, readers, write: writerOf(program.dtype, this.bytes(out, length)) };
  }
}
