import type { LoweringContext, OperatorDefinition } from "./definition.js";
import {
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  requireDType,
  stringAttribute,
} from "./shared/context.js";
import { ANY_DTYPE } from "./shared/elementwise.js";
import { transposedView } from "./shared/transposed-view.js";

/**
 * DepthToSpace moves blocks of channels of [N, C, H, W] into space, SpaceToDepth the other way, with
 * square blocks of `blocksize` b.
 *
 * DepthToSpace: channel (i, j, c) in mode "DCR", (c, i, j) in "CRD", goes to row h·b + i, column
 * w·b + j. SpaceToDepth: the inverse of "DCR".
 * Dtypes: any.
 * Errors: `operator/invalid` for another rank, dims that b does not divide, or another mode.
 * Source: ONNX DepthToSpace, versions 1, 11, 13; SpaceToDepth, versions 1, 13.
 */
export const depthToSpace: OperatorDefinition = {
  domain: "",
  name: "DepthToSpace",
  versions: [1, 11, 13],
  lower(context) {
    const { operand, dims, block } = image(context);
    const [n, c, h, w] = dims;
    const depth = c / (block * block);
    if (!Number.isInteger(depth)) throw invalid(context, `${block}² does not divide ${c} channels`);
    const mode = stringAttribute(context, "mode", "DCR");
    if (mode !== "DCR" && mode !== "CRD") throw invalid(context, `mode "${mode}" is unknown`);
    const [view, perm] =
      mode === "DCR"
        ? [
            [n, block, block, depth, h, w],
            [0, 3, 4, 1, 5, 2],
          ]
        : [
            [n, depth, block, block, h, w],
            [0, 1, 4, 2, 5, 3],
          ];
    return transposedView(context, operand, view, perm, [n, depth, h * block, w * block]);
  },
};

export const spaceToDepth: OperatorDefinition = {
  domain: "",
  name: "SpaceToDepth",
  versions: [1, 13],
  lower(context) {
    const { operand, dims, block } = image(context);
    const [n, c, h, w] = dims;
    const [rows, columns] = [h / block, w / block];
    if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
      throw invalid(context, `${block} does not divide ${h} × ${w}`);
    }
    const view = [n, c, rows, block, columns, block];
    const out = [n, c * block * block, rows, columns];
    return transposedView(context, operand, view, [0, 3, 5, 1, 2, 4], out);
  },
};

function image(context: LoweringContext): {
  readonly operand: Operand;
  readonly dims: readonly [number, number, number, number];
  readonly block: number;
} {
  const operand = inputOperand(context, 0);
  requireDType(context, operand, ANY_DTYPE);
  const block = intAttribute(context, "blocksize", 0);
  if (block < 1) throw invalid(context, "blocksize is not positive");
  const [n, c, h, w] = operand.dims;
  if (n === undefined || c === undefined || h === undefined || w === undefined) {
    throw invalid(context, `rank ${operand.dims.length} is not 4`);
  }
  if (operand.dims.length > 4) throw invalid(context, `rank ${operand.dims.length} is not 4`);
  return { operand, dims: [n, c, h, w], block };
}
