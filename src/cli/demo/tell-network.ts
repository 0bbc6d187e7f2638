import type { Id } from "../../settlement/state.js";
import { bytesText, millisText } from "../format.js";
import type { DisputeFacts, JobFacts } from "../job-report.js";
import type { Style } from "../style.js";
import type { NetworkTelling } from "./network.js";
import type { NetworkFacts } from "./network-facts.js";

/** The network's demo in words, told while it happens. */
const INDENT = "   ";

/** Who is who; addresses say nothing to people. */
type Names = ReadonlyMap<Id, string>;

export function networkTeller(s: Style, tell: (text: string) => void): NetworkTelling {
  let names: Names = new Map();
  tell(tellTitle(s));
  return {
    opened: ({ url, ledger }) => tell(tellOpened(s, url, ledger)),
    peopled: ({ residents }) => {
      names = namesOf(residents);
      tell(tellPeople(residents));
    },
    drawn: (job) => tell(job.mode === "replayed" ? tellReplayed(s, job) : tellDrawn(names, job)),
    contested: (job) => tell(tellVerdict(s, names, job, "match")),
    watching: () => tell(tellWatcher(s)),
    challenged: (job) => tell(tellVerdict(s, names, job, "challenge")),
  };
}

function namesOf({ executors, cheat, watcher, requester }: NetworkFacts["residents"]): Names {
  const named = executors.map((e, i): [Id, string] => {
    return [e, e === cheat ? "the cheat" : `executor ${i + 1}`];
  });
  return new Map([...named, [watcher, "the watcher"], [requester, "the requester"]]);
}

function tellTitle(s: Style): string {
  return lines(
    s.bold("Assay: a network of executors, one of which lies"),
    "",
    "A ledger, three executors, a watcher and a requester, each a process of its own on this machine:",
    "they know of each other only what the ledger's log says. Hours are seconds here.",
    "",
  );
}

function tellOpened(s: Style, url: string, ledger: Id): string {
  return lines(
    act(s, 1, "An operator founds a ledger, and executors stake money"),
    `${INDENT}ledger      ${short(ledger)}, served on ${url}`,
  );
}

function tellPeople({ executors, cheat }: NetworkFacts["residents"]): string {
  return lines(
    ...executors.map((e, i) => {
      const flaw = e === cheat ? ", and will falsify one number of every run" : "";
      return `${INDENT}executor ${i + 1}  ${short(e)} offers the digit model${flaw}`;
    }),
    "",
  );
}

function tellReplayed(s: Style, { executors, fee }: JobFacts): string {
  return lines(
    act(s, 2, "A job that all three run"),
    ...indented(
      `A requester pays ${fee} for one picture to be read, by ${executors.length} executors. The beacon draws them. Each`,
      "seals its receipt before any of them shows it, so that nobody can copy.",
    ),
    "",
  );
}

function tellDrawn(names: Names, { executors }: JobFacts): string {
  const who = names.get(executors[0]?.executor ?? "") ?? "somebody";
  const then = who === "the cheat" ? "nobody else runs it, but for the watcher" : "posting another";
  return lines(`${INDENT}The beacon draws ${who}: ${then}.`, "");
}

function tellWatcher(s: Style): string {
  return lines(
    act(s, 3, "A job that only one runs, and a watcher"),
    ...indented(
      "Three runs of everything are dear. The next job is run once, and stands unless somebody",
      "challenges it in time. A watcher re-executes what it likes, and lives on rewards.",
    ),
    "",
  );
}

function tellVerdict(s: Style, names: Names, job: JobFacts, kind: DisputeFacts["kind"]): string {
  const decided = job.disputes.find((d) => d.kind === kind && d.result?.kind === "decided");
  if (!decided) return lines(`${INDENT}${s.bad("no dispute was decided")}`, "");
  const name = (id: Id): string => names.get(id) ?? short(id);
  const convicted = decided.result?.kind === "decided" && decided.result.loser === "asserter";
  const meeting =
    kind === "match"
      ? `Two receipts say the same, one does not: ${name(decided.challenger)} is matched against ${name(decided.asserter)}.`
      : `${capital(name(decided.challenger))} finds another answer and challenges ${name(decided.asserter)}.`;
  return lines(
    `${INDENT}${meeting}`,
    "",
    `${INDENT}${convicted ? s.bold(s.bad("CONVICTED")) : s.bold(s.good("NOT CONVICTED"))}: ${name(decided.asserter)}`,
    ...verdictLines(s, decided),
    "",
    ...job.executors.map((e) => `${INDENT}  ${name(e.executor).padEnd(12)}${e.standing}`),
    "",
  );
}

/** The operator, the element, the claimed and correct bits; then what it took. */
function verdictLines(s: Style, { verdict, result, moves, moveBytes }: DisputeFacts): string[] {
  const effort = `${moves} moves, ${bytesText(moveBytes)} shown to the ledger, which never runs the model`;
  const outcome = result?.kind === "decided" ? result.outcome : undefined;
  const evidence = outcome?.kind === "refuted" ? outcome.evidence : undefined;
  if (!evidence || !("claimed" in evidence) || !("operator" in evidence)) {
    return [`${INDENT}  ${verdict}`, `${INDENT}  ${effort}`];
  }
  const { operator, element, claimed, correct } = evidence as typeof evidence & {
    readonly element: { readonly coordinates: readonly number[] };
    readonly correct: string;
  };
  const { index, name, operator: type } = operator;
  return [
    ["operator", `${s.bold(name)}, a ${type}, number ${index} of the run`],
    ["element", `[${element.coordinates.join(", ")}]`],
    ["claimed", s.bad(String(claimed))],
    ["correct", s.good(correct)],
    ["effort", effort],
  ].map(([label = "", text = ""]) => `${INDENT}  ${label.padEnd(12)}${text}`);
}

export function tellNetworkEnd(s: Style, facts: NetworkFacts, keep: string | undefined): string {
  const { money, burned, minted, audit, answer, replayed, optimistic, ms } = facts;
  const end = (job: JobFacts): string => (job.phase.name === "ended" ? job.phase.end.kind : "open");
  const kept = keep === undefined ? [] : [`Look into it: assay ledger check ${keep}/ledger`];
  return lines(
    act(s, 4, "Who was paid, and what was burned"),
    ...indented(
      `first job     ${end(replayed)}: a ${answer}; fee ${replayed.fee}, to those whose receipts stand`,
      `second job    ${END_WORDS[end(optimistic)] ?? end(optimistic)}`,
      "",
      ...money.map(
        (m, i) => `${nameOf(m.name, i, facts).padEnd(14)}${change(s, m.after - m.before)}`,
      ),
      `burned        ${burned} of ${minted}, the greater part from the liar's bonds`,
    ),
    "",
    ...indented(
      audit.same
        ? `${s.good("✓")} the log's ${audit.events} events, replayed once more, amount to the same`
        : `${s.bad("✗")} the log amounts to something else than was followed`,
    ),
    "",
    ...kept.map((line) => s.dim(line)),
    s.dim(`The demo took ${millisText(ms)}.`),
  );
}

const END_WORDS: Readonly<Record<string, string>> = {
  "all-fell": "no receipt stands: the fee went back to the requester",
};

function nameOf(name: string, i: number, { residents }: NetworkFacts): string {
  return residents.executors[i] === residents.cheat ? "the cheat" : name.replace("-", " ");
}

function change(s: Style, by: number): string {
  const text = `${by > 0 ? "+" : ""}${by}`.padStart(9);
  return by < 0 ? s.bad(text) : s.good(text);
}

function act(s: Style, number: number, title: string): string {
  return `${s.bold(`${number}  ${title}`)}\n`;
}

function indented(...text: string[]): string[] {
  return text.map((line) => (line === "" ? "" : `${INDENT}${line}`));
}

function lines(...text: string[]): string {
  return `${text.join("\n")}\n`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The beginning of a long hex number: enough to recognise it. */
function short(hex: string): string {
  return hex.length > 20 ? `${hex.slice(0, 18)}…` : hex;
}
