import { f32Tensor } from "../../operators/index.js";
import { LONG } from "../support/long.js";
import { TINY_BUDGET } from "./zoo/budgets.js";
import { describeRandomPlay, type World, worldOf } from "./zoo/random.js";
import { chain, noise, oneNode } from "./zoo/toy.js";

/** Three letters: most games are played here, because they are short. */
const ALPHABET: readonly World[] = [
  worldOf(chain(3), TINY_BUDGET, [{ node: 1 }, { node: 2, element: 2 }]),
  worldOf(
    oneNode(
      "MatMul",
      13,
      [f32Tensor([1, 20], noise(20, 1)), f32Tensor([20, 1], noise(20, 2))],
      [],
      ["f32"],
    ),
    TINY_BUDGET,
    [{ node: 0 }],
  ),
];

describeRandomPlay("over an alphabet", ALPHABET, LONG ? 3200 : 800);
