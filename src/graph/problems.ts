import { AssayError, type ErrorCode } from "../../operators/basis.js";
import type { GraphNode } from "./types.js";

/** Why a node cannot run. */
export interface Problem {
  readonly node: string;
  readonly operator: string;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** A node that cannot be looked at, because one before it has a problem. */
export class DependentNode extends Error {}

/** What can be collected, of the node at `path`; anything else ends the binding at once. */
export function problemOf(node: GraphNode, path: string, error: unknown): Problem {
  const collectable =
    error instanceof AssayError &&
    (error.code === "operator/unsupported" || error.code === "graph/data-dependent");
  if (!collectable) throw error;
  return { node: path, operator: node.operator, code: error.code, reason: error.message };
}

/** Problems shown in the message; all of them are in the facts. */
const SHOWN = 20;

export function problemError(problems: readonly Problem[]): AssayError {
  const code = (problems.find((p) => p.code !== "graph/data-dependent") ?? problems[0])?.code;
  const shown = problems.slice(0, SHOWN).map((p) => p.reason);
  const rest = problems.length > SHOWN ? [`and ${problems.length - SHOWN} more`] : [];
  return new AssayError(code as ErrorCode, [...shown, ...rest].join("\n  "), {
    facts: { items: problems },
  });
}
