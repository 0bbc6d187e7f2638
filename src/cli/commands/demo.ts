import type { BackendName } from "../../execute/backend.js";
import type { Command } from "../command.js";
import { BACKEND, OUTPUT } from "../options.js";

const OPTIONS = {
  keep: {
    value: "folder",
    group: "Output",
    describe: "write the runs into this new folder and keep them",
  },
  network: {
    group: "What",
    describe: "the ledger, executors and a watcher, each a process of its own; about half a minute",
  },
  ...OUTPUT,
  backend: BACKEND.backend,
} as const;

export interface DemoArguments {
  readonly keep?: string;
  readonly network: boolean;
  readonly backend: BackendName;
  readonly json: boolean;
}

export const demoCommand: Command<DemoArguments> = {
  name: "demo",
  area: "Runs and receipts",
  summary: "see an honest run verified and a cheating one convicted, in seconds",
  details:
    "Runs a small model that reads digits, verifies its receipt, then plays the dispute with a second run in which one number was falsified. Needs no files and no key.",
  options: OPTIONS,
  examples: [
    { what: "Play it", command: "assay demo" },
    { what: "Play it and keep both runs to look into", command: "assay demo --keep my-demo" },
    { what: "See a whole network convict a liar", command: "assay demo --network" },
  ],
  run: async (args, io) => (await import("../actions/demo.js")).demoAsTyped(args, io),
};
