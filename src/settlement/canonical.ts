import { insist, Refused } from "./refusals.js";

/** Deeper than any message, whose deepest field lies in a tile of an answer on a path. */
const DEPTH = 24;

/**
 * The object that a text of JSON holds. Refuses as `not-canonical` what `JSON.stringify` would not
 * write the same way: that leaves no room for two readings, no key twice, no space, no other way to
 * write a number or a letter. The depth is counted first: writing recurses, and how deep an engine
 * may is no rule that two of them share.
 */
export function parseCanonical(text: string): object {
  insist(nesting(text) <= DEPTH, "malformed", `it is nested deeper than ${DEPTH}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused("malformed", "it is no JSON");
  }
  insist(typeof value === "object" && value !== null, "malformed", "it is no object");
  insist(JSON.stringify(value) === text, "not-canonical");
  return value;
}

/** Most brackets open at once; whatever stands in strings is passed over. */
function nesting(text: string): number {
  let deepest = 0;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) quoted = !quoted;
    else if (quoted) i += c === BACKSLASH ? 1 : 0;
    else if (c === 0x5b || c === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x5d || c === 0x7d) depth--;
  }
  return deepest;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
