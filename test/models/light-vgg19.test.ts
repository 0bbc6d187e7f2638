import { describeWithData } from "../support/data.js";
import { describeLightModel, LIGHT } from "./light.js";

/** Half a gigabyte of weights: with packed copies 1.1 GB a party, 3.4 GB in the dispute. */
describeWithData("light models", LIGHT, () => {
  // A pool over 64 channels, and the product with 411 MB of weights.
  describeLightModel("vgg19", () => [4, 38], 130);
});
