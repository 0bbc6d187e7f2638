import { describeWithData } from "../support/data.js";
import { describeLightModel, LIGHT } from "./light.js";

/**
 * A quarter to half a gigabyte of weights each. Operators are named: with weights that are all the
 * same, many a drill is masked by the next normalisation, pool or softmax.
 */
describeWithData("light models", LIGHT, () => {
  describeLightModel("bvlc_alexnet", () => [7, 12, 23]);
  describeLightModel("zfnet512", () => [7, 14, 21]);
  // A pool over 64 channels, and the product with 411 MB of weights.
  describeLightModel("vgg19", () => [4, 38]);
});
