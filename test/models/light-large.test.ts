import { describeWithData } from "../support/data.js";
import { describeLightModel, LIGHT } from "./light.js";

/** A quarter to half a gigabyte of weights each. */
describeWithData("light models", LIGHT, () => {
  describeLightModel("bvlc_alexnet", 3);
  describeLightModel("zfnet512", 3);
  describeLightModel("vgg19", 2);
});
