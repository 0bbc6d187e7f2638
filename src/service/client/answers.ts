import { LEDGER_REFUSALS, type LedgerRefusal, Refused } from "../../settlement/refusals.js";
import type { Shape } from "../../settlement/shape.js";
import { type RawAnswer, unreachable } from "./transport.js";

/** The strict reading of what a server answered. Whatever has not the form is `ledger/unreachable`. */
export function readAnswer<T>(url: URL, answer: RawAnswer, shape: Shape<T>): T {
  const value = parsed(url, answer);
  const { status } = answer;
  if (status !== 200) throw unreachable(url, saidBy(value, status), undefined, status);
  try {
    return shape.read(value, "answer");
  } catch (error) {
    throw unreachable(url, error instanceof Refused ? error.message : "another form", error);
  }
}

/** A refusal by the ledger itself. */
export function readRefusal(url: URL, answer: RawAnswer): LedgerRefusal {
  const value = parsed(url, answer) as Partial<Record<keyof LedgerRefusal, unknown>> | null;
  const { code, message, move } = value ?? {};
  const known = typeof code === "string" && Object.hasOwn(LEDGER_REFUSALS, code);
  if (!known || typeof message !== "string") throw unreachable(url, "a refusal of no known name");
  return {
    code: code as LedgerRefusal["code"],
    message: message.slice(0, LONGEST),
    ...(typeof move === "string" ? { move: move.slice(0, LONGEST) } : {}),
  };
}

const LONGEST = 1024;

/** What a server says about why not, for people. */
export function explain(url: URL, answer: RawAnswer): string {
  try {
    return saidBy(parsed(url, answer), answer.status);
  } catch {
    return `status ${answer.status}`;
  }
}

function saidBy(value: unknown, status: number): string {
  const { code, message } = (value ?? {}) as { code?: unknown; message?: unknown };
  return `status ${status}, ${String(code)}: ${String(message)}`.slice(0, LONGEST);
}

function parsed(url: URL, { bytes, status }: RawAnswer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw unreachable(url, `status ${status}, and no JSON`, cause);
  }
}
