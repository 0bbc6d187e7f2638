import { AssayError, type Tensor } from "../../operators/index.js";
import { parseTensorFile } from "../files/parse.js";
import type { Graph, ValueInfo } from "../graph/types.js";
import { readFile } from "../files/disk.js";

/** Splits `name=file`; the name may itself hold "=" only if it is given as the graph spells it. */
export function parseAssignments(
  option: string,
  specs: readonly string[],
  names: readonly string[],
): Map<string, string> {
  const files = new Map<string, string>();
  for (const spec of specs) {
    const name = names.find((n) => spec.startsWith(`${n}=`)) ?? spec.slice(0, spec.indexOf("="));
    const file = spec.slice(name.length + 1);
    if (!spec.includes("=") || name === "" || file === "") {
      throw new AssayError("usage", `--${option} takes name=file, got "${spec}"`);
    }
    if (!names.includes(name)) {
      throw new AssayError("usage", `--${option}: the model has no "${name}"`, {
        hint: `it has ${names.map((n) => `"${n}"`).join(", ")}`,
      });
    }
    if (files.has(name)) throw new AssayError("usage", `--${option}: "${name}" is given twice`);
    files.set(name, file);
  }
  return files;
}

/** Reads all graph inputs. */
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
