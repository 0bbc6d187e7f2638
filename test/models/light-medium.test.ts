import { describeWithData } from "../support/data.js";
import { describeLightModel, LIGHT } from "./light.js";

describeWithData("light models", LIGHT, () => {
  describeLightModel("inception_v2", 3);
  describeLightModel("resnet50", 3);
  describeLightModel("densenet121", 3);
});
