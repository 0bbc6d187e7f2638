/**
 * What receipts, trees and files need of the library: errors, dtypes, tensors, canonical bytes and
 * the numeric profile. No definition and no backend is loaded by it, which is most of the time that
 * a process takes to start: src takes from here what does not compute.
 */

export {
  type ElementReader,
  type ElementWriter,
  readerOf,
  writerOf,
} from "./backends/interpreter/storage.js";
export { canonicalNaNs, firstNonCanonical } from "./canonical.js";
export type { Attributes, LoweredOutput, Stage, UniformTensor } from "./definitions/definition.js";
export * from "./dtype.js";
export * from "./errors.js";
export * from "./profile.js";
export { ByteWriter, functionBytes, programBytes } from "./program/bytes.js";
export * from "./program/literal.js";
export type * from "./program/types.js";
export * from "./tensor.js";
