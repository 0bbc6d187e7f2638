import { describeWithData } from "../support/data.js";
import { describeLightModel, LIGHT } from "./light.js";
import { spread } from "./world.js";

describeWithData("light models", LIGHT, () => {
  describeLightModel("squeezenet", spread(5), 14);
  describeLightModel("shufflenet", spread(4), 21);
  describeLightModel("inception_v1", spread(4), 27);
});
