import { DTYPES } from "../../../dtype.js";
import type { Local } from "../function-body.js";
import { isVarying } from "./analysis.js";
import type { Assumption, Emission } from "./emission.js";
import {
  impliedBy,
  pushAllHold,
  pushConjunction,
  pushHolds,
  pushNoneHolds,
  type Test,
} from "./guards.js";
import type { Guard, KernelRead, RegisterTerm } from "./kernel.js";
import { LANE_SHAPES, pushScalar } from "./lanes.js";
import { loadContiguous, loadStrided, pushElement, setLanes } from "./loads.js";
import { pushLaneOf } from "./operand.js";
import type { Registers } from "./registers.js";
import { transposeBlock } from "./transpose.js";

/**
 * Reads. Each is total: what could not be proved to be in range is tested, and `pad` stands in for
 * what is outside. Where lanes read at a constant stride and both ends are in range, so are all
 * between them, and the read is a vector load; only at the edges lanes are tested one by one.
 */
export function emitRead(
  e: Emission,
  registers: Registers,
  register: number,
  read: KernelRead,
  assumption: Assumption,
): void {
  const guards = remainingGuards(e, read, assumption);
  const site: ReadSite = { e, registers, register, read, guards };
  const scattered = read.registers.some((t) => registers.info(t.register).varying);
  if (!registers.info(register).varying) readUniform(site);
  else if (scattered) for (const u of e.chunks) readLanes(site, u, guards);
  else readVector(site);
}

interface ReadSite {
  readonly e: Emission;
  readonly registers: Registers;
  readonly register: number;
  readonly read: KernelRead;
  readonly guards: readonly Guard[];
}

function remainingGuards(e: Emission, read: KernelRead, assumption: Assumption): readonly Guard[] {
  if (assumption === "nothing") return read.guards;
  if (assumption === "all") return read.guards.filter((g) => g.registers.length > 0);
  const { schedule } = e;
  const uniform = e.kernel.when.filter((w) => !isVarying(w.value, schedule));
  return read.guards.filter((g) => impliedBy(g, uniform) === undefined);
}

/** One scalar load for all lanes. */
function readUniform(site: ReadSite): void {
  const { e, registers, register, read, guards } = site;
  const { f } = e;
  const local = registers.scalar(register);
  const load = (): void => {
    pushElement(f, read.dtype, () => {
      pushAddress(site, read.registers);
      return 0;
    });
    f.set(local);
  };
  if (guards.length === 0) load();
  else {
    pushAllHold(f, uniformTests(site, guards), 0, 0);
    f.if(load, () => {
      pushScalar(f, read.pad.type, read.pad.bits);
      f.set(local);
    });
  }
  registers.spread(register);
}

/** Guards with their registers, all of them uniform. */
function uniformTests(site: ReadSite, guards: readonly Guard[]): Test[] {
  const { e, registers } = site;
  return guards.map((g) => {
    const test = e.test(g);
    if (g.registers.length === 0) return test;
    const push = (): void => {
      test.push();
      for (const t of g.registers) addTerm(site, t, () => e.f.get(registers.scalar(t.register)));
    };
    return { ...test, push };
  });
}

/** Adds coefficient · register to the i64 on the stack. */
function addTerm(site: ReadSite, term: RegisterTerm, pushRegister: () => void): void {
  const { f } = site.e;
  pushRegister();
  f.i64(term.coefficient).op("i64.mul").op("i64.add");
}

/** Pushes the address at lane 0 of chunk 0, with uniform register terms. */
function pushAddress(site: ReadSite, terms: readonly RegisterTerm[]): void {
  const { e, registers, read } = site;
  e.induction.push(e.address(read));
  for (const t of terms) {
    addAddressTerm(site, t, () => e.f.get(registers.scalar(t.register)));
  }
}

/** Adds coefficient · register elements to the i32 address on the stack; 2^32 wraps harmlessly. */
function addAddressTerm(site: ReadSite, term: RegisterTerm, pushRegister: () => void): void {
  const { f } = site.e;
  pushRegister();
  f.op("i32.wrap_i64");
  f.i32(term.coefficient * BigInt(DTYPES[site.read.dtype].size));
  f.op("i32.mul").op("i32.add");
}

/** Lanes at a constant stride: vector loads, with a branch where all lanes share a test. */
function readVector(site: ReadSite): void {
  const { e, guards, registers, register, read } = site;
  const { f } = e;
  const isUniform = (g: Guard): boolean => !isVarying(g.value, e.schedule);
  const shared = uniformTests(site, guards.filter(isUniform));
  const varying = guards.filter((g) => !isUniform(g));
  const load = (): void => {
    if (isTurned(site)) return readBlocks(site);
    for (const u of e.chunks) readChunk(site, u, varying);
  };
  if (shared.length === 0) return load();
  pushAllHold(f, shared, 0, 0);
  f.if(load, () => {
    for (const u of e.chunks) setLanes(f, registers.vector(register, u), read.pad);
  });
}

function readChunk(site: ReadSite, chunk: number, varying: readonly Guard[]): void {
  const { e, registers, register, read } = site;
  const { f, schedule } = e;
  const into = registers.vector(register, chunk);
  const first = 4 * chunk;
  const last = first + schedule.lanes - 1;
  if (varying.length === 0) return loadChunk(site, chunk, into, true);
  const tests = uniformTests(site, varying);
  pushAllHold(f, tests, first, last);
  f.if(
    () => loadChunk(site, chunk, into, chunk === 0),
    () => {
      pushNoneHolds(f, tests, first, last);
      f.if(
        () => setLanes(f, into, read.pad),
        () => readLanes(site, chunk, varying),
      );
    },
  );
}

/** Whether neighbouring chunks, and not neighbouring lanes, read neighbouring elements. */
function isTurned(site: ReadSite): boolean {
  const { e, read } = site;
  const { lane, across, lanes, chunks } = e.schedule;
  const address = e.address(read);
  const size = BigInt(DTYPES[read.dtype].size);
  return (
    across !== lane &&
    lanes === 4 &&
    chunks % 4 === 0 &&
    address.chunk === size &&
    address.lane !== size &&
    address.lane !== 0n
  );
}

/** Four chunks at a time: a vector of neighbouring elements per lane, turned. */
function readBlocks(site: ReadSite): void {
  const { e, registers, register, read } = site;
  const { f } = e;
  const { type } = read.pad;
  const address = e.address(read);
  const size = DTYPES[read.dtype].size;
  const { halves } = LANE_SHAPES[type];
  for (let chunk = 0; chunk < e.schedule.chunks; chunk += 4) {
    f.scratch(new Array(4 * halves).fill("v128"), (...scratch) => {
      const rows = [0, 1, 2, 3].map((l) => scratch.slice(l * halves, (l + 1) * halves));
      rows.forEach((row, l) => {
        loadContiguous(f, read.dtype, row, (elements) => {
          pushAddress(site, read.registers);
          return addOffset(e, address.lane * BigInt(l) + BigInt((chunk + elements) * size));
        });
      });
      const into = [0, 1, 2, 3].map((j) => registers.vector(register, chunk + j));
      transposeBlock(f, type, rows, into);
    });
  }
}

/** `fromStart`: the element at lane 0 of chunk 0 exists, so the distance to it may be an immediate. */
function loadChunk(
  site: ReadSite,
  chunk: number,
  into: readonly Local[],
  fromStart: boolean,
): void {
  const { e, read } = site;
  const { f, schedule } = e;
  const stride = e.address(read).lane;
  const size = BigInt(DTYPES[read.dtype].size);
  const distance = BigInt(chunk) * e.address(read).chunk;
  const at = (elements: number): number => {
    pushAddress(site, read.registers);
    const offset = BigInt(elements) * size;
    if (fromStart) return addOffset(e, distance + offset);
    f.i32(distance).op("i32.add");
    return addOffset(e, offset);
  };
  if (stride === 0n) return splatElement(site, into, at);
  loadStrided(f, read.dtype, into, Number(stride / size), schedule.lanes, at);
}

/** Guards differ between lanes but the element does not. */
function splatElement(site: ReadSite, into: readonly Local[], at: (n: number) => number): void {
  const { f } = site.e;
  pushElement(f, site.read.dtype, () => at(0));
  f.op(LANE_SHAPES[site.read.pad.type].splat);
  for (const local of into) f.tee(local);
  f.op("drop");
}

/** A valid pointer is on the stack: small offsets become the load's immediate. */
function addOffset(e: Emission, bytes: bigint): number {
  if (bytes >= 0n && bytes < 2n ** 31n) return Number(bytes);
  e.f.i32(bytes).op("i32.add");
  return 0;
}

/** Tests and loads lane by lane. */
function readLanes(site: ReadSite, chunk: number, guards: readonly Guard[]): void {
  const { e, registers, register, read } = site;
  const { f, schedule } = e;
  const into = registers.vector(register, chunk);
  const { type } = read.pad;
  setLanes(f, into, read.pad);
  for (let l = 0; l < schedule.lanes; l++) {
    const lane = 4 * chunk + l;
    const load = (): void => {
      const per = 4 / LANE_SHAPES[type].halves;
      const local = into[Math.floor(l / per)] as Local;
      f.get(local);
      pushElement(f, read.dtype, () => {
        pushLaneAddress(site, chunk, l);
        return 0;
      });
      f.lane(LANE_SHAPES[type].replace, l % per).set(local);
    };
    if (guards.length === 0) load();
    else {
      pushConjunction(
        f,
        guards.map((g) => () => pushHolds(f, laneTest(site, g, chunk, l), lane)),
      );
      f.if(load);
    }
  }
}

/** A guard with its registers taken from one lane. */
function laneTest(site: ReadSite, guard: Guard, chunk: number, l: number): Test {
  const test = site.e.test(guard);
  const push = (): void => {
    test.push();
    for (const t of guard.registers) {
      addTerm(site, t, () => pushLaneOf(site.e.f, site.registers.operand(t.register, chunk), l));
    }
  };
  return { ...test, push };
}

function pushLaneAddress(site: ReadSite, chunk: number, l: number): void {
  const { e, registers, read } = site;
  const variable = e.address(read);
  e.induction.push(variable);
  const offset = variable.lane * BigInt(l) + variable.chunk * BigInt(chunk);
  if (offset !== 0n) e.f.i32(offset).op("i32.add");
  for (const t of read.registers) {
    addAddressTerm(site, t, () => pushLaneOf(e.f, registers.operand(t.register, chunk), l));
  }
}
