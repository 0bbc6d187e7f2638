import { describeWithData } from "../support/data.js";
import { describeLightModel, LIGHT } from "./light.js";

describeWithData("light models", LIGHT, () => {
  describeLightModel("squeezenet", 5);
  describeLightModel("shufflenet", 5);
  describeLightModel("inception_v1", 5);
});
