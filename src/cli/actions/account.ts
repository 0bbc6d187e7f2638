import { AssayError } from "../../../operators/basis.js";
import type { MessageBody } from "../../settlement/messages.js";
import type { Id, LedgerState } from "../../settlement/state.js";
import { bondKey } from "../../settlement/step.js";
import type { Io } from "../command.js";
import type { Arguments } from "../commands/account.js";
import { EXIT } from "../errors.js";
import { field } from "../format.js";
import { accountOf, sayOrThrow, withLedger } from "../network.js";
import { jsonLine } from "../printable.js";
import { interruptible } from "../signals.js";

export async function account(args: Arguments, io: Io): Promise<number> {
  const body = changeOf(args);
  const facts = await interruptible((signal) =>
    withLedger(args, signal, async (ledger) => {
      const speaker = accountOf(ledger, args.key, io);
      if (body) await sayOrThrow(speaker, body);
      return accountFacts(ledger.state, speaker.address);
    }),
  );
  io.stdout.write(args.json ? jsonLine(facts) : describeAccount(facts));
  return EXIT.ok;
}

const CHANGES = ["stake", "unstake", "withdraw"] as const;

function changeOf(args: Arguments): MessageBody | undefined {
  const given = CHANGES.filter((kind) => args[kind] !== undefined);
  if (given.length > 1) {
    const flags = given.map((kind) => `--${kind}`).join(" and ");
    throw new AssayError("usage", `${flags} cannot be done at once`, { hint: "one at a time" });
  }
  const [kind] = given;
  return kind && { kind, amount: args[kind] as number };
}

interface AccountFacts {
  readonly ledger: Id;
  readonly address: Id;
  readonly free: number;
  readonly stake: number;
  /** What is locked until something ends: executors' and challengers' bonds, fees of jobs posted. */
  readonly locked: readonly { readonly what: string; readonly id: Id; readonly amount: number }[];
}

export function accountFacts(state: LedgerState, address: Id): AccountFacts {
  const { free, stakes, locks } = state.money;
  const entry = (what: string, id: Id, key = id) => {
    const amount = locks.get(key) ?? 0;
    return amount === 0 ? [] : [{ what, id, amount }];
  };
  const jobs = state.openJobs.flatMap((id) => [
    ...entry("bond in job", id, bondKey(address, id)),
    ...(state.jobs.get(id)?.requester === address ? entry("fee of job", id) : []),
  ]);
  const challenges = state.openDisputes.flatMap((id) => {
    return state.disputes.get(id)?.challenger === address ? entry("bond in dispute", id) : [];
  });
  return {
    ledger: state.id,
    address,
    free: free.get(address) ?? 0,
    stake: stakes.get(address) ?? 0,
    locked: [...jobs, ...challenges],
  };
}

function describeAccount({ ledger, address, free, stake, locked }: AccountFacts): string {
  const lines = [
    field("ledger", ledger),
    field("address", address),
    field("free", String(free)),
    field("stake", String(stake)),
    ...locked.map(({ what, id, amount }) => field("locked", `${amount}, ${what} ${id}`)),
  ];
  return `${lines.join("\n")}\n`;
}
