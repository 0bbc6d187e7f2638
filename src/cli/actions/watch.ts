import { createMachine } from "../../execute/backend.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { serveWatcher } from "../../service/watcher.js";
import type { Io } from "../command.js";
import type { Arguments } from "../commands/watch.js";
import { EXIT } from "../errors.js";
import { plural } from "../format.js";
import { startLog } from "../log.js";
import { accountOf, hostModels, withLedger } from "../network.js";
import { untilStopped } from "../signals.js";

export async function watch(args: Arguments, io: Io): Promise<number> {
  const log = startLog(io, args.json);
  const models = hostModels(args.model);
  await untilStopped((signal) =>
    withLedger(args, signal, async (ledger, book) => {
      const account = accountOf(ledger, args.key, io);
      const { address } = account;
      const { id, money, parameters } = ledger.state;
      const what = `watching ${plural(models.size, "model")}`;
      log({ level: "info", what, facts: { ledger: id, account: address } });
      const [free, bond] = [money.free.get(address) ?? 0, parameters.bonds.challenger[0] ?? 0];
      if (free < bond) {
        const short = `it can challenge nothing yet: assay ledger deposit ${address}`;
        log({ level: "warn", what: short, facts: { free, bond } });
      }
      const machine = () => createMachine(args);
      await serveWatcher({
        ledger,
        account,
        hasher: nodeHasher,
        book,
        models,
        machine,
        signal,
        log,
      });
    }),
  );
  log({ level: "info", what: "stopped", facts: {} });
  return EXIT.ok;
}
