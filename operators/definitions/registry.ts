import type { OperatorDefinition } from "./definition.js";
import { matmul } from "./matmul.js";

/** Every definition, in alphabetical order of the files. */
export const DEFINITIONS: readonly OperatorDefinition[] = [matmul];

const BY_NAME = new Map<string, OperatorDefinition>(
  DEFINITIONS.map((d) => [`${d.domain}:${d.name}`, d]),
);

export function findDefinition(domain: string, name: string): OperatorDefinition | undefined {
  return BY_NAME.get(`${domain === "ai.onnx" ? "" : domain}:${name}`);
}

/** The schema version a node of opset `opset` uses, or `undefined` where it is too old. */
export function resolveVersion(definition: OperatorDefinition, opset: number): number | undefined {
  return definition.versions.filter((v) => v <= opset).at(-1);
}
