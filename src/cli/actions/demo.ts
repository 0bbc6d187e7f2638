import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { performance } from "node:perf_hooks";
import { AssayError } from "../../../operators/basis.js";
import type { BackendName } from "../../execute/backend.js";
import { isFolder } from "../../files/disk.js";
import { costOf, describeOutcome } from "../../verify/describe.js";
import type { Io } from "../command.js";
import type { DemoArguments } from "../commands/demo.js";
import {
  act,
  check,
  type DisputeFacts,
  dispute,
  type Executor,
  type ReportFacts,
  type RunFacts,
  replay,
} from "../demo/acts.js";
import { playNetwork } from "../demo/network.js";
import { asExpected } from "../demo/network-facts.js";
import { type Stage, setStage } from "../demo/stage.js";
import { tellCheat, tellDispute, tellEnd, tellReplay, tellRun, tellTitle } from "../demo/tell.js";
import { networkTeller, tellNetworkEnd } from "../demo/tell-network.js";
import { Town } from "../demo/town.js";
import { EXIT } from "../errors.js";
import { jsonLine } from "../printable.js";
import { interruptible } from "../signals.js";
import { type Style, styleFor } from "../style.js";

export interface DemoOptions {
  readonly backend: BackendName;
  readonly json: boolean;
  readonly style: Style;
  /** Folder for the runs; a temporary one that is removed where absent. */
  readonly keep?: string;
}

type Play = typeof play;

/** The demo as the command line asks for it, on one machine or as a network. */
export function demoAsTyped(
  { keep, network, backend, json }: DemoArguments,
  { stdout, env }: Io,
): Promise<number> {
  const style = styleFor(stdout, env);
  const options = { backend, json, style, ...(keep === undefined ? {} : { keep }) };
  return demoOf(options, (text) => stdout.write(text), network ? playTown : play);
}

/** Plays the demo and yields its exit code: 0 where it ended as it should. */
export function demo(options: DemoOptions, write: (text: string) => void): Promise<number> {
  return demoOf(options, write, play);
}

async function demoOf(
  options: DemoOptions,
  write: (text: string) => void,
  play: Play,
): Promise<number> {
  const { keep } = options;
  if (keep !== undefined) requireEmpty(keep);
  const folder = keep ?? mkdtempSync(join(tmpdir(), "assay-demo-"));
  try {
    return await interruptible((signal) => play(options, folder, signal, write));
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function requireEmpty(folder: string): void {
  if (!existsSync(folder) || (isFolder(folder) && readdirSync(folder).length === 0)) return;
  throw new AssayError("file/write", `${folder} exists and is not an empty folder`, {
    hint: "name a new folder for --keep",
  });
}

/** The same with real processes, which end with it. */
async function playTown(
  { backend, json, style, keep }: DemoOptions,
  folder: string,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<number> {
  const tell = json ? () => {} : write;
  // Keys are in it.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stage = setStage(folder, backend);
  const town = new Town(folder);
  try {
    const facts = await playNetwork(stage, town, signal, networkTeller(style, tell));
    const expected = asExpected(facts, stage.label);
    tell(tellNetworkEnd(style, facts, keep));
    if (json) write(jsonLine({ asExpected: expected, ...facts }));
    return expected ? EXIT.ok : EXIT.refuted;
  } finally {
    await town.close();
  }
}

async function play(
  { backend, json, style, keep }: DemoOptions,
  folder: string,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<number> {
  const tell = json ? () => {} : write;
  const started = performance.now();
  const stage = setStage(folder, backend);
  tell(tellTitle(style));
  const honest = await act(stage, "honest", signal);
  tell(tellRun(style, stage, honest));
  const replayed = await replay(stage, "honest", honest.executor, signal);
  tell(tellReplay(style, replayed));
  const cheating = await act(stage, "cheating", signal);
  const paper = check(stage, "cheating", cheating.executor);
  tell(tellCheat(style, honest, cheating, paper));
  const settled = await dispute(stage);
  tell(tellDispute(style, stage, { honest, cheating }, settled));
  const ms = performance.now() - started;
  tell(tellEnd(style, keep, relative("", stage.modelFile), ms));
  const facts = factsOf(stage, { honest, cheating, replayed, paper, settled }, ms);
  if (json) write(`${JSON.stringify({ ...(keep === undefined ? {} : { keep }), ...facts })}\n`);
  return facts.asExpected ? EXIT.ok : EXIT.refuted;
}

interface Acts {
  readonly honest: RunFacts;
  readonly cheating: RunFacts;
  readonly replayed: ReportFacts;
  readonly paper: ReportFacts;
  readonly settled: DisputeFacts;
}

function factsOf(stage: Stage, { honest, cheating, replayed, paper, settled }: Acts, ms: number) {
  const { plan } = stage;
  const against = (who: Executor) => {
    const record = settled.against[who];
    const cost = costOf(record);
    return {
      atFault: settled.atFault.includes(who),
      verdict: describeOutcome(plan, record.outcome),
      outcome: record.outcome,
      moves: record.transcript.map(({ sender, kind, bytes }) => ({ sender, kind, bytes })),
      moveBytes: record.moveBytes,
      ...(cost ? { recomputedShare: cost.operator.steps / cost.run.steps } : {}),
    };
  };
  return {
    asExpected: replayed.outcome === "verified" && settled.atFault.join() === "cheating",
    model: { operators: plan.nodes.length, segments: plan.segments.length },
    honest: { ...honest, replay: replayed },
    cheating: { ...cheating, check: paper },
    dispute: { cheating: against("cheating"), honest: against("honest"), ms: settled.ms },
    ms,
  };
}
