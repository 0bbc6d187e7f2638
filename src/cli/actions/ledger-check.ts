import { auditLedgerFolder, type LedgerAudit } from "../../ledger/audit-folder.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { RuleBook } from "../../settlement/rule-book.js";
import type { LedgerState } from "../../settlement/state.js";
import type { Io } from "../command.js";
import type { Arguments } from "../commands/ledger-check.js";
import { EXIT, errorObject } from "../errors.js";
import { table } from "../format.js";
import { jobFacts, phaseText, timeText } from "../job-report.js";
import { jsonLine, printable } from "../printable.js";
import { type Style, styleFor } from "../style.js";

export async function check({ folder, json }: Arguments, { stdout, env }: Io): Promise<number> {
  const book = new RuleBook(nodeHasher);
  const audit = await auditLedgerFolder(folder, book);
  const facts = auditFacts(audit, book);
  stdout.write(json ? jsonLine(facts) : describeAudit(audit, facts, styleFor(stdout, env)));
  return audit.problem ? EXIT.refuted : EXIT.ok;
}

interface AuditFacts {
  readonly outcome: "whole" | "corrupt";
  readonly problem?: unknown;
  readonly events: number;
  readonly tornBytes: number;
  readonly ledger: ReturnType<typeof ledgerFacts> | null;
}

function auditFacts({ state, problem, tail }: LedgerAudit, book: RuleBook): AuditFacts {
  return {
    outcome: problem ? "corrupt" : "whole",
    ...(problem ? { problem: errorObject(problem).error } : {}),
    events: state?.count ?? 0,
    tornBytes: tail?.bytes ?? 0,
    ledger: state ? ledgerFacts(state, book) : null,
  };
}

function ledgerFacts(state: LedgerState, book: RuleBook) {
  const { money } = state;
  const locked = [...money.locks.entries()].reduce((sum, [, n]) => sum + n, 0);
  return {
    id: state.id,
    operator: state.parameters.operator,
    now: state.now,
    beacons: state.beacon.count,
    money: { minted: money.minted, burned: money.burned, locked },
    accounts: accountsOf(state),
    models: [...state.models.entries()].map(([id, m]) => ({ id, executors: m.offers.length })),
    jobs: [...state.jobs.entries()].map(([, job]) => jobFacts(state, job, book)),
  };
}

function accountsOf({ money, sequences }: LedgerState) {
  const names = [money.free, money.stakes, sequences].flatMap((map) =>
    [...map.entries()].map(([address]) => address),
  );
  return [...new Set(names)].sort().map((address) => ({
    address,
    free: money.free.get(address) ?? 0,
    stake: money.stakes.get(address) ?? 0,
    messages: sequences.get(address) ?? 0,
  }));
}

function describeAudit({ problem, tail }: LedgerAudit, facts: AuditFacts, style: Style): string {
  const { ledger, events } = facts;
  const torn = tail
    ? [`  · ${tail.bytes} bytes behind record ${tail.after} were never acknowledged`]
    : [];
  const headline = problem
    ? `${style.bad(style.bold("CORRUPT"))}: ${printable(problem.message)}`
    : `${style.good(style.bold("WHOLE"))}: ${events} events, each as it was written, replayed`;
  const lines = [...(ledger ? ledgerLines(ledger) : []), ...torn, "", headline];
  return `${lines.join("\n")}\n`;
}

/** Longer lists are cut. */
const LISTED = 50;

function ledgerLines({
  id,
  operator,
  now,
  money,
  accounts,
  models,
  jobs,
}: NonNullable<AuditFacts["ledger"]>) {
  const { minted, burned, locked } = money;
  const disputes = jobs.flatMap((j) => j.disputes.map((d) => ({ ...d, job: j.job })));
  return [
    `  ledger     ${id}`,
    `  operator   ${operator}`,
    `  time       ${timeText(now)}`,
    `  money      ${minted} in all: ${burned} burned, ${locked} in bonds and fees, the rest in accounts`,
    ...section(
      ["account", "free", "stake", "messages"],
      accounts.map((a) => [a.address, String(a.free), String(a.stake), String(a.messages)]),
    ),
    ...section(
      ["model", "executors"],
      models.map((m) => [m.id, String(m.executors)]),
    ),
    ...section(
      ["job", "mode", "phase"],
      jobs.map((j) => [j.job, j.mode, phaseText(j.phase)]),
    ),
    ...section(
      ["dispute of job", "moves", "verdict"],
      disputes.map((d) => [d.job, String(d.moves), d.verdict]),
    ),
  ];
}

function section(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : ["", ...table(header, rows, LISTED).map((line) => `  ${line}`)];
}
