import type { ElementProgram } from "../../../program/types.js";
import { SCALAR_FUNCTIONS } from "../../../scalar/functions/index.js";
import { encodeModule } from "../encoder.js";
import { ConstantPool, FunctionBody } from "../function-body.js";
import { FunctionLibrary, type FunctionTable } from "./functions.js";
import { canonicalKernel, type Kernel } from "./kernel.js";
import { rangeType, rowsFunction } from "./rows.js";
import { type Schedule, scheduleOf } from "./schedule.js";

export interface GenerateOptions {
  /** Whether the imported memory is shared between threads. */
  readonly shared?: boolean;
  /** Whether the program is a stage of a recurrence: `units` then divide evenly among its steps. */
  readonly timeMajor?: boolean;
  /** The programs of function ops. */
  readonly functions?: FunctionTable;
}

/** A module and how its work can be divided. */
export interface GeneratedModule {
  readonly bytes: Uint8Array;
  /** `run` takes a range of units 0 ≤ begin ≤ end ≤ units; 0 for an output without elements. */
  readonly units: number;
  /** Fewest units worth a thread's attention. */
  readonly grain: number;
}

/**
 * Compiles a valid program to a WebAssembly module: imports `env.memory`, exports
 * `run(out, source…, begin, end)` with byte addresses (i32, unsigned). The output must not overlap
 * a source. Pure: equal programs give equal bytes. Throws `backend/unavailable`.
 */
export function generate(program: ElementProgram, options: GenerateOptions = {}): GeneratedModule {
  const kernel = canonicalKernel(program, options.timeMajor);
  if (program.out.includes(0)) {
    return {
      bytes: assemble([emptyRun(kernel)], 0, new ConstantPool(), options),
      units: 0,
      grain: 1,
    };
  }
  const schedule = scheduleOf(kernel);
  const functions = new FunctionLibrary(options.functions ?? SCALAR_FUNCTIONS, 2);
  const rows = rowsFunction(kernel, schedule, functions);
  const constants = new ConstantPool();
  const bodies = [rows, runFunction(kernel, schedule), ...functions.bodies(constants)];
  return {
    bytes: assemble(bodies, 1, constants, options),
    units: schedule.units,
    grain: schedule.grain,
  };
}

/** How the work of a program divides, without generating code. Throws `backend/unavailable`. */
export function unitsOf(
  program: ElementProgram,
  timeMajor = false,
): { units: number; grain: number } {
  if (program.out.includes(0)) return { units: 0, grain: 1 };
  const { units, grain } = scheduleOf(canonicalKernel(program, timeMajor));
  return { units, grain };
}

export function generateModule(program: ElementProgram, options: GenerateOptions = {}): Uint8Array {
  return generate(program, options).bytes;
}

function assemble(
  bodies: readonly FunctionBody[],
  run: number,
  constants: ConstantPool,
  options: GenerateOptions,
): Uint8Array {
  const globals = constants.values.length;
  const functions = globals > 0 ? [...bodies, setConstants(constants)] : bodies;
  return encodeModule({
    memory: { min: 1, max: 65536, shared: options.shared ?? false },
    globals,
    functions: functions.map((b) => ({ type: b.type, body: b.bytes() })),
    exports: [{ name: "run", function: run }],
    ...(globals > 0 ? { start: bodies.length } : {}),
  });
}

/**
 * Sets the constants when the module is instantiated. An initial value in the global itself would be
 * the same thing, but V8 up to 11.3 at least reverses its bytes on big-endian machines (found with
 * Node 20.11 on s390x, where every function called in a scalar was wrong).
 */
function setConstants({ values }: ConstantPool): FunctionBody {
  const f = new FunctionBody({ params: [], results: [] });
  values.forEach((bytes, index) => {
    f.v128(bytes).setGlobal(index);
  });
  return f;
}

function emptyRun(kernel: Kernel): FunctionBody {
  return new FunctionBody(rangeType(kernel));
}

/**
 * Divides a range into batches, each a call of the rows function (index 0): an engine that starts
 * with quick code can only change over to optimised code between calls.
 */
function runFunction(kernel: Kernel, schedule: Schedule): FunctionBody {
  const f = new FunctionBody(rangeType(kernel));
  const begin = 1 + kernel.sources.length;
  const end = begin + 1;
  const next = f.local("i32");
  f.block((done) => {
    f.loop((again) => {
      f.get(begin).get(end).op("i32.ge_u").brIf(done);
      f.get(begin).i32(schedule.batch).op("i32.add").tee(next);
      f.get(end);
      f.get(next).get(end).op("i32.lt_u").op("select").set(next);
      for (let p = 0; p <= begin; p++) f.get(p);
      f.get(next).call(0);
      f.get(next).set(begin).br(again);
    });
  });
  return f;
}
