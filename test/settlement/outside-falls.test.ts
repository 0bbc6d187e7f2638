import { expect, test } from "vitest";
import {
  account,
  commitRun,
  enroll,
  LIE,
  OPERATOR,
  type Player,
  type Posted,
  playOut,
  postJob,
  registerToy,
  revealBody,
  runFor,
  World,
} from "./world.js";

const REQUESTER = account(100);
const ACCOMPLICE = account(101);
const HONEST = account(1);

/** One honest executor and two with the same lie, who never move as challengers. */
function contest(): { world: World; job: string; posted: Posted; players: Player[] } {
  const world = new World();
  for (const who of [OPERATOR, REQUESTER, ACCOMPLICE]) world.fund(who, 1_000_000);
  const posted = registerToy(world);
  const all = [HONEST, account(2), account(3)];
  for (const who of all) {
    world.fund(who, 0, 150_000);
    enroll(world, who, posted);
  }
  const job = postJob(world, REQUESTER, posted, { mode: "replayed", executors: 3 });
  world.beacon();
  const players = all.map((who): Player => {
    const corrupt = who === HONEST ? [] : [LIE];
    const run = runFor(world.job(job), posted.toy, who, { corrupt });
    const party: Player["party"] = (side, honest) =>
      side === "asserter" || who === HONEST ? honest : undefined;
    return { account: who, run, party };
  });
  for (const { account: who, run } of players) commitRun(world, job, who, run);
  for (const { account: who, run } of players) world.say(who, revealBody(job, who, run));
  return { world, job, posted, players };
}

test("an opponent that an accomplice convicts from outside counts as beaten", async () => {
  const { world, job, posted, players } = contest();
  const honest = () => world.job(job).entries.find((e) => e.executor === HONEST.address);
  const match = world.state.disputes.get(world.state.openDisputes[0] as string);
  expect(match?.asserter).toBe(HONEST.address);
  const executor = match?.challenger as string;
  world.say(ACCOMPLICE, { kind: "challenge", job, executor });
  const run = runFor(world.job(job), posted.toy, ACCOMPLICE);
  await playOut(world, [...players, { account: ACCOMPLICE, run }]);
  const standing = new Map(world.job(job).entries.map((e) => [e.executor, e.standing]));
  expect(standing.get(executor)).toBe("refuted");
  expect(honest()).toMatchObject({ standing: "standing", wins: 2 });
});
