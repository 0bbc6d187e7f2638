import type { FunctionBody, Local } from "../function-body.js";
import { analyse, isVarying, LEVEL, levelOf } from "./analysis.js";
import type { Assumption, Emission } from "./emission.js";
import { impliedBy, pushAllHold, pushInterior, pushLaneMask } from "./guards.js";
import { emitLevel } from "./instructions.js";
import type { Guard, KernelRead } from "./kernel.js";
import { LANE_SHAPES, pushLanes } from "./lanes.js";
import { pushHalf, pushWidened } from "./operand.js";
import { Registers, type StateLocals } from "./registers.js";

/**
 * The fold of one group of chunks: loops over the fold dims with the state in locals.
 *
 * Steps outside `when` are skipped by a branch where all lanes agree, and by keeping the old state
 * in a lane where they do not. Where conditions or unproved reads exist, the nest is emitted twice:
 * without any test for groups in whose every step all of them hold, and with tests for the others.
 */
export class FoldNest {
  readonly state: StateLocals;
  readonly registers: Registers;
  private readonly innermost: number;
  private readonly uniform: readonly Guard[];
  private readonly varying: readonly Guard[];
  /** What a step needs beyond `uniform` so that it can run without tests. */
  private readonly checks: readonly Guard[];

  constructor(private readonly e: Emission) {
    const { kernel, schedule, f } = e;
    this.innermost = LEVEL.chunk + kernel.fold.length;
    this.state = kernel.init.map((l) =>
      e.chunks.map(() => Array.from({ length: LANE_SHAPES[l.type].halves }, () => f.local("v128"))),
    );
    const infos = analyse(kernel.step, schedule, this.innermost);
    this.registers = new Registers(f, kernel.step, infos, this.state);
    const varies = (g: Guard): boolean => isVarying(g.value, schedule);
    this.uniform = kernel.when.filter((g) => !varies(g));
    this.varying = kernel.when.filter(varies);
    this.checks = [...this.varying, ...this.readGuards(this.innermost)];
  }

  /** Guards of live reads at `from` or deeper that the conditions do not imply. */
  private readGuards(from: number): Guard[] {
    const { kernel } = this.e;
    return kernel.step.code
      .filter((i, r): i is KernelRead => {
        const { live, level } = this.registers.info(r);
        return i.kind === "read" && live && level >= from;
      })
      .flatMap((i) => i.guards)
      .filter((g) => g.registers.length === 0 && impliedBy(g, kernel.when) === undefined);
  }

  /** Emits the fold, from initial to final state. The variables are at the group's first lane. */
  emit(): void {
    const { f, kernel } = this.e;
    if (!kernel.steps) return;
    this.setInitial();
    if (kernel.fold.length > 0) emitLevel(this.e, this.registers, LEVEL.chunk, "nothing");
    const guards = [...kernel.when, ...this.readGuards(LEVEL.chunk + 1)];
    if (guards.length === 0 || kernel.fold.length === 0 || !this.mayDouble()) {
      this.emitTested();
      return;
    }
    guards.forEach((g, i) => {
      pushInterior(f, kernel, this.e.test(g), g, this.e.schedule.span);
      if (i > 0) f.op("i32.and");
    });
    f.if(
      () => this.loops(0, "all"),
      () => this.emitTested(),
    );
  }

  /** Whether code size allows a second copy of the nest. */
  private mayDouble(): boolean {
    return this.e.kernel.step.code.length * this.e.schedule.chunks <= 256;
  }

  private setInitial(): void {
    const { f, kernel } = this.e;
    for (const [word, l] of kernel.init.entries()) {
      const width = LANE_SHAPES[l.type].halves === 1 ? 32 : 64;
      for (const local of (this.state[word] ?? []).flat()) {
        pushLanes(f, width, [l.bits]);
        f.set(local);
      }
    }
  }

  /** The nest with tests; conditions on nothing but the output come before it. */
  private emitTested(): void {
    const { f, schedule } = this.e;
    const before = this.uniform.filter((g) => levelOf(g.value, schedule) <= LEVEL.chunk);
    if (before.length === 0) return this.loops(0, "uniform");
    pushAllHold(
      f,
      before.map((g) => this.e.test(g)),
      0,
      0,
    );
    f.if(() => this.loops(0, "uniform"));
  }

  private loops(d: number, assumption: Assumption): void {
    const { f, kernel, induction } = this.e;
    if (d === kernel.fold.length) return this.step(assumption);
    const left = f.local("i32");
    f.i32(kernel.fold[d] as number).set(left);
    induction.enterFold(d);
    f.loop((again) => {
      f.block((next) => {
        if (assumption !== "all") this.skipUnless(d, next);
        if (d + 1 < kernel.fold.length) {
          emitLevel(this.e, this.registers, LEVEL.fold + d, assumption);
        }
        this.loops(d + 1, assumption);
      });
      induction.advanceFold(d);
      f.get(left).i32(1).op("i32.sub").tee(left).brIf(again);
    });
    induction.leaveFold(d);
  }

  /** Leaves the iteration where a condition that fold dim d decides for all lanes fails. */
  private skipUnless(d: number, next: number): void {
    const { f, schedule } = this.e;
    const here = this.uniform.filter((g) => levelOf(g.value, schedule) === LEVEL.fold + d);
    if (here.length === 0) return;
    pushAllHold(
      f,
      here.map((g) => this.e.test(g)),
      0,
      0,
    );
    f.op("i32.eqz").brIf(next);
  }

  private step(assumption: Assumption): void {
    const { f, schedule } = this.e;
    const run = (given: Assumption): void => {
      emitLevel(this.e, this.registers, this.innermost, given);
    };
    if (assumption === "all" || this.checks.length === 0) {
      run(assumption);
      this.update();
      return;
    }
    pushAllHold(
      f,
      this.checks.map((g) => this.e.test(g)),
      0,
      schedule.span - 1,
    );
    f.if(
      () => {
        run("all");
        this.update();
      },
      () => {
        run("uniform");
        this.updateMasked();
      },
    );
  }

  /** All new words are pushed before the first is set: words may trade places. */
  private update(): void {
    const { f } = this.e;
    const targets: Local[] = [];
    this.eachWord((word, chunk, half, operand) => {
      operand(half);
      targets.push(this.state[word]?.[chunk]?.[half] as Local);
    });
    for (const local of targets.reverse()) f.set(local);
  }

  private updateMasked(): void {
    const { f, chunks } = this.e;
    if (this.varying.length === 0) return this.update();
    const masks = chunks.map((u) => this.setMask(f, u));
    const targets: Local[] = [];
    this.eachWord((word, chunk, half, operand, type) => {
      const local = this.state[word]?.[chunk]?.[half] as Local;
      operand(half);
      f.get(local);
      const mask = (): void => void f.get(masks[chunk] as Local);
      if (LANE_SHAPES[type].halves === 1) mask();
      else pushWidened(f, half, mask);
      f.op("v128.bitselect");
      targets.push(local);
    });
    for (const local of targets.reverse()) f.set(local);
  }

  private setMask(f: FunctionBody, chunk: number): Local {
    const mask = f.local("v128");
    this.varying.forEach((g, i) => {
      pushLaneMask(f, this.e.test(g), chunk);
      if (i > 0) f.op("v128.and");
    });
    f.set(mask);
    return mask;
  }

  private eachWord(
    visit: (
      word: number,
      chunk: number,
      half: number,
      operand: (half: number) => void,
      type: "f32" | "f64" | "i32" | "i64",
    ) => void,
  ): void {
    const { kernel, chunks, f } = this.e;
    for (const [word, register] of kernel.step.results.entries()) {
      const { type } = this.registers.info(register);
      for (const chunk of chunks) {
        const value = this.registers.operand(register, chunk);
        const operand = (half: number): void => pushHalf(f, value, half);
        for (let half = 0; half < LANE_SHAPES[type].halves; half++) {
          visit(word, chunk, half, operand, type);
        }
      }
    }
  }
}
