/**
 * With ASSAY_LONG=1 the suite also does what takes long and says little more: ten drills of every model,
 * each replayed; drills of whole layers of the large ones; several times as many random cases.
 */
export const LONG = process.env.ASSAY_LONG === "1";
