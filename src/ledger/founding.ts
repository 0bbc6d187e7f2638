import { AssayError } from "../../operators/index.js";
import { DEFAULT_PARAMETERS, PARAMETERS, type Parameters } from "../settlement/parameters.js";
import { Refused } from "../settlement/refusals.js";

/** What a ledger gets when it is founded, and no file of parameters may say. */
export type Founding = Pick<Parameters, "salt" | "operator" | "beacon">;

/** Longest file of parameters that is read. */
export const MAX_PARAMETERS = 1 << 16;

type Tree = Readonly<Record<string, unknown>>;

/**
 * The parameters of a ledger: the defaults, with what a JSON text says instead. It need not say all;
 * a list is replaced as a whole. Throws `json/malformed` for a name that no parameter has, and for a
 * value that is not of its parameter's form.
 */
export function parametersFrom(text: string, founding: Founding): Parameters {
  const merged = overridden(DEFAULT_PARAMETERS, objectIn(text), "");
  try {
    return PARAMETERS.read({ ...merged, ...founding }, "parameters");
  } catch (cause) {
    if (!(cause instanceof Refused)) throw cause;
    throw malformed(cause.message, cause);
  }
}

function objectIn(text: string): Tree {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed("they are no JSON", cause);
  }
  if (!isTree(value)) throw malformed("they are no object");
  return value;
}

function overridden(defaults: Tree, changes: Tree, path: string): Tree {
  for (const name of Object.keys(changes)) {
    if (Object.hasOwn(defaults, name)) continue;
    const known = Object.keys(defaults).join(", ");
    throw malformed(`there is no "${path}${name}"; there are ${known}`);
  }
  const entries = Object.entries(defaults).map(([name, value]) => {
    if (!Object.hasOwn(changes, name)) return [name, value];
    const change = changes[name];
    const both = isTree(value) && isTree(change);
    return [name, both ? overridden(value, change, `${path}${name}.`) : change];
  });
  return Object.fromEntries(entries) as Tree;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(message: string, cause?: unknown): AssayError {
  return new AssayError("json/malformed", `the parameters cannot be read: ${message}`, {
    hint: "docs/settlement.md lists the parameters of a ledger",
    ...(cause === undefined ? {} : { cause }),
  });
}
