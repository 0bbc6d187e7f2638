import { type BackendName, createMachine } from "../../execute/backend.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { serveWatcher } from "../../service/watcher.js";
import type { Command, Io } from "../command.js";
import { EXIT } from "../errors.js";
import { plural } from "../format.js";
import { startLog } from "../log.js";
import {
  accountOf,
  hostModels,
  KEY,
  LEDGER,
  type LedgerArguments,
  LOG_OUTPUT,
  withLedger,
} from "../network.js";
import { BACKEND } from "../options.js";
import { untilStopped } from "../signals.js";

interface Arguments extends LedgerArguments {
  readonly model: readonly string[];
  readonly key?: string;
  readonly backend: BackendName;
  readonly threads: number;
  readonly json: boolean;
}

export const watchCommand: Command<Arguments> = {
  name: "watch",
  area: "A network",
  summary: "re-execute the jobs of a ledger and challenge what is wrong",
  details:
    "Runs every job of the given models once more while it can be challenged, and challenges each receipt that says something else. A challenge locks a bond of this account's free money; a conviction pays it back with a reward from the executor's bond.",
  options: {
    model: {
      alias: "m",
      value: "file",
      many: true,
      group: "Work",
      describe: "an ONNX file to watch the jobs of",
    },
    ...LEDGER,
    ...KEY,
    backend: BACKEND.backend,
    threads: BACKEND.threads,
    ...LOG_OUTPUT,
  },
  examples: [
    {
      what: "Watch the jobs of a model",
      command: "assay watch -m model.onnx --ledger http://127.0.0.1:7420",
    },
  ],
  exits: "Exit codes: 0 stopped by Ctrl-C or SIGTERM, 2 failed.",
  run: watch,
};

async function watch(args: Arguments, io: Io): Promise<number> {
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
