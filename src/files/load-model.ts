import { closeSync, fstatSync, openSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { AssayError } from "../../operators/basis.js";
import type { ExternalData } from "../onnx/external.js";
import { importOnnx } from "../onnx/import.js";
import { skeletonOf } from "../onnx/skeleton.js";
import { readFile } from "./disk.js";
import { type FileIdentity, identityOf, sameFile } from "./file-identity.js";
import { FileRanges } from "./ranges.js";

/** Reads an ONNX file, with external data from its own folder and nowhere else. */
export function loadModelFile(path: string) {
  return loadModelWithFiles(path).model;
}

export interface LoadedModel {
  readonly model: ReturnType<typeof importOnnx>;
  /** The files it was read from, its own first, as they were before they were read. */
  readonly files: readonly FileIdentity[];
}

/** The same, with the files it was read from. */
export function loadModelWithFiles(path: string): LoadedModel {
  const [bytes, options, files] = fileWithData(path);
  return { model: importOnnx(bytes, options), files };
}

/** The same, with what a ledger must know of it. */
export function loadModelAndSkeleton(path: string) {
  const [bytes, options] = fileWithData(path);
  return { model: importOnnx(bytes, options), skeleton: skeletonOf(bytes, options) };
}

function fileWithData(
  path: string,
): [Uint8Array, { readonly externalData: ExternalData }, readonly FileIdentity[]] {
  const files: FileIdentity[] = [];
  const bytes = readFile(path, "model", Number.POSITIVE_INFINITY, (fd) => {
    files.push(identityOf(path, fd));
  });
  const external = new ExternalFiles(dirname(path), files);
  const externalData: ExternalData = (location, offset, length) =>
    external.read(location, offset, length);
  return [bytes, { externalData }, files];
}

/** Ranges of the files beside a model, each range read once. */
class ExternalFiles {
  private readonly ranges = new Map<string, Uint8Array>();
  /** Bytes read so far, by file. */
  private readonly taken = new Map<string, number>();
  private readonly reader = new FileRanges();

  constructor(
    private readonly folder: string,
    private readonly seen: FileIdentity[],
  ) {}

  read(location: string, offset: number, length: number): Uint8Array {
    const range = `${offset} ${length} ${location}`;
    const known = this.ranges.get(range);
    if (known) return known;
    const bytes = this.readRange(this.place(location), location, offset, length);
    this.ranges.set(range, bytes);
    return bytes;
  }

  /** A link inside the folder may point out of it; the importer has only seen the name. */
  private place(location: string): string {
    const path = join(this.folder, location);
    try {
      const inside = relative(realpathSync(this.folder), realpathSync(path));
      if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
        throw broken(location, "lies outside the model's folder");
      }
      if (!statSync(path).isFile()) throw broken(location, "is not a regular file");
      return path;
    } catch (cause) {
      if (cause instanceof AssayError) throw cause;
      throw new AssayError("file/not-found", `external data: cannot read ${path}`, {
        hint: "the model keeps weights in files beside it; copy them along",
        cause,
      });
    }
  }

  /** Each file once; one that was changed while it was read is noted as both. */
  private note(file: FileIdentity): void {
    if (!this.seen.some((f) => f.path === file.path && sameFile(f, file))) this.seen.push(file);
  }

  private readRange(path: string, location: string, offset: number, length: number): Uint8Array {
    const fd = openSync(path, "r");
    try {
      const { size } = fstatSync(fd);
      this.note(identityOf(path, fd));
      if (offset < 0 || length < 0 || offset + length > size) {
        throw broken(location, `is ${size} bytes, too short`);
      }
      // Tensors may share a range, which is read once. Ranges that overlap over and over are an
      // attempt to make much memory out of a small file.
      const taken = (this.taken.get(location) ?? 0) + length;
      if (taken > 2 * size) throw broken(location, "is read over and over");
      this.taken.set(location, taken);
      const bytes = this.reader.read(fd, offset, length, `"${location}"`);
      if (!bytes) throw broken(location, "ended early");
      return bytes;
    } finally {
      closeSync(fd);
    }
  }
}

function broken(location: string, what: string): AssayError {
  return new AssayError("onnx/malformed", `external data "${location}" ${what}`);
}
