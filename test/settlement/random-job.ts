import { deadline } from "../../src/dispute/clock.js";
import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import type { Body, Move, Side } from "../../src/dispute/moves.js";
import { envelop, type Party } from "../../src/dispute/party.js";
import type { DisputeState } from "../../src/dispute/state.js";
import { moverOf } from "../../src/dispute/transition.js";
import type { Job, JobDispute } from "../../src/settlement/state.js";
import { nextDeadline } from "../../src/settlement/steps/due.js";
import { sealOf } from "../../src/settlement/steps/results.js";
import { moveToJson } from "../../src/settlement/wire.js";
import type { Run } from "../dispute/zoo/run.js";
import { type Account, hasher, NONCE, revealBody, type World } from "./world.js";

/** Somebody in a job: what they hold for right, and whether they play by it. */
export interface Actor {
  readonly account: Account;
  readonly run: Run;
  readonly honest: boolean;
  /** Of an executor that is not honest: whether it commits, and reveals. */
  readonly commits: boolean;
  readonly reveals: boolean;
}

export type Dice = (sides: number) => number;

interface Option {
  readonly honest: boolean;
  /** The last moment for it. */
  readonly until: number;
  readonly act: () => Promise<void>;
}

/**
 * One job in which everybody says what is due in a random order and at random times: the honest
 * before their deadlines, the others when they like, or not, or something else.
 */
export class RandomJob {
  private readonly parties = new Map<string, Party>();
  /** Turns that will never be taken, and challenges that were made. */
  private readonly silent = new Set<string>();
  private readonly challenged = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly id: string,
    private readonly executors: ReadonlyMap<string, Actor>,
    private readonly watchers: readonly Actor[],
    private readonly right: string,
    private readonly dice: Dice,
  ) {}

  async play(): Promise<Job> {
    for (let job = this.job(); job.phase.name !== "ended"; job = this.job()) {
      const options = this.options(job);
      const chosen = options[this.dice(options.length || 1)];
      if (chosen && this.dice(10) < 7) await chosen.act();
      else await this.wait(options);
    }
    return this.job();
  }

  private job(): Job {
    return this.world.job(this.id);
  }

  /** Some time, but not past what an honest party still has to say. */
  private async wait(options: readonly Option[]): Promise<void> {
    const { world, dice } = this;
    const due = nextDeadline(world.state);
    if (due < world.now) {
      world.tryTick();
      return;
    }
    const honest = options.filter((o) => o.honest);
    const until = Math.min(due + 1, ...honest.map((o) => o.until));
    const left = until - world.now;
    if (left <= 0) {
      await (honest.find((o) => o.until === until) as Option).act();
      return;
    }
    world.now += [1, left, Math.max(1, left - 1), 1 + dice(left)][dice(4)] as number;
    if (this.dice(8) === 0) world.tryBeacon();
  }

  private options(job: Job): Option[] {
    const { phase } = job;
    if (phase.name === "committing" || phase.name === "revealing") return this.results(job);
    if (phase.name !== "challengeable") {
      const act = async () => void this.world.tryBeacon();
      return [{ honest: false, until: Number.POSITIVE_INFINITY, act }];
    }
    return [...this.turns(job), ...this.challenges(job, phase.until)];
  }

  private results(job: Job): Option[] {
    const { until } = job.phase as { until: number };
    const committing = job.phase.name === "committing";
    const due = committing ? "drawn" : "sealed";
    return job.entries.flatMap((e) => {
      const actor = this.executors.get(e.executor) as Actor;
      const { account, run, honest, commits, reveals } = actor;
      if (e.standing !== due || !(committing ? commits : reveals)) return [];
      const act = async (): Promise<void> => {
        const sealed = sealOf(hasher, run.receipt, NONCE);
        const body = committing
          ? ({ kind: "commit", job: job.id, sealed } as const)
          : revealBody(job.id, account, run);
        const refusal = this.world.trySay(account, body);
        if (refusal && honest) throw new Error(`${body.kind}: ${refusal.code}`);
      };
      return [{ honest, until, act }];
    });
  }

  private turns(job: Job): Option[] {
    return job.disputes.flatMap((id) => {
      const dispute = this.world.state.disputes.get(id) as JobDispute;
      const side = moverOf(dispute.state) as Side;
      const actor = this.actorOf(dispute[side]);
      const turn = `${id}${dispute.state.sequence}`;
      if (!actor || this.silent.has(turn)) return [];
      const until = deadline(dispute.state.clock, side);
      return [{ honest: actor.honest, until, act: () => this.move(dispute, side, actor, turn) }];
    });
  }

  private actorOf(address: string): Actor | undefined {
    return this.executors.get(address) ?? this.watchers.find((w) => w.account.address === address);
  }

  private async move(dispute: JobDispute, side: Side, actor: Actor, turn: string): Promise<void> {
    const honest = await this.party(dispute, side, actor).respond(dispute.state);
    const move = actor.honest ? honest : this.otherMove(dispute.state, side, honest);
    if (!move) {
      this.silent.add(turn);
      return;
    }
    const body = { kind: "move", dispute: dispute.id, move: moveToJson(move) } as const;
    const refusal = this.world.trySay(actor.account, body);
    if (!refusal) return;
    this.silent.add(turn);
    if (actor.honest) throw new Error(`${move.kind}: ${refusal.code} ${refusal.move}`);
  }

  private party({ id, job }: JobDispute, side: Side, { run }: Actor): Party {
    const key = `${id}${side}`;
    const known = this.parties.get(key);
    if (known) return known;
    const rules = this.world.rules(this.world.job(job));
    const made =
      side === "asserter"
        ? new HonestAsserter(rules, run.provider)
        : new HonestChallenger(rules, run.provider);
    this.parties.set(key, made);
    return made;
  }

  private otherMove(state: DisputeState, side: Side, honest: Move | undefined): Move | undefined {
    const { dice } = this;
    const habit = dice(10);
    if (habit === 0) return undefined;
    if (habit > 3) return honest ?? this.anywhere(state, side);
    return side === "challenger"
      ? this.anywhere(state, side)
      : { ...(honest as Move), sequence: dice(3) };
  }

  private anywhere(state: DisputeState, side: Side): Move | undefined {
    const { dice } = this;
    const bodies: Partial<Record<string, Body>> = {
      locate: dice(2) === 0 ? { kind: "descend" } : { kind: "nameSegment", segment: dice(3) },
      selectNode: { kind: "select", child: dice(3) },
      nameOperator: { kind: "nameOperator", node: dice(3) },
    };
    const body = bodies[state.phase.name];
    return body && envelop(state, side, body);
  }

  /** Honest watchers challenge what is wrong, the others what they like. */
  private challenges(job: Job, until: number): Option[] {
    if (this.world.now > until) return [];
    return this.watchers.flatMap((w) =>
      job.entries.flatMap((e) => {
        const key = `${w.account.address}${e.executor}`;
        const wanted = w.honest ? e.claim?.root !== this.right : true;
        if (e.standing !== "standing" || !wanted || this.challenged.has(key)) return [];
        const act = async (): Promise<void> => {
          this.challenged.add(key);
          const body = { kind: "challenge", job: job.id, executor: e.executor } as const;
          const refusal = this.world.trySay(w.account, body);
          if (refusal && w.honest) throw new Error(`challenge: ${refusal.code}`);
        };
        return [{ honest: w.honest, until, act }];
      }),
    );
  }
}
