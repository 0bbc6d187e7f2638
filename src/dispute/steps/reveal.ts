import { bytesEqual } from "../../../operators/index.js";
import { toHex } from "../../receipt/hex.js";
import { isSaltOf, maskRoot, type SaltedRoot } from "../../receipt/salt.js";
import { readDigest } from "../reading.js";
import { demand } from "../refusals.js";
import type { Step } from "./step.js";

const ROOTS: readonly SaltedRoot[] = ["inputs", "outputs", "trace"];

/** A salted receipt's roots are unmasked first: no proof leads to a masked one. */
export const reveal: Step<"reveal", "reveal"> = ({ rules, claim }, _phase, move) => {
  const salt = readDigest(move.salt, "salt");
  const committed = readDigest(claim.salt, "the receipt's salt");
  demand(isSaltOf(rules.hasher, committed, salt), "wrong-proof", "it is not the receipt's salt");
  for (const kind of ROOTS) {
    const masked = maskRoot(rules.hasher, kind, readDigest(move[kind], kind), salt);
    const expected = readDigest(claim[kind], kind);
    demand(bytesEqual(masked, expected), "wrong-proof", `${toHex(masked)} is not the ${kind} root`);
  }
  const { inputs, outputs, trace } = move;
  return { phase: { name: "locate" }, claim: { ...claim, inputs, outputs, trace, salt: null } };
};
