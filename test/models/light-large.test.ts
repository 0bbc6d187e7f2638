import { describeWithData } from "../support/data.js";
import { describeLightModel, LIGHT } from "./light.js";

/**
 * Weights of 244 and 350 MB. Operators are named: with weights that are all the same, many a drill
 * is masked by the next normalisation, pool or softmax.
 */
describeWithData("light models", LIGHT, () => {
  describeLightModel("bvlc_alexnet", () => [7, 12, 23], 181);
  describeLightModel("zfnet512", () => [7, 14, 21], 61);
});
