import { f32Values } from "../../../operators/index.js";
import type { DisputeCost, OperatorFault, StretchFault } from "../../dispute/evidence.js";
import type { MoveKind } from "../../dispute/moves.js";
import type { DisputeRecord } from "../../dispute/play.js";
import { costOf, describeOutcome } from "../../verify/describe.js";
import { bytesText, countText, millisText } from "../format.js";
import type { Style } from "../style.js";
import type { DisputeFacts, ReportFacts, RunFacts } from "./acts.js";
import { picture, sideBySide } from "./picture.js";
import type { Stage } from "./stage.js";

/** The demo in words: one function per act, each yields the text of its act. */
const INDENT = "   ";
const LABEL = 12;

export function tellTitle(s: Style): string {
  return lines(
    s.bold("Assay: did this model really give this answer?"),
    "",
    "Somebody runs a neural network for you. How do you know that the answer is the model's?",
    "In four acts, all on this machine:",
    "",
  );
}

export function tellRun(s: Style, stage: Stage, run: RunFacts): string {
  const { picture: image, plan, model } = stage;
  const [height = 0, width = 0] = image.dims.slice(2);
  const weights = [...model.weights.values()].reduce((sum, t) => sum + t.bytes.length / 4, 0);
  const facts = [
    entry("model", "a small neural network that reads digits:"),
    entry("", `${plan.nodes.length} operators, ${weights.toLocaleString("en-US")} weights`),
    entry("input", `this picture, ${width} × ${height} pixels`),
    entry("answer", answerText(s, run)),
    entry("time", `${millisText(run.ms)}, in ${BACKENDS[run.backend]}`),
    entry("receipt", short(run.receipt)),
    entry("signed by", short(run.executor)),
  ];
  const art = picture(f32Values(image), width).map((line) => `${INDENT}${line}`);
  return lines(
    act(s, 1, "An executor runs the model and signs a receipt"),
    ...sideBySide(art, facts, INDENT.length + width + 3),
    "",
    ...indented(
      `The receipt (${bytesText(run.receiptBytes)}) binds the executor to the model, the input, the answer and`,
      `the numbers between the layers, by their fingerprints (SHA-256). It contains none of them.`,
    ),
    "",
  );
}

const BACKENDS = {
  native: "native code",
  wasm: "WebAssembly",
  interpreter: "the interpreter",
} as const;

/** What was found out, gathered under what it means. */
const CHECKS: readonly { readonly means: string; readonly what: readonly string[] }[] = [
  { means: "the signature is that executor's", what: ["signature", "expected executor"] },
  {
    means: "the receipt is about this model, computed by these rules of arithmetic",
    what: ["profile", "expected model", "model", "binding", "plan", "segments"],
  },
  { means: "it is about this picture and this answer", what: ["inputs", "outputs"] },
  {
    means: "computed once more, every fingerprint on the way is the same",
    what: ["inputs root", "trace root", "outputs root"],
  },
];

export function tellReplay(s: Style, { outcome, reason, findings, ms }: ReportFacts): string {
  const verdict = outcome === "verified" ? s.good("VERIFIED") : s.bad(outcome.toUpperCase());
  const holds = (what: string): boolean =>
    findings.some((f) => f.what === what && f.result === "ok");
  return lines(
    act(s, 2, "Somebody who trusts nobody repeats the run"),
    ...CHECKS.map(({ means, what }) => `${INDENT}${mark(s, what.every(holds))} ${means}`),
    "",
    `${INDENT}${s.bold(verdict)}: ${reason} (${millisText(ms)})`,
    "",
  );
}

export function tellCheat(
  s: Style,
  honest: RunFacts,
  cheating: RunFacts,
  paper: ReportFacts,
): string {
  const { bad } = s;
  return lines(
    act(s, 3, "Another executor cheats"),
    ...indented(
      "It runs the same model on the same picture, but flips one bit in one number on the way,",
      "and computes everything after it correctly from there.",
    ),
    "",
    `${INDENT}${entry("answer", `${answerText({ ...s, good: bad }, cheating)}, not ${honest.answer}`)}`,
    `${INDENT}${entry("receipt", short(cheating.receipt))}`,
    `${INDENT}${entry("signed by", short(cheating.executor))}`,
    "",
    paper.outcome === "verified"
      ? `${INDENT}The receipt is well formed and properly signed: on paper nothing is wrong with it.`
      : `${INDENT}${paper.reason}`,
    "",
  );
}

export function tellDispute(
  s: Style,
  stage: Stage,
  runs: { honest: RunFacts; cheating: RunFacts },
  facts: DisputeFacts,
): string {
  const { honest, cheating } = facts.against;
  return lines(
    act(s, 4, "The dispute"),
    ...indented(
      "Two signed receipts, two answers. A referee that cannot run the model makes the executors",
      "open what they signed, piece by piece, until what is left is small enough to compute again.",
    ),
    "",
    `${INDENT}The executor that says ${runs.honest.answer} challenges the one that says ${runs.cheating.answer}:`,
    "",
    ...transcript(s, cheating),
    "",
    ...verdict(s, stage, runs.cheating, cheating),
    "",
    ...acquittal(s, stage, runs.honest, honest),
    "",
    ...effort(cheating, facts.ms),
    "",
  );
}

const WHO = { asserter: "accused", challenger: "challenger", anyone: "anyone" } as const;

/** What a move says, in plain words. */
const SAYS: Readonly<Record<MoveKind, string>> = {
  reveal: "uncovers what its receipt masks",
  descend: "asks for the halves of the run",
  hashes: "opens them",
  select: "picks the half that is wrong",
  nameSegment: "points at the stretch of the run where the error is",
  openBoundaries: "opens the fingerprints before and after that stretch",
  openSegment: "opens the fingerprint of every result within it",
  nameOperator: "points at one operator",
  openOperator: "shows the numbers that went into that operator and came out",
  accuse: "points at one number of one operator",
  openPath: "opens all fingerprints on the way to it",
  openIntermediates: "opens the fingerprints of what that operator computed on the way",
  descendTensor: "asks for the parts of one of them",
  descendSlices: "asks for the steps of the recurrence",
  openTile: "shows the numbers of one small part",
  pickElement: "points at one of them",
  nameElement: "points at one number",
  openPartials: "shows how that number grew, sum by sum",
  selectSpan: "picks the first sum that is wrong",
  openReads: "shows the numbers that went into that sum",
  challengeInputs: "points at the inputs",
  openInputs: "opens the fingerprints of the inputs",
  timeout: "calls the time",
};

function transcript(s: Style, record: DisputeRecord): string[] {
  const moves = record.transcript.map((move) =>
    said(WHO[move.sender], SAYS[move.kind], bytesText(move.bytes)),
  );
  const cost = costOf(record);
  const what = cost && isWhole(cost) ? "that one operator" : "those few sums";
  const end = cost ? [said("referee", `recomputes ${what} and compares`, "")] : [];
  return [...moves, ...end].map((line) => s.dim(line));
}

function said(who: string, what: string, size: string): string {
  return `${INDENT}  ${who.padEnd(LABEL)}${what.padEnd(61)}${size.padStart(8)}`.trimEnd();
}

function verdict(s: Style, stage: Stage, run: RunFacts, record: DisputeRecord): string[] {
  const { outcome } = record;
  const headline = `${s.bold(s.bad("AT FAULT"))}: the executor that says ${run.answer}, ${short(run.executor)}`;
  if (outcome.kind !== "refuted") return [`${INDENT}${describeOutcome(stage.plan, outcome)}`];
  const { evidence } = outcome;
  if (evidence.fault !== "wrong-operator" && evidence.fault !== "wrong-stretch") {
    return indented(headline, describeOutcome(stage.plan, outcome));
  }
  return indented(headline, ...operatorLines(s, stage, evidence));
}

function isWhole({ referee, operator }: DisputeCost): boolean {
  return referee.steps === operator.steps;
}

/** Which steps of the fold, where it was cut. */
function stepLines(e: OperatorFault | StretchFault): string[] {
  if (e.fault === "wrong-operator" || e.steps.of === 0) return [];
  const { from, to, of } = e.steps;
  return [detail("", `summed up from ${of} products; wrong in numbers ${from} to ${to - 1}`)];
}

function operatorLines(s: Style, { plan }: Stage, e: OperatorFault | StretchFault): string[] {
  const { name, index, operator } = e.operator;
  const layer = name.slice(0, name.lastIndexOf("/"));
  return [
    detail("operator", `${s.bold(name)}, a ${operator}`),
    detail("", `number ${index} of 0 to ${plan.nodes.length - 1}, in the layer ${layer}`),
    detail("", `in segment ${e.segment} of 0 to ${plan.segments.length - 1}`),
    detail("result", `its number at [${e.element.coordinates.join(", ")}]`),
    ...stepLines(e),
    detail("claimed", `${s.bad(valueText(e.claimed))}   bits ${e.claimed}`),
    detail("correct", `${s.good(valueText(e.correct))}   bits ${e.correct}`),
  ];
}

/** The f32 with these bits. */
function valueText(bits: string): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, Number.parseInt(bits.replace(/^0x/, ""), 16));
  return view.getFloat32(0).toPrecision(7);
}

function acquittal(s: Style, stage: Stage, run: RunFacts, { outcome }: DisputeRecord): string[] {
  const cleared = outcome.kind === "not-refuted";
  const headline = cleared ? s.bold(s.good("NOT AT FAULT")) : s.bold(s.bad("AT FAULT"));
  return indented(
    `${headline}: the executor that says ${run.answer}, ${short(run.executor)}`,
    detail("challenged", "by the other in the same way, about the same place"),
    detail("", describeOutcome(stage.plan, outcome)),
  );
}

function effort(record: DisputeRecord, ms: number): string[] {
  const cost = costOf(record);
  const share = cost && (100 * cost.referee.steps) / cost.run.steps;
  // Below a tenth of a percent the two numbers say more.
  const percent = share !== undefined && share >= 0.1 ? ` (${share.toFixed(1)} %)` : "";
  return indented(
    ...(cost
      ? [
          `The referee recomputed ${countText(cost.referee.steps)} of the run's ${countText(cost.run.steps)} steps of arithmetic${percent}`,
        ]
      : []),
    `and was shown ${bytesText(record.moveBytes)}. Both cases took ${millisText(ms)}.`,
  );
}

export function tellEnd(s: Style, folder: string | undefined, modelFile: string, ms: number) {
  const hint =
    folder === undefined
      ? ["The runs were temporary. To keep them and go on by hand: assay demo --keep <folder>"]
      : [
          "Go on by hand:",
          `  assay inspect ${folder}/honest`,
          `  assay verify-run ${folder}/honest --model ${modelFile}`,
          `  assay verify-run ${folder}/cheating --model ${modelFile} --against ${folder}/honest`,
        ];
  return lines(...hint.map((line) => s.dim(line)), s.dim(`The demo took ${millisText(ms)}.`));
}

function act(s: Style, number: number, title: string): string {
  return `${s.bold(`${number}  ${title}`)}\n`;
}

function answerText(s: Style, { answer, sure }: RunFacts): string {
  return `${s.bold(s.good(String(answer)))} (${(100 * sure).toFixed(1)} % sure)`;
}

function mark(s: Style, ok: boolean): string {
  return ok ? s.good("✓") : s.bad("✗");
}

function entry(label: string, value: string): string {
  return `${label.padEnd(LABEL)}${value}`;
}

function detail(label: string, value: string): string {
  return `  ${entry(label, value)}`;
}

function indented(...text: string[]): string[] {
  return text.map((line) => `${INDENT}${line}`);
}

function lines(...text: string[]): string {
  return `${text.join("\n")}\n`;
}

/** The beginning of a long hex number: enough to recognise it. */
function short(hex: string): string {
  return hex.length > 20 ? `${hex.slice(0, 18)}…` : hex;
}
