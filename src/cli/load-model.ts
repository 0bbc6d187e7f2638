import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { AssayError } from "../../operators/index.js";
import type { Model } from "../graph/types.js";
import { importOnnx } from "../onnx/import.js";
import { readFile } from "./files.js";

/** Reads an ONNX file, with external data from its own folder and nowhere else. */
export function loadModelFile(path: string): Model {
  const bytes = readFile(path, "model");
  return importOnnx(bytes, {
    externalData: (location, offset, length) =>
      readExternal(dirname(path), location, offset, length),
  });
}

function readExternal(
  folder: string,
  location: string,
  offset: number,
  wanted: number,
): Uint8Array {
  const path = join(folder, location);
  let fd: number;
  try {
    // A link inside the folder may point out of it; the importer has only seen the name.
    if (!realpathSync(path).startsWith(realpathSync(folder) + sep)) {
      throw new AssayError(
        "onnx/malformed",
        `external data "${location}" lies outside the model's folder`,
      );
    }
    fd = openSync(path, "r");
  } catch (cause) {
    if (cause instanceof AssayError) throw cause;
    throw new AssayError("file/not-found", `external data: cannot read ${path}`, { cause });
  }
  try {
    const size = fstatSync(fd).size;
    if (offset < 0 || wanted < 0 || offset + wanted > size) {
      throw new AssayError(
        "onnx/malformed",
        `external data "${location}" is ${size} bytes, too short`,
      );
    }
    const bytes = new Uint8Array(wanted);
    for (let at = 0; at < wanted; ) {
      const got = readSync(fd, bytes, at, wanted - at, offset + at);
      if (got === 0)
        throw new AssayError("onnx/malformed", `external data "${location}" ended early`);
      at += got;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}
