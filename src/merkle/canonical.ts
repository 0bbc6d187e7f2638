import { AssayError, type DType, firstNonCanonical } from "../../operators/basis.js";

/**
 * Throws `proof/invalid` where an element is one that no honest tensor holds: a NaN other than the
 * canonical one, a bool other than 0 and 1 (numeric contract, rules 2 and 3).
 */
export function requireCanonical(dtype: DType, bytes: Uint8Array, what: string): void {
  const element = firstNonCanonical(dtype, bytes);
  if (element < 0) return;
  throw new AssayError(
    "proof/invalid",
    `${what}: element ${element} is not a canonical ${dtype} value`,
    { facts: { dtype, element } },
  );
}
