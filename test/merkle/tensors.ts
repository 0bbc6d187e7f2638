import fc from "fast-check";
import { byteLength, DTYPES, type DType, isFloat, type Tensor } from "../../operators/index.js";

export const ALL_DTYPES = Object.keys(DTYPES) as DType[];

/**
 * Bytes by rule: byte j is 167·j + 13 mod 256; in floats bit 6 of an element's last byte is cleared,
 * so that none is a NaN; of a bool only the lowest bit is kept. The test vectors use the same rule.
 */
export function patternTensor(dtype: DType, dims: readonly number[]): Tensor {
  const { size } = DTYPES[dtype];
  const bytes = new Uint8Array(byteLength({ dtype, dims }));
  for (let j = 0; j < bytes.length; j++) {
    const byte = (167 * j + 13) % 256;
    if (dtype === "bool") bytes[j] = byte & 1;
    else bytes[j] = isFloat(dtype) && j % size === size - 1 ? byte & 0xbf : byte;
  }
  return { dtype, dims: [...dims], bytes };
}

/** Dims near what geometry turns on: 0, 1, the side of a tile, its neighbours, wide and narrow. */
const dim = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65) },
  { weight: 1, arbitrary: fc.constantFrom(0, 127, 129, 255, 257, 300) },
);

export const anyDims = fc.array(dim, { maxLength: 4 }).filter((dims) => {
  let count = 1;
  for (const d of dims) count *= d;
  return count <= 40_000;
});

export const anyTensor = fc
  .tuple(fc.constantFrom(...ALL_DTYPES), anyDims)
  .map(([dtype, dims]) => patternTensor(dtype, dims));
