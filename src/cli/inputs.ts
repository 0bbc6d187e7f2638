import { AssayError, type Tensor } from "../../operators/basis.js";
import { readFile } from "../files/disk.js";
import { parseTensorFile } from "../files/parse.js";
import type { Plan, PlanOutput, PlanValue } from "../graph/plan.js";
import type { Graph, ValueInfo } from "../graph/types.js";
import { listed } from "./printable.js";
import { suggestion } from "./suggest.js";

/**
 * Splits `name=file` for names that the model has; where more than one begins the text, the longest
 * is meant. Throws `usage`.
 */
export function parseAssignments(
  option: string,
  specs: readonly string[],
  names: readonly string[],
): Map<string, string> {
  const files = new Map<string, string>();
  const longestFirst = [...names].sort((a, b) => b.length - a.length);
  for (const spec of specs) {
    const equals = spec.indexOf("=");
    const name =
      longestFirst.find((n) => spec.startsWith(`${n}=`)) ?? spec.slice(0, Math.max(0, equals));
    const file = spec.slice(name.length + 1);
    if (equals < 0 || name === "" || file === "") {
      throw new AssayError("usage", `--${option} takes name=file, got "${spec}"`, {
        hint: `the names are ${quoted(names)}`,
      });
    }
    if (!names.includes(name)) {
      throw new AssayError(
        "usage",
        `--${option}: the model has no ${option === "input" ? "input" : "output"} "${name}"`,
        {
          hint: suggestion(name, names, `it has ${quoted(names)}`),
        },
      );
    }
    if (files.has(name)) throw new AssayError("usage", `--${option}: "${name}" is given twice`);
    files.set(name, file);
  }
  return files;
}

function quoted(names: readonly string[]): string {
  return names.length === 0 ? "none" : listed(names.map((n) => `"${n}"`));
}

/** Reads all graph inputs. Throws `usage`, `input/missing` and what reading a tensor throws. */
export function loadInputs(graph: Graph, specs: readonly string[]): Map<string, Tensor> {
  const names = graph.inputs.map((v) => v.name);
  const files = parseAssignments("input", specs, names);
  return new Map(
    graph.inputs.map((info): [string, Tensor] => {
      const file = files.get(info.name);
      if (file === undefined) throw missing(info);
      return [info.name, parseTensorFile(file, readFile(file, `input "${info.name}"`), info)];
    }),
  );
}

function missing({ name, dtype, dims }: ValueInfo): AssayError {
  const shape = dims === null ? "" : `[${dims.map((d) => d ?? "?").join(",")}]`;
  return new AssayError("input/missing", `the input "${name}" (${dtype}${shape}) was not given`, {
    hint: `--input ${name}=<file.npy | file.pb | file.json>`,
  });
}

/**
 * Reads tensors that outputs are compared with, by output name, of the types that the plan gives
 * its outputs: a wrong file is found out before anything is computed.
 */
export function expectedTensors(plan: Plan, specs: readonly string[]): Map<string, Tensor> {
  const names = plan.outputs.map((v) => v.name);
  const files = parseAssignments("expect", specs, names);
  return new Map(
    [...files].map(([name, file]): [string, Tensor] => {
      const output = plan.outputs.find((v) => v.name === name) as PlanOutput;
      const type = plan.values[output.value] as PlanValue;
      return [name, parseTensorFile(file, readFile(file, `expected "${name}"`), type)];
    }),
  );
}
