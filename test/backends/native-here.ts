import { nativeAddon } from "../../operators/backends/native/index.js";

/**
 * The native addon, or undefined where none could be built. With ASSAY_REQUIRE_NATIVE=1 its absence
 * is a failure: a machine that is to test it must not pass without.
 */
export function nativeHere() {
  const native = nativeAddon();
  if ("addon" in native) return native.addon;
  if (process.env.ASSAY_REQUIRE_NATIVE === "1") {
    throw new Error(`ASSAY_REQUIRE_NATIVE=1, but there is no native backend: ${native.reason}`);
  }
  console.warn(`native backend not tested: ${native.reason}`);
  return undefined;
}
