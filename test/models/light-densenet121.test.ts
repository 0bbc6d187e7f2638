import { describeWithData } from "../support/data.js";
import { describeLightModel, LIGHT } from "./light.js";
import { spread } from "./world.js";

/** 668 operators, most of which have programs of their own. */
describeWithData("light models", LIGHT, () => {
  describeLightModel("densenet121", spread(3), 65);
});
