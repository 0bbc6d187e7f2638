import type { Report } from "../report.js";
import type { Settings } from "../settings.js";
import { benchCommitment } from "./commitment.js";
import { benchContest } from "./contest.js";
import { benchDispute } from "./dispute.js";
import {
  benchInt8,
  benchMnist,
  benchMobilenet,
  benchResnet50,
  benchSqueezenet,
  benchStack,
} from "./end-to-end.js";
import { benchGrowth } from "./growth.js";
import { benchHashing } from "./hashing.js";
import { benchInside } from "./inside.js";
import { benchLedger } from "./ledger.js";
import { benchMaps } from "./maps.js";
import { benchMatmul } from "./matmul.js";
import { benchMemory } from "./memory.js";
import { benchOperators } from "./operators.js";
import { benchStartup } from "./startup.js";
import { benchVector } from "./vector.js";

export type Benchmark = (settings: Settings) => Promise<Report>;

/** By name, in the order in which they run and are reported. */
export const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  matmul: benchMatmul,
  vector: benchVector,
  squeezenet: benchSqueezenet,
  mnist: benchMnist,
  resnet50: benchResnet50,
  mobilenet: benchMobilenet,
  stack: benchStack,
  int8: benchInt8,
  growth: benchGrowth,
  memory: benchMemory,
  commitment: benchCommitment,
  hashing: benchHashing,
  dispute: benchDispute,
  inside: benchInside,
  contest: benchContest,
  ledger: benchLedger,
  maps: benchMaps,
  operators: benchOperators,
  startup: benchStartup,
};
