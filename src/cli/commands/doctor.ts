import type { Command } from "../command.js";
import { OUTPUT } from "../options.js";

export interface DoctorArguments {
  readonly json: boolean;
}

export const doctorCommand: Command<DoctorArguments> = {
  name: "doctor",
  area: "Runs and receipts",
  summary: "show which backends work here, and why others do not",
  details:
    "Shows which backends work on this machine and why others do not, what the native one makes of the processor, and how fast tensors are hashed. Every backend gives the same bits.",
  options: { ...OUTPUT },
  examples: [{ what: "Is the native backend built?", command: "assay doctor" }],
  exits: "Exit codes: 0 always: some backend works everywhere.",
  run: async (args, io) => (await import("../actions/doctor.js")).doctor(args, io),
};
