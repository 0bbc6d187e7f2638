import { describe, expect, test } from "vitest";
import { deadline } from "../../src/dispute/clock.js";
import type { Party } from "../../src/dispute/party.js";
import { longestDispute } from "./bounds.js";
import {
  challenge,
  lying,
  revealed,
  type Scene,
  scene,
  standingOf,
  watcher,
  wealthOf,
} from "./scene.js";
import { type Account, type Player, playOut } from "./world.js";

/** Whoever plays with the time, each to the end. */

const accounts = (s: Scene) => s.all as unknown as [Account];

describe("the clock", () => {
  /** Every move of these is made in the last moment there is. */
  async function slowly(s: Scene, players: readonly Player[], slow: readonly Account[]) {
    const parties = players.map((p) => {
      if (!slow.includes(p.account)) return p;
      const party = (side: "asserter" | "challenger", honest: Party): Party => ({
        respond: async (state) => {
          s.world.now = Math.max(s.world.now, deadline(state.clock, side));
          return honest.respond(state);
        },
      });
      return { ...p, party };
    });
    await playOut(s.world, parties);
  }

  test("whoever always moves in the last moment is in time, and ends in time", async () => {
    const s = scene(1);
    const [liar] = accounts(s);
    const { job, players } = revealed(s, lying(liar));
    const honest = watcher(s, job, 1);
    const id = challenge(s, job, honest, liar);
    const begun = s.world.now;
    await slowly(s, [...players, honest], [liar, honest.account]);
    const { parameters } = s.world.state;
    const longest = longestDispute(parameters, s.world.rules(s.world.job(job)));
    expect(s.world.now - begun).toBeLessThanOrEqual(longest);
    expect(s.world.state.disputes.get(id)?.result).toMatchObject({ outcome: { kind: "refuted" } });
  });

  test("one moment past the deadline a move is late, tick or no tick", () => {
    const s = scene(1);
    const [honest] = accounts(s);
    const { job } = revealed(s);
    const sham = watcher(s, job, 1);
    const id = challenge(s, job, sham, honest);
    s.world.now += s.world.state.parameters.clock.perSide + 1;
    const move = { dispute: id, sequence: 0, sender: "challenger", kind: "descend" };
    expect(s.world.trySay(sham.account, { kind: "move", dispute: id, move })?.move).toBe("late");
    s.world.now--;
    expect(s.world.trySay(sham.account, { kind: "move", dispute: id, move })).toBeUndefined();
  });

  test("a tick that comes late decides what one in time would have", () => {
    const ends = [true, false].map((inTime) => {
      const s = scene(1);
      const [liar] = accounts(s);
      const { job } = revealed(s, lying(liar));
      const [honest, sham] = [watcher(s, job, 1), watcher(s, job, 2)];
      // The older dispute has the later deadline: the liar's turn began an hour after.
      const first = challenge(s, job, honest, liar);
      challenge(s, job, sham, liar);
      s.world.now += 3600_000;
      const move = { dispute: first, sequence: 0, sender: "challenger", kind: "descend" };
      s.world.say(honest.account, { kind: "move", dispute: first, move });
      if (inTime) s.world.passDeadline();
      s.world.now += 10 * 3600_000;
      s.world.tryTick();
      expect(standingOf(s, job, liar)).toBe("silent");
      return [honest.account, sham.account, liar].map((a) => wealthOf(s, a));
    });
    expect(ends[1]).toEqual(ends[0]);
    expect(ends[0]?.[1]).toBe(995_000);
  });
});
