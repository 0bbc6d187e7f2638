import fastify from "fastify";
import { describe, expect, test } from "vitest";
import { openJournal } from "../../src/ledger/file-storage.js";
import { RemoteLedger } from "../../src/service/client/remote-ledger.js";
import { DISPUTE, JOB, JOB_LINE, MODEL, MODEL_LINE, pageOf } from "../../src/service/schemas.js";
import { eventText } from "../../src/settlement/events.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import type { Shape } from "../../src/settlement/shape.js";
import {
  account,
  commitRun,
  enroll,
  hasher,
  LIE,
  OPERATOR,
  type Player,
  playOut,
  postJob,
  registerToy,
  revealBody,
  runFor,
  World,
} from "../settlement/world.js";
import { afterwards, ask, newFolder, type Stage, stage } from "./stage.js";

const REQUESTER = account(100);
const EXECUTORS = [account(1), account(2), account(3)];

/** A job that two executors run well and one badly, up to the dispute, or to its end. */
async function played(end: boolean) {
  const world = new World();
  world.fund(OPERATOR, 500_000);
  const posted = registerToy(world);
  world.fund(REQUESTER, 1_000_000);
  for (const who of EXECUTORS) {
    world.fund(who, 100_000, 250_000);
    enroll(world, who, posted);
  }
  const job = postJob(world, REQUESTER, posted, { mode: "replayed", executors: 3 });
  world.beacon();
  const players = EXECUTORS.map((account, i): Player => {
    const corrupt = i === 1 ? [LIE] : [];
    return { account, run: runFor(world.job(job), posted.toy, account, { corrupt }) };
  });
  for (const { account, run } of players) commitRun(world, job, account, run);
  for (const { account, run } of players) world.say(account, revealBody(job, account, run));
  const [dispute] = world.state.openDisputes;
  if (end) {
    await playOut(world, players);
    world.passDeadline();
  }
  return { world, job, dispute: dispute as string, model: posted.model };
}

async function served(world: World): Promise<Stage> {
  const folder = newFolder();
  const { journal } = await openJournal(folder);
  await journal.append(world.events.map((e) => new TextEncoder().encode(eventText(e))));
  await journal.close();
  return stage({ folder });
}

/** What the server answers, which has the form that is promised. */
async function view(on: Stage, path: string, shape: Shape<unknown>) {
  const { status, body } = await ask(on, path);
  expect(status, JSON.stringify(body)).toBe(200);
  const app = fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false } } });
  afterwards(() => app.close());
  app.post("/", { schema: { body: shape.schema } }, async () => "fits");
  expect((await app.inject({ method: "POST", url: "/", payload: body })).body, path).toBe("fits");
  return body;
}

describe("a job as others see it", () => {
  test("while it is disputed", async () => {
    const { world, job, dispute, model } = await played(false);
    const on = await served(world);
    expect(on.ledger.state).toEqual(world.state);
    const seen = await view(on, `/v1/jobs/${job}`, JOB);
    expect(seen).toMatchObject({
      id: job,
      phase: { name: "challengeable" },
      executors: 3,
      mode: "replayed",
    });
    expect((seen.entries as { standing: string }[]).map((e) => e.standing)).toEqual(
      world.job(job).entries.map((e) => e.standing),
    );
    const lines = await view(on, "/v1/jobs?state=open", pageOf(JOB_LINE));
    expect(lines).toMatchObject({ items: [{ id: job }], next: null });
    const trial = await view(on, `/v1/disputes/${dispute}`, DISPUTE);
    expect(trial).toMatchObject({ id: dispute, job, kind: "match", result: null });
    expect(trial.turn).toMatchObject({ side: expect.stringMatching(/asserter|challenger/) });
    expect(await view(on, `/v1/models/${model}`, MODEL)).toMatchObject({
      id: model,
      offerCount: 3,
    });
    await view(on, "/v1/models", pageOf(MODEL_LINE));
    const { body } = await ask(on, `/v1/accounts/${EXECUTORS[0]?.address}`);
    expect(body.locks).toEqual([{ as: "executor", id: job, amount: 100_000 }]);
    const { body: requester } = await ask(on, `/v1/accounts/${REQUESTER.address}`);
    expect(requester.locks).toEqual([{ as: "requester", id: job, amount: 10_000 }]);
  });

  test("once it has ended, and as a follower replays it", async () => {
    const { world, job, dispute } = await played(true);
    const on = await served(world);
    expect(await view(on, `/v1/jobs/${job}`, JOB)).toMatchObject({
      phase: { name: "ended", end: { kind: "answered" } },
    });
    expect(await view(on, `/v1/disputes/${dispute}`, DISPUTE)).toMatchObject({
      phase: "ended",
      turn: null,
      result: { kind: "decided", outcome: expect.any(String) },
    });
    const all = await view(on, "/v1/jobs?state=all&most=1", pageOf(JOB_LINE));
    expect(all).toMatchObject({ items: [{ id: job }], next: null });
    const remote = await RemoteLedger.connect(on.url, { book: new RuleBook(hasher) });
    afterwards(() => remote.close());
    expect(remote.state).toEqual(world.state);
  });
});
