/**
 * With ASSAY_LONG=1 the suite also does what takes long and says little more: ten drills of every model,
 * each replayed; drills of whole layers of the large ones; four times as many random games.
 */
export const LONG = process.env.ASSAY_LONG === "1";
