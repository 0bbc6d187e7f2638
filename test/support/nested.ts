import { DTYPES, elementCount, type Tensor } from "../../operators/index.js";

/**
 * Index operators the slow way: for every output coordinate, ask where its element comes from.
 * `undefined` means zero bytes.
 */
export function gathered(
  source: Tensor,
  dims: readonly number[],
  from: (coordinate: readonly number[]) => readonly number[] | undefined,
): Tensor {
  const { size } = DTYPES[source.dtype];
  const bytes = new Uint8Array(elementCount(dims) * size);
  for (let i = 0; i < elementCount(dims); i++) {
    const at = from(coordinateOf(i, dims));
    if (!at) continue;
    const flat = flatOf(at, source.dims);
    bytes.set(source.bytes.subarray(flat * size, (flat + 1) * size), i * size);
  }
  return { dtype: source.dtype, dims, bytes };
}

export function coordinateOf(flat: number, dims: readonly number[]): number[] {
  const coordinate = dims.map(() => 0);
  let rest = flat;
  for (let i = dims.length - 1; i >= 0; i--) {
    const d = dims[i] as number;
    coordinate[i] = rest % d;
    rest = Math.floor(rest / d);
  }
  return coordinate;
}

export function flatOf(coordinate: readonly number[], dims: readonly number[]): number {
  return coordinate.reduce((flat, c, i) => flat * (dims[i] as number) + c, 0);
}
