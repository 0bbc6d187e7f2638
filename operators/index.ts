/** The reproducible-operator library: definitions, element programs, backends. */

export { interpret, runProgram, runScan } from "./backends/interpreter/index.js";
export { InterpreterMachine } from "./backends/interpreter/machine.js";
export {
  type Call,
  type CallSource,
  type ConstantBytes,
  isScan,
  type Machine,
  type MachineCall,
  type MachineMemory,
  type ScanCall,
  takingTurns,
} from "./backends/machine.js";
export { WasmBackend } from "./backends/wasm/index.js";
export * from "./basis.js";
export * from "./definitions/definition.js";
export { DEFINITIONS, findDefinition, resolveVersion } from "./definitions/registry.js";
export * from "./definitions/shared/context.js";
export { fuseWork } from "./fusion/fuse.js";
export { type Place, type PlacedWork, placedWork } from "./fusion/places.js";
export type { FusionLimits, Work, WorkCall } from "./fusion/work.js";
export * from "./program/builder.js";
export { isFunctionOp, MICRO_OPS, type MicroOp, weightOf } from "./program/micro-ops.js";
export * from "./program/types.js";
export { affineRange, validateFunction, validateProgram } from "./program/validate.js";
