import type { Io } from "../command.js";
import type { Arguments } from "../commands/ledger-deposit.js";
import { EXIT } from "../errors.js";
import { accountOf, addressArgument, sayOrThrow, withLedger } from "../network.js";
import { jsonLine } from "../printable.js";
import { interruptible } from "../signals.js";

export async function deposit(args: Arguments, io: Io): Promise<number> {
  const to = addressArgument(args.address);
  const { amount } = args;
  const free = await interruptible((signal) =>
    withLedger(args, signal, async (ledger) => {
      await sayOrThrow(accountOf(ledger, args.key, io), { kind: "deposit", to, amount });
      return ledger.state.money.free.get(to) ?? 0;
    }),
  );
  const text = `  ${to} got ${amount} and has ${free} free\n`;
  io.stdout.write(args.json ? jsonLine({ address: to, amount, free }) : text);
  return EXIT.ok;
}
