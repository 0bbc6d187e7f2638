import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Section } from "./sections.js";

const SUBJECT = fileURLToPath(new URL("subject.mjs", import.meta.url));

export interface Effort {
  /** Fresh pairs of processes. */
  readonly pairs: number;
  readonly warmMs: number;
  /** Time for the rounds of one pair; `minRounds` are made in any case. */
  readonly budgetMs: number;
  readonly minRounds: number;
}

/** What a section gave: ratios new ÷ old by pair of processes, or why there are none. */
export type Duel =
  | {
      readonly pairs: readonly (readonly number[])[];
      /** Fastest round of each, in milliseconds a call. */
      readonly oldMs: number;
      readonly newMs: number;
      readonly sameBits: boolean;
    }
  | { readonly failed: string };

/** A timed stretch is at least this long. */
const STRETCH_MS = 20;

/** Two builds take turns, each in its own process; never do both work at once. */
export async function duel(
  [older, newer]: readonly [old: string, now: string],
  section: Section,
  effort: Effort,
): Promise<Duel> {
  const pairs: number[][] = [];
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as [number, number];
  let sameBits = true;
  for (let p = 0; p < effort.pairs; p++) {
    const sides = [new Side(older), new Side(newer)] as const;
    try {
      const [a, b] = [
        await sides[0].prepare(section, effort),
        await sides[1].prepare(section, effort),
      ];
      sameBits &&= a.bits === b.bits;
      const calls = Math.max(1, Math.ceil(STRETCH_MS / Math.max(a.ms, b.ms, 1e-3)));
      pairs.push(await rounds(sides, calls, effort, best));
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    } finally {
      for (const side of sides) side.end();
    }
  }
  return { pairs, oldMs: best[0], newMs: best[1], sameBits };
}

async function rounds(
  sides: readonly [Side, Side],
  calls: number,
  effort: Effort,
  best: [number, number],
): Promise<number[]> {
  const ratios: number[] = [];
  const end = performance.now() + effort.budgetMs;
  for (let round = 0; round < effort.minRounds || performance.now() < end; round++) {
    const ms: [number, number] = [0, 0];
    for (const i of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      ms[i] = await sides[i].round(calls);
      best[i] = Math.min(best[i], ms[i]);
    }
    ratios.push(ms[1] / ms[0]);
  }
  return ratios;
}

/** One process; it ends with this one. */
class Side {
  private readonly child: ChildProcess;

  constructor(private readonly root: string) {
    this.child = fork(SUBJECT, [root], {
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
  }

  async prepare(section: Section, { warmMs }: Effort): Promise<{ ms: number; bits: string }> {
    const answer = await this.ask({ section, warmMs });
    return answer as { ms: number; bits: string };
  }

  async round(calls: number): Promise<number> {
    return (await this.ask({ calls })).ms;
  }

  end(): void {
    this.child.kill();
  }

  private ask(question: object): Promise<{ ms: number }> {
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new Error(`${this.root}: the process ended`));
      this.child.once("exit", fail);
      this.child.once("message", (answer: { ms: number } | { failed: string }) => {
        this.child.off("exit", fail);
        if ("failed" in answer) reject(new Error(`${this.root}: ${answer.failed}`));
        else resolve(answer);
      });
      this.child.send(question);
    });
  }
}
