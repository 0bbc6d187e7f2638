import { branch } from "./branch.js";
import type { ControlFlow } from "./inliner.js";
import { loop } from "./loop.js";
import { scan } from "./scan.js";

export type { At, ControlFlow, Inliner, PlannedStep } from "./inliner.js";

export const CONTROL_FLOW: readonly ControlFlow[] = [branch, loop, scan];

/** The operator of that name that runs graphs, if it is one. */
export function findControlFlow(domain: string, name: string): ControlFlow | undefined {
  return domain === "" ? CONTROL_FLOW.find((c) => c.name === name) : undefined;
}
