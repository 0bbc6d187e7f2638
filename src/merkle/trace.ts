import { AssayError, ByteWriter, viewOf } from "../../operators/basis.js";
import { DIGEST_SIZE, type Digest, type Hasher } from "./hash.js";
import { type CommittedList, commitList, verifyEntry } from "./list.js";
import { LEAF_TAGS, ROOT_TAGS } from "./tags.js";

const HEADER = 9;

/**
 * What is alive after a segment: tag u8 ‖ segment u64 ‖ a commitment per live tensor, in the order
 * of the plan, which also fixes how many there are.
 */
export function segmentBody(segment: number, live: readonly Digest[]): Uint8Array {
  const w = new ByteWriter();
  w.u8(LEAF_TAGS.segment);
  w.i64(segment);
  for (const commitment of live) {
    if (commitment.length !== DIGEST_SIZE) {
      throw new AssayError(
        "proof/invalid",
        `segment ${segment}: a commitment of other than 32 bytes`,
      );
    }
    w.raw(commitment);
  }
  return w.bytes();
}

/**
 * The commitments in a segment's body. Throws `proof/invalid` unless it is that segment's, with
 * exactly `live` commitments: a posted body may be anything that hashes to the leaf.
 */
export function readSegmentBody(body: Uint8Array, segment: number, live: number): Digest[] {
  const wrong = segmentFault(body, segment, live);
  if (wrong !== undefined) {
    throw new AssayError("proof/invalid", `the body of segment ${segment} ${wrong}`, {
      facts: { segment, live, bytes: body.length },
    });
  }
  return Array.from({ length: live }, (_, i) => {
    const at = HEADER + i * DIGEST_SIZE;
    return new Uint8Array(body.subarray(at, at + DIGEST_SIZE));
  });
}

/** What is wrong with a segment's body, in words, or undefined: a structural fault of its poster. */
export function segmentFault(body: Uint8Array, segment: number, live: number): string | undefined {
  const expected = HEADER + live * DIGEST_SIZE;
  if (body.length !== expected) return `has ${body.length} bytes, not ${expected}`;
  if (body[0] !== LEAF_TAGS.segment) return `has tag ${body[0]}`;
  const index = viewOf(body).getBigUint64(1, true);
  return index === BigInt(segment) ? undefined : `says it is segment ${index}`;
}

/** The trace of a run: `segments[i]` are the commitments of what is alive after segment i. */
export function traceList(hasher: Hasher, segments: readonly (readonly Digest[])[]): CommittedList {
  return commitList(
    hasher,
    ROOT_TAGS.trace,
    segments.map((live, i) => segmentBody(i, live)),
  );
}

/** Checks a segment's commitments against the trace root. Throws `proof/invalid`. */
export function verifySegment(
  hasher: Hasher,
  root: Digest,
  count: number,
  segment: number,
  live: readonly Digest[],
  siblings: readonly Digest[],
): void {
  const body = segmentBody(segment, live);
  verifyEntry(hasher, ROOT_TAGS.trace, root, count, segment, body, siblings);
}
