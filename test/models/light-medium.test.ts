import { describeWithData } from "../support/data.js";
import { describeLightModel, LIGHT } from "./light.js";
import { spread } from "./world.js";

describeWithData("light models", LIGHT, () => {
  describeLightModel("inception_v2", spread(3), 19);
  describeLightModel("resnet50", spread(3), 30);
});
