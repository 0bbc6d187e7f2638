import { AssayError, DTYPES, type DType, elementCount } from "../../operators/basis.js";

/** Bytes of a full tile. */
export const TILE_BYTES = 1024;
/** Most rows of a tile, and the width up to which trailing dims are merged. */
const TILE_SIDE = 16;
/** Element counts are below this (numeric contract, rule 3). */
const MAX_ELEMENTS = 2 ** 48;

/**
 * How a tensor is cut into leaves: seen as rows × columns, then as a grid of tiles, all of which
 * follows from dtype and dims. Tiles are numbered row-major over the grid; those of the last grid
 * row and column are clipped.
 */
export interface TensorGeometry {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly elementSize: number;
  readonly elements: number;
  readonly rows: number;
  readonly columns: number;
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly gridRows: number;
  readonly gridColumns: number;
  readonly tiles: number;
}

/** The part of the rows × columns view that a tile covers. */
export interface TileArea {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * columns merges trailing dims until it is ≥ 16 or none remain; rows is the product of the rest
 * (rank 0 is 1 × 1). Sixteen consecutive k of either operand of a matrix product then lie in one or
 * two tiles. Throws `graph/invalid` for dims that are not counts, or 2^48 elements and more.
 */
export function tensorGeometry(dtype: DType, dims: readonly number[]): TensorGeometry {
  const elements = checkedCount(dims);
  let columns = 1;
  let merged = dims.length;
  while (merged > 0 && columns < TILE_SIDE) columns *= dims[--merged] as number;
  const rows = elementCount(dims.slice(0, merged));
  const elementSize = DTYPES[dtype].size;
  let tileRows = 1;
  while (tileRows < rows && tileRows < TILE_SIDE) tileRows *= 2;
  const tileColumns = TILE_BYTES / (elementSize * tileRows);
  const gridRows = elements === 0 ? 0 : Math.ceil(rows / tileRows);
  const gridColumns = elements === 0 ? 0 : Math.ceil(columns / tileColumns);
  const tiles = gridRows * gridColumns;
  return {
    dtype,
    dims: [...dims],
    elementSize,
    elements,
    rows,
    columns,
    tileRows,
    tileColumns,
    gridRows,
    gridColumns,
    tiles,
  };
}

function checkedCount(dims: readonly number[]): number {
  const zero = dims.includes(0);
  let count = 1;
  for (const d of dims) {
    if (!Number.isSafeInteger(d) || d < 0) {
      throw new AssayError("graph/invalid", `dims [${dims}] hold something that is not a count`);
    }
    if (!zero) count *= d;
    if (count >= MAX_ELEMENTS) {
      throw new AssayError("graph/invalid", `dims [${dims}] hold 2^48 elements or more`);
    }
  }
  return zero ? 0 : count;
}

/** The area of tile `tile`. Throws `proof/invalid` where the tensor has no such tile. */
export function tileArea(g: TensorGeometry, tile: number): TileArea {
  requireTile(g, tile);
  const gridRow = Math.floor(tile / g.gridColumns);
  const row = gridRow * g.tileRows;
  const column = (tile - gridRow * g.gridColumns) * g.tileColumns;
  return {
    row,
    column,
    rows: Math.min(g.tileRows, g.rows - row),
    columns: Math.min(g.tileColumns, g.columns - column),
  };
}

export function tileByteLength(g: TensorGeometry, tile: number): number {
  const area = tileArea(g, tile);
  return area.rows * area.columns * g.elementSize;
}

/** Which tile holds a flat element, and at which element position inside the tile. */
export function locateElement(
  g: TensorGeometry,
  element: number,
): { readonly tile: number; readonly position: number } {
  if (!Number.isSafeInteger(element) || element < 0 || element >= g.elements) {
    throw new AssayError("proof/invalid", `${g.dtype}[${g.dims}] has no element ${element}`);
  }
  const row = Math.floor(element / g.columns);
  const column = element - row * g.columns;
  const gridRow = Math.floor(row / g.tileRows);
  const gridColumn = Math.floor(column / g.tileColumns);
  const tile = gridRow * g.gridColumns + gridColumn;
  const area = tileArea(g, tile);
  return { tile, position: (row - area.row) * area.columns + (column - area.column) };
}

/** Flat indices of a tile's elements, in the order of its bytes. At most 1024. */
export function tileElements(g: TensorGeometry, tile: number): number[] {
  const area = tileArea(g, tile);
  const elements: number[] = [];
  for (let y = 0; y < area.rows; y++) {
    for (let x = 0; x < area.columns; x++) {
      elements.push((area.row + y) * g.columns + area.column + x);
    }
  }
  return elements;
}

function requireTile(g: TensorGeometry, tile: number): void {
  if (!Number.isSafeInteger(tile) || tile < 0 || tile >= g.tiles) {
    throw new AssayError(
      "proof/invalid",
      `${g.dtype}[${g.dims}] has ${g.tiles} tiles, no tile ${tile}`,
      { facts: { tiles: g.tiles, tile } },
    );
  }
}
