import { expect, test } from "vitest";
import { PROFILE } from "../../operators/index.js";
import { profileDigest } from "../../src/graph/digests.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";

/**
 * Released profiles by name. A line here never changes: receipts name the digest, and what they
 * promise must stay what it was. A changed sentence, dtype, micro-op, limit or fixed program is a new
 * profile with a name and a line of its own.
 */
const RELEASED: Readonly<Record<string, string>> = {
  "portable-1": "7e3d072aa60e5694cf61c05b07852579f407b6f91f5122841421075d3594283f",
};

test("the profile is a released one, with its digest", () => {
  const digest = Buffer.from(profileDigest(nodeHasher)).toString("hex");
  expect({ [PROFILE.name]: digest }).toEqual({ [PROFILE.name]: RELEASED[PROFILE.name] });
});
