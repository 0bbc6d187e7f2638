import { expect, test } from "vitest";
import { Random } from "../../fixtures/builders/random.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import type { Run } from "../../src/execute/run-model.js";
import type { Plan } from "../../src/graph/plan.js";
import { firstDifference } from "../../src/verify/replay.js";
import { LONG } from "../support/long.js";
import { dispute, expectConvicted, replay, run, type World } from "./world.js";

/** How many operators of a model are corrupted, one after another, unless its suite says fewer. */
const DRILLS = 10;

/**
 * A run on two threads verifies on one. Then operators of it, drawn from a seed, of different kinds before a
 * second one of any kind: each is corrupted in a run of its own: the receipt is refuted, its boundaries say where the runs part, and a
 * dispute convicts exactly that operator. With ASSAY_LONG=1 there are always ten.
 *
 * Every operator is a segment here, so that no corruption is masked. A model of `segments` of several
 * operators has its drills where its suite asks for them.
 */
export function testDrills(world: () => World, seed: number, everyday = DRILLS): void {
  const count = LONG ? DRILLS : everyday;
  test(`${count} operators drawn from seed ${seed}: each corruption is found`, async () => {
    const machine = new WasmMachine(2);
    const honest = await run(world(), { granularity: "operator", machine });
    expect((await replay(world(), honest)).outcome).toBe("verified");
    const nodes = drawnOperators(honest.plan, seed, count);
    expect(nodes).toHaveLength(Math.min(count, honest.plan.nodes.length));
    for (const [i, node] of nodes.entries()) {
      await expectFound(world(), honest, node, { replayed: LONG || i === 0 });
    }
  }, 600_000);
}

/**
 * One operator of each of as many kinds, rare ones as likely as common ones, then any others. Not one whose
 * first output nobody reads, as silero-vad has: no commitment covers that.
 */
export function drawnOperators({ nodes, segments }: Plan, seed: number, count: number): number[] {
  const random = new Random(seed);
  const drawn = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const every = [...nodes.keys()].filter((i) =>
    segments[i]?.live.includes(nodes[i]?.outputs[0] as number),
  );
  const kinds = new Set(every.map((i) => nodes[i]?.operator));
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, every.length)) {
    const kind = drawn([...kinds]);
    kinds.delete(kind);
    chosen.add(drawn(every.filter((i) => kind === undefined || nodes[i]?.operator === kind)));
  }
  return [...chosen].sort((a, b) => a - b);
}

/** Takes the honest run up just before the operator: what lies earlier is the same in a drill. */
async function expectFound(
  world: World,
  honest: Run,
  node: number,
  { replayed }: { readonly replayed: boolean },
): Promise<void> {
  const { plan } = honest;
  const { boundaries, kept } = honest.trace;
  const drill = await run(world, {
    corruption: { node },
    granularity: "operator",
    plan,
    resume: { segment: node, boundaries, kept },
  });
  expect(drill.trace.corruption).toMatchObject({ node, masked: false });
  expect(drill.signed.receipt.trace).not.toEqual(honest.signed.receipt.trace);
  const where = { segment: node, operators: [plan.nodes[node]?.name] };
  expect(firstDifference(plan, boundaries, drill.trace.boundaries)).toEqual(where);
  // It computes the honest trace once more, so it has nothing new to say about a second drill.
  if (replayed) {
    expect(await replay(world, drill)).toMatchObject({
      outcome: "refuted",
      firstDifference: where,
    });
  }
  expectConvicted(await dispute(world, honest, drill), drill);
}
