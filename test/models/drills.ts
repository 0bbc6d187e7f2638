import { expect, test } from "vitest";
import { Random } from "../../fixtures/builders/random.js";
import type { Run } from "../../src/execute/run-model.js";
import type { Plan } from "../../src/graph/plan.js";
import { dispute, expectConvicted, replay, run, type World } from "./world.js";

/** How many operators of every model are corrupted, one after another. */
const DRILLS = 10;

/**
 * Ten different operators of a model, drawn from a seed among all of them, or all where there are
 * fewer. Each is corrupted in a run of its own: a replay refutes the receipt and says where the runs
 * part, and a dispute convicts exactly that operator.
 *
 * Every operator is a segment here, so that no corruption is masked. A model of `segments` of several
 * operators has its drills where its suite asks for them.
 */
export function testDrills(world: () => World, seed: number): void {
  test(`ten operators drawn from seed ${seed}: each corruption is found`, async () => {
    const honest = await run(world(), { granularity: "operator" });
    expect((await replay(world(), honest)).outcome).toBe("verified");
    const nodes = drawnOperators(honest.plan, seed);
    expect(nodes).toHaveLength(Math.min(DRILLS, honest.plan.nodes.length));
    for (const node of nodes) await expectFound(world(), honest, node);
  }, 600_000);
}

export function drawnOperators({ nodes }: Plan, seed: number): number[] {
  const random = new Random(seed);
  const chosen = new Set<number>();
  while (chosen.size < Math.min(DRILLS, nodes.length)) chosen.add(random.below(nodes.length));
  return [...chosen].sort((a, b) => a - b);
}

/** Takes the honest run up just before the operator: what lies earlier is the same in a drill. */
async function expectFound(world: World, honest: Run, node: number): Promise<void> {
  const { boundaries, kept } = honest.trace;
  const drill = await run(world, {
    corruption: { node },
    granularity: "operator",
    resume: { segment: node, boundaries, kept },
  });
  expect(drill.trace.corruption).toMatchObject({ node, masked: false });
  expect(drill.signed.receipt.trace).not.toEqual(honest.signed.receipt.trace);
  const operators = [honest.plan.nodes[node]?.name];
  expect(await replay(world, drill)).toMatchObject({
    outcome: "refuted",
    firstDifference: { segment: node, operators },
  });
  expectConvicted(await dispute(world, honest, drill), drill);
}
