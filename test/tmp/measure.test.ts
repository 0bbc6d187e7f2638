import { expect, test } from "vitest";
import { type Account, account, commitRun, enroll, OPERATOR, postJob, registerToy, revealBody, runFor, World } from "/work/wt/game/test/settlement/world.js";
import { auditMoney, NO_MONEY, transfer, OUTSIDE, free } from "/work/wt/game/src/settlement/money.js";
import { toHex } from "/work/wt/game/src/receipt/hex.js";
test("m", () => {
  const world = new World();
  world.fund(OPERATOR, 50_000);
  const posted = registerToy(world);
  const R = account(100), E = account(1);
  world.fund(R, 1e9);
  world.fund(E, 0, 200_000);
  enroll(world, E, posted);
  const job = postJob(world, R, posted);
  world.beacon();
  const run = runFor(world.job(job), posted.toy, E);
  commitRun(world, job, E, run);
  world.say(E, revealBody(job, E, run));
  const N = 2000;
  const cs: Account[] = Array.from({length: N}, (_, i) => account(1000 + i));
  let t = performance.now();
  for (const c of cs) world.fund(c, 50_000);
  console.log("fund", (performance.now() - t) / N);
  t = performance.now();
  for (const c of cs) world.say(c, { kind: "challenge", job, executor: E.address });
  console.log("challenge", (performance.now() - t) / N, world.state.openDisputes.length);
  t = performance.now();
  for (const c of cs.slice(0, 200)) {
    const d = world.state.openDisputes.map(i => world.state.disputes.get(i)!).find(d => d.challenger === c.address)!;
    world.say(c, { kind: "move", dispute: d.id, move: { dispute: d.id, sequence: 0, sender: "challenger", kind: "descend" } });
  }
  console.log("move", (performance.now() - t) / 200);
  t = performance.now();
  world.passDeadline();
  console.log("tick", performance.now() - t, world.state.openDisputes.length);
  // money
  let m = NO_MONEY;
  for (let i = 0; i < 100_000; i++) m = transfer(m, OUTSIDE, free(toHex(crypto.getRandomValues(new Uint8Array(20)))), 5);
  t = performance.now();
  auditMoney(m);
  console.log("audit 100k", performance.now() - t);
  // waiting jobs
  t = performance.now();
  for (let i = 0; i < 300; i++) postJob(world, R, posted, { executors: 1024, fee: 1_024_000 });
  console.log("post", (performance.now() - t) / 300);
  t = performance.now(); world.beacon(); console.log("beacon", performance.now() - t);
  expect(1).toBe(1);
});
