import type { ServerLimits } from "./limits.js";
import { ServiceError } from "./service-error.js";

const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Comma and colon: what separates values and keys. */
const SEPARATING = new Set([0x2c, 0x3a]);

export type JsonLimits = Pick<ServerLimits, "jsonDepth" | "jsonWidth">;

/**
 * Refuses JSON that is nested or populated beyond all use, before anything parses it: what writes it
 * again calls itself for every level. Says nothing of whether it is JSON.
 */
export function requireModest(text: string, { jsonDepth, jsonWidth }: JsonLimits): void {
  let depth = 0;
  let width = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = endOfString(text, i);
    else if (OPENING.has(c)) {
      depth += 1;
      if (depth > jsonDepth) throw bomb(`is nested deeper than ${jsonDepth}`);
    } else if (CLOSING.has(c)) depth -= 1;
    else if (SEPARATING.has(c)) {
      width += 1;
      if (width > jsonWidth) throw bomb(`has more than ${jsonWidth} values`);
    }
  }
}

/** Where the string that begins at `start` ends. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at > 0) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
    at = text.indexOf('"', at + 1);
  }
  return text.length;
}

function bomb(what: string): ServiceError {
  return new ServiceError("request/malformed", `the JSON ${what}`);
}
