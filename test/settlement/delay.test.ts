import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { deadline } from "../../src/dispute/clock.js";
import type { Party } from "../../src/dispute/party.js";
import { DELAYS, delayTable, slowBoth, slowSide } from "./delay.js";
import { challenge, revealed, type Scene, scene, watcher, wealthOf } from "./scene.js";
import { type Account, LIE, type Player, playOut } from "./world.js";

const HOUR = 3600_000;

/** Its last moment, turn after turn; and how many turns there were. */
function slow(s: Scene, p: Player): { readonly player: Player; turns: () => number } {
  let turns = 0;
  const party = (side: "asserter" | "challenger", honest: Party): Party => ({
    respond: async (state) => {
      s.world.now = Math.max(s.world.now, deadline(state.clock, side));
      turns++;
      return honest.respond(state);
    },
  });
  return { player: { ...p, party }, turns: () => turns };
}

const windowOf = (s: Scene, job: string) => (s.world.job(job).phase as { until: number }).until;

describe("what delay costs", () => {
  test("is as the page says", () => {
    const page = readFileSync(new URL("../../docs/settlement.md", import.meta.url), "utf8");
    expect(page).toContain(delayTable());
  });

  test("a silent challenge in the last moment: four hours for the smallest bond", () => {
    const s = scene(1);
    const [honest] = s.all as [Account];
    const { job } = revealed(s);
    const sham = watcher(s, job, 1);
    const until = windowOf(s, job);
    s.world.now = until;
    challenge(s, job, sham, honest);
    s.world.passDeadline();
    expect(s.world.job(job).phase.name).toBe("ended");
    expect((s.world.now - until - 1) / HOUR).toBe(DELAYS[0]?.hours);
    expect(1_000_000 - wealthOf(s, sham.account)).toBe(DELAYS[0]?.cost);
  });

  test("many at once delay no longer than one", () => {
    const s = scene(1);
    const [honest] = s.all as [Account];
    const { job } = revealed(s);
    const shams = Array.from({ length: 10 }, (_, i) => watcher(s, job, i));
    const until = windowOf(s, job);
    s.world.now = until;
    for (const sham of shams) challenge(s, job, sham, honest);
    s.world.passDeadline();
    expect(s.world.job(job).phase.name).toBe("ended");
    expect((s.world.now - until - 1) / HOUR).toBe(4);
  });

  test("a slow challenger has four hours, and a quarter for every turn but one", async () => {
    const s = scene(1);
    const [honest] = s.all as [Account];
    const { job, players } = revealed(s);
    const { player, turns } = slow(s, watcher(s, job, 1, { corrupt: [LIE] }));
    const id = challenge(s, job, player, honest);
    const begun = s.world.now;
    await playOut(s.world, [...players, player]);
    expect(s.world.state.disputes.get(id)?.result).toMatchObject({ loser: "challenger" });
    expect(turns()).toBeGreaterThan(1);
    expect(s.world.now - begun).toBe(slowSide(turns()));
  });

  test("two slow sides have eight, and a quarter for every turn but two", async () => {
    const s = scene(1);
    const [liar] = s.all as [Account];
    const { job, players } = revealed(s, new Map([[liar, { corrupt: [LIE] }]]));
    const sides = [...players, watcher(s, job, 1)].map((p) => slow(s, p));
    const [first, second] = sides.map((p) => p.player) as [Player, Player];
    challenge(s, job, second, liar);
    const begun = s.world.now;
    await playOut(s.world, [first, second]);
    const moves = sides.reduce((sum, p) => sum + p.turns(), 0);
    expect(s.world.now - begun).toBe(slowBoth(moves));
  });
});
