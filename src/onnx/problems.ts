import { AssayError, type ErrorDetails } from "../../operators/index.js";

/** The file breaks the format at `where`, a path such as `graph.node[3].attribute[0]`. */
export function malformed(where: string, message: string, details: ErrorDetails = {}): AssayError {
  return new AssayError("onnx/malformed", `${where}: ${message}`, {
    hint: "the file is damaged, or the program that wrote it is wrong; export it again",
    ...details,
    facts: { where, ...details.facts },
  });
}

/** One thing in a model that cannot be run. */
export interface UnsupportedItem {
  /** Readable name of the node, tensor or graph input. */
  readonly node: string;
  /** Operator with its domain; "" where it is not a node. */
  readonly operator: string;
  readonly reason: string;
}

const LISTED = 20;

/** Collects everything that is unsupported, so that one error can name it all. */
export class UnsupportedList {
  private readonly items: UnsupportedItem[] = [];

  add(node: string, operator: string, reason: string): void {
    this.items.push({ node, operator, reason });
  }

  /** Throws `onnx/unsupported` with `facts.items` if anything was added. */
  throwIfAny(): void {
    const count = this.items.length;
    if (count === 0) return;
    const lines = this.items.slice(0, LISTED).map(describe);
    if (count > LISTED) lines.push(`and ${count - LISTED} more`);
    const head = count === 1 ? "1 thing" : `${count} things`;
    throw new AssayError(
      "onnx/unsupported",
      `${head} in this model cannot be run:\n${lines.map((l) => `  ${l}`).join("\n")}`,
      { facts: { items: this.items } },
    );
  }
}

function describe(item: UnsupportedItem): string {
  const operator = item.operator === "" ? "" : ` (${item.operator})`;
  return `${item.node}${operator}: ${item.reason}`;
}
