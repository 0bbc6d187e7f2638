import { DTYPES, elementCount } from "../../../dtype.js";
import { programBytes } from "../../../program/bytes.js";
import type { ElementProgram, ReadInstruction } from "../../../program/types.js";
import { type Call, isScan, type MachineCall, type ScanCall } from "../../machine.js";
import { type Epilogue, epilogueOf, type Operand, operandOf } from "../contraction/operands.js";
import {
  type Axes,
  type Contraction,
  constantOffset,
  foldOffsets,
  outOffsets,
  recogniseContraction,
} from "../contraction/recognise.js";
import { recogniseIntegers } from "../contraction/recognise-integers.js";
import { contractStep, epilogueBits } from "./contract-step.js";
import { type Contractor, EPILOGUE_MAP } from "./contractor.js";
import { lowerIntegers, type Surroundings } from "./lower-integers.js";
import { ARENA_BASE, MemoryMap } from "./memory-map.js";
import { formatOf, isLarge, isWorthwhile, type Packing, packRequest } from "./packings.js";
import type { ContractStep, KernelStep, Step } from "./steps.js";

/** Elements of a cache line, whatever their size. */
const LINE = 64;

/** What a machine must place, compile and run. Addresses are final once `memory` is laid out. */
export interface LoweredCalls {
  readonly programs: readonly PlacedProgram[];
  /** Steps that run once: those of a packing when its constant is given, others after all of them. */
  readonly loadSteps: readonly Step[];
  readonly packings: readonly Packing[];
  readonly steps: readonly Step[];
  /** Call i is steps `stepsOf[i]` … `stepsOf[i + 1] − 1`. */
  readonly stepsOf: readonly number[];
  readonly memory: MemoryMap;
}

/** A program to compile, and whether it is a stage of a recurrence. */
export interface PlacedProgram {
  readonly program: ElementProgram;
  readonly timeMajor: boolean;
}

/** How a program's range is cut; asked of the generator. */
export type UnitsOf = (
  program: ElementProgram,
  timeMajor?: boolean,
) => {
  readonly units: number;
  readonly grain: number;
};

export function lowerCalls(
  calls: readonly MachineCall[],
  arenaBytes: number,
  threads: number,
  unitsOf: UnitsOf,
  contractor: Contractor,
): LoweredCalls {
  const lower = (scratchBytes: number): LoweredCalls => {
    const map = new MemoryMap(arenaBytes, scratchBytes);
    const lowering = new CallLowering(map, threads, unitsOf, contractor, arenaBytes);
    const stepsOf = [0];
    let before: Call | undefined;
    for (const call of calls) {
      if (isScan(call)) lowering.scan(call);
      else lowering.call(placed(call), before);
      before = isScan(call) ? undefined : placed(call);
      stepsOf.push(lowering.steps.length);
    }
    const { programs, loadSteps, packings, steps, memory } = lowering;
    return { programs, loadSteps, packings, steps, stepsOf, memory };
  };
  return lower(lower(0).memory.scratchPeak);
}

/** A call with addresses in place of arena offsets. */
function placed({ program, sources, out }: Call): Call {
  return {
    program,
    sources: sources.map((s) => ({ ...s, offset: ARENA_BASE + s.offset })),
    out: ARENA_BASE + out,
  };
}

class CallLowering implements Surroundings {
  readonly programs: PlacedProgram[] = [];
  readonly loadSteps: Step[] = [];
  readonly packings: Packing[] = [];
  readonly steps: Step[] = [];
  private readonly kernelOf = new Map<string, number>();

  constructor(
    readonly memory: MemoryMap,
    readonly threads: number,
    private readonly unitsOf: UnitsOf,
    readonly contractor: Contractor,
    private readonly arenaBytes: number,
  ) {}

  call(call: Call, before: Call | undefined): void {
    this.memory.releaseScratch();
    const { program } = call;
    const shape = recogniseContraction(program);
    const integers = recogniseIntegers(program);
    if (shape && isWorthwhile(program, shape)) this.contraction(call, shape);
    else if (integers && isLarge(program, integers.shape)) {
      lowerIntegers(this, call, integers, before);
    } else {
      const sources = call.sources.map((s) => s.offset);
      this.steps.push(this.elements(call.program, call.out, sources));
    }
  }

  /** A program element by element: by the contractor where it takes such maps, else generated. */
  elements(program: ElementProgram, out: number, sources: readonly number[]): Step {
    const map = this.contractor.maps?.(program, out, sources);
    if (!map) return this.kernel(program, out, sources);
    const { elements: units, grain } = map;
    const record = this.memory.words(map.words);
    // Parts end at whole cache lines of the output.
    const chunk = Math.max(grain, Math.ceil(units / (4 * this.threads * LINE)) * LINE);
    return { kind: "map", record, units, chunk };
  }

  scan({ steps, calls }: ScanCall): void {
    this.memory.releaseScratch();
    const slices = calls.map(placed).map(({ program, out, sources }) => {
      const addresses = [out, ...sources.map((s) => s.offset)];
      const { units } = this.unitsOf(program, true);
      return { kernel: this.compiled(program, true), addresses, units: units / steps };
    });
    this.steps.push({ kind: "scan", steps, slices, units: 1, chunk: 1 });
  }

  kernel(program: ElementProgram, out: number, sources: readonly number[]): KernelStep {
    const { units, grain } = this.unitsOf(program);
    const chunk = Math.max(1, grain, Math.ceil(units / (4 * this.threads)));
    const kernel = this.compiled(program, false);
    return { kind: "kernel", kernel, addresses: [out, ...sources], units, chunk };
  }

  /** Position of the program's module. */
  private compiled(program: ElementProgram, timeMajor: boolean): number {
    const key = `${timeMajor} ${latin1(programBytes(program))}`;
    const known = this.kernelOf.get(key);
    if (known !== undefined) return known;
    this.programs.push({ program, timeMajor });
    this.kernelOf.set(key, this.programs.length - 1);
    return this.programs.length - 1;
  }

  private contraction(call: Call, shape: Contraction): void {
    const { program } = call;
    const depth = elementCount(program.fold);
    const [a, b] = [shape.a, shape.b].map((read) =>
      this.operand(call, shape, read, read === shape.b),
    ) as [PlacedOperand, PlacedOperand];
    const epilogue = epilogueOf(program, shape);
    const outBytes = 4 * elementCount(program.out);
    const inPlace = epilogue.kind === "map" ? this.mapInPlace(call, shape, epilogue.program) : 0;
    const apart = epilogue.kind === "map" && !inPlace;
    const c = apart ? this.memory.scratch(outBytes) : call.out;
    const offN = outOffsets(b.operand.read, b.operand.view, program.out, shape.columns);
    const mode = this.modeOf(shape, b, depth, offN);
    const tables = this.tables(program, shape, a, b, offN);
    const { panel } = this.contractor;
    const panels = Math.ceil(shape.columns.count / panel);
    const loops = this.loopOffsets(call, shape, a, b, epilogue);
    const jobs = loops.map((offsets) => {
      const packed = b.here ? this.memory.reserve(panels * depth * panel * 4) : 0;
      const job = this.memory.words(
        Uint32Array.of(
          shape.rows.count,
          shape.columns.count,
          depth,
          a.base + offsets.a,
          tables.offM,
          tables.offAk,
          b.base + offsets.b,
          tables.offN,
          tables.offBk,
          packed,
          c + offsets.c,
          shape.columns.count,
          inPlace || offsets.bias,
          inPlace ? EPILOGUE_MAP : epilogueBits(epilogue),
          offsets.residual,
          formatOf(b.packing?.request),
          // Where a packer will have put B and A.
          ...[0, 0, 0, 0],
        ),
      );
      if (b.here) {
        const chunk = Math.max(1, Math.ceil(panels / (4 * this.threads)));
        b.packing?.steps.push(this.loadSteps.length);
        this.loadSteps.push({ kind: "pack", job, units: panels, chunk });
      }
      for (const { packing } of [a, b]) packing?.jobs.push(job);
      return job;
    });
    this.steps.push(contractStep(mode, jobs, shape, depth, this.threads, this.contractor));
    if (epilogue.kind === "map" && apart) {
      const sources = [...call.sources.map((s) => s.offset), c];
      this.steps.push(this.elements(epilogue.program, call.out, sources));
    }
  }

  /** Address of the record of a map that the contractor runs where the sums lie; 0: it does not. */
  private mapInPlace(call: Call, shape: Contraction, map: ElementProgram): number {
    if (map.dtype !== "f32") return 0;
    const sources = [...call.sources.map((s) => s.offset), call.out];
    const taken = this.contractor.maps?.(map, call.out, sources, shape.columns.count);
    return taken ? this.memory.words(taken.words) : 0;
  }

  /** A column operand that is used once is packed only where that pays. */
  private modeOf(
    shape: Contraction,
    b: PlacedOperand,
    depth: number,
    offN: Int32Array,
  ): ContractStep["mode"] {
    if (b.constant) return "packed";
    const { rows, columns } = shape;
    const inPlace = this.contractor.prefersInPlace(rows.count, columns.count, depth);
    return inPlace && offN.every((offset, i) => offset === 4 * i) ? "direct" : "fresh";
  }

  /** Where the kernel reads an operand, and how it is packed if it is constant. */
  private operand(
    call: Call,
    shape: Contraction,
    read: ReadInstruction,
    isColumns: boolean,
  ): PlacedOperand {
    const { program } = call;
    const at = call.sources[read.source] as Call["sources"][number];
    const { packer } = this.contractor;
    const packs = at.constant && (isColumns || packer !== undefined);
    const operand = operandOf(program, read, packs ? packer?.takes : undefined);
    if (!packs || (!isColumns && operand.copy)) {
      const base = this.place(operand, at.offset, at.constant);
      return { operand, constant: at.constant, base, here: false };
    }
    const { dtype, length } = program.sources[read.source] as ElementProgram["sources"][number];
    const bytes = length * DTYPES[dtype].size;
    const isOutside = at.offset - ARENA_BASE >= this.arenaBytes;
    const staged = isOutside && (operand.copy !== undefined || !packer);
    const from = staged ? this.memory.scratch(bytes) : at.offset;
    const steps: number[] = [];
    let base = from;
    const copyBytes = 4 * elementCount(operand.view);
    if (operand.copy) {
      base = this.memory.scratch(copyBytes);
      steps.push(this.loadSteps.length);
      this.loadSteps.push(this.kernel(operand.copy, base, [from]));
    }
    const packing: Packing = {
      offset: at.offset - ARENA_BASE,
      bytes,
      ...(staged ? { stagedAt: from } : {}),
      ...(operand.copy ? { copied: { at: base, bytes: copyBytes } } : {}),
      steps,
      jobs: [],
      ...(packer ? { request: packRequest(program, shape, operand, isColumns) } : {}),
    };
    this.packings.push(packing);
    return { operand, constant: true, base, packing, here: !packer };
  }

  /** Where an operand is read that is not packed at load. A constant is copied once, if at all. */
  private place(operand: Operand, offset: number, constant: boolean): number {
    if (!operand.copy) return offset;
    const bytes = 4 * elementCount(operand.view);
    const at = constant ? this.memory.reserve(bytes) : this.memory.scratch(bytes);
    (constant ? this.loadSteps : this.steps).push(this.kernel(operand.copy, at, [offset]));
    return at;
  }

  private tables(
    program: ElementProgram,
    shape: Contraction,
    a: PlacedOperand,
    b: PlacedOperand,
    columns: Int32Array,
  ) {
    const { out, fold } = program;
    const table = (values: Int32Array): number => this.memory.words(values);
    // Who packs elsewhere has tables of its own.
    const tablesOf = (operand: PlacedOperand, outer: () => Int32Array): [number, number] => {
      if (operand.packing?.request) return [0, 0];
      const { read, view } = operand.operand;
      return [table(outer()), table(foldOffsets(read, view, fold))];
    };
    const { read, view } = a.operand;
    const [offM, offAk] = tablesOf(a, () => outOffsets(read, view, out, shape.rows));
    const [offN, offBk] = tablesOf(b, () => columns);
    return { offM, offAk, offN, offBk };
  }

  /** Byte offsets of both operands, the result and the bias for every loop position. */
  private loopOffsets(
    call: Call,
    shape: Contraction,
    a: PlacedOperand,
    b: PlacedOperand,
    epilogue: Epilogue,
  ) {
    const { out } = call.program;
    const along = ({ operand }: PlacedOperand): number[] => {
      const base = constantOffset(operand.read, operand.view);
      return [...outOffsets(operand.read, operand.view, out, shape.loops)].map((x) => base + x);
    };
    const [fromA, fromB] = [along(a), along(b)];
    const added = epilogue.kind === "sum" ? epilogue : undefined;
    const bias = added?.bias ? this.readOffsets(call, added.bias.read, shape.loops) : [];
    const residual = added?.residual ? this.readOffsets(call, added.residual, shape.loops) : [];
    const block = 4 * shape.rows.count * shape.columns.count;
    return fromA.map((x, i) => ({
      a: x,
      b: fromB[i] as number,
      c: i * block,
      bias: bias[i] ?? 0,
      residual: residual[i] ?? 0,
    }));
  }

  /** Addresses of what a finish reads, by loop position. */
  private readOffsets(call: Call, read: ReadInstruction, loops: Axes): number[] {
    const base = call.sources[read.source]?.offset as number;
    const from = base + constantOffset(read, read.view);
    return [...outOffsets(read, read.view, call.program.out, loops)].map((x) => x + from);
  }
}

interface PlacedOperand {
  readonly operand: Operand;
  readonly constant: boolean;
  readonly base: number;
  readonly packing?: Packing;
  /** Packed by the kernel, in the machine's memory. */
  readonly here: boolean;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const b of bytes) text += String.fromCharCode(b);
  return text;
}
