import { AssayError } from "../../operators/index.js";
import { malformed } from "./problems.js";
import type { TensorProto } from "./proto/onnx_pb.js";

/**
 * Yields `length` bytes from `offset` of a file beside the model. `location` is a relative path
 * with forward slashes that stays inside the model's folder by its text; links are the caller's
 * to judge. May throw; must not return fewer bytes.
 */
export type ExternalData = (location: string, offset: number, length: number) => Uint8Array;

/**
 * The location of what a model's skeleton leaves out, given without an offset or a length. No file of that
 * name is looked for.
 */
export const ABSENT = "absent";

/** Bytes of a tensor that lie in another file; `length` is what its dims ask for. */
export function readExternal(
  proto: TensorProto,
  where: string,
  length: number,
  externalData: ExternalData | undefined,
): Uint8Array {
  if (isAbsent(proto)) {
    throw new AssayError(
      "onnx/unsupported",
      `${where}: this is a skeleton, its weights are absent`,
      {
        hint: "a skeleton is for planning and judging; to run or commit to it, get the whole model",
        facts: { where },
      },
    );
  }
  const entries = new Map(proto.externalData.map((e) => [e.key, e.value]));
  const location = checkedLocation(entries.get("location"), where);
  const offset = integerEntry(entries, "offset", where) ?? 0;
  const stated = integerEntry(entries, "length", where);
  if (stated !== undefined && stated !== length) {
    throw malformed(where, `its dims ask for ${length} bytes, its external length is ${stated}`);
  }
  if (externalData === undefined) {
    throw new AssayError(
      "onnx/unsupported",
      `${where}: its data lies in "${location}", but only the model itself was given`,
      { hint: "load the model from its folder", facts: { where, location } },
    );
  }
  const bytes = externalData(location, offset, length);
  if (bytes.length !== length) {
    throw malformed(where, `"${location}" has ${bytes.length} of ${length} bytes at ${offset}`);
  }
  return bytes;
}

/** Whether external data is exactly the mark of an absent weight. */
export function isAbsent({ externalData }: TensorProto): boolean {
  const [only] = externalData;
  return externalData.length === 1 && only?.key === "location" && only.value === ABSENT;
}

function checkedLocation(location: string | undefined, where: string): string {
  if (location === undefined || location === "")
    throw malformed(where, "external data has no location");
  const parts = location.split("/");
  const odd = parts.some((p) => p === "" || p === "..") || /[\\:\0]/.test(location);
  if (odd) {
    throw malformed(where, `external data location "${location}" leaves the model's folder`, {
      hint: "the location must be a plain relative path below the model's folder",
    });
  }
  return parts.filter((p) => p !== ".").join("/");
}

function integerEntry(
  entries: ReadonlyMap<string, string>,
  key: string,
  where: string,
): number | undefined {
  const text = entries.get(key);
  if (text === undefined) return undefined;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw malformed(where, `external ${key} "${text}" is not a byte count`);
  return value;
}
