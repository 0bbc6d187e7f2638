import {
  canonicalNaNs,
  findDefinition,
  type Lowering,
  type Scan,
  type Tensor,
} from "../../../operators/index.js";
import { edgeTensor } from "../../backends/edge-tensors.js";
import { MICRO_OP_CASES, mapOf, operandsOf } from "../../backends/micro-op-cases.js";
import { loweringOf } from "../../backends/placed-cases.js";
import { DEFINITION_CASES } from "../../definitions/cases/index.js";
import type { DefinitionCase } from "../../definitions/cases/types.js";
import { runNode } from "../../support/run-definition.js";
import { caseName, rowName } from "./case-name.js";
import { FOLDED_CASES } from "./folded-cases.js";
import { functionWorkloads } from "./functions.js";
import { WIDE_CASES } from "./wide-cases.js";

/** One case of the table: stages to run on a machine, or bytes that were folded at binding. */
export interface Workload {
  readonly row: string;
  readonly name: string;
  readonly stages: Lowering["stages"];
  readonly scan?: Scan;
  readonly inputs: readonly (Tensor | undefined)[];
  /** Whether the machine is told that all inputs but the first are constants, which it may pack. */
  readonly constant: boolean;
  readonly folded?: readonly Uint8Array[];
}

/** A workload with its position in its row, and how many the whole row has. */
export interface NumberedWorkload extends Workload {
  readonly index: number;
  readonly total: number;
}

/** All of them, or `sample` of each row: the first, the last, and evenly between. */
export function tableWorkloads(all: readonly Workload[], sample?: number): NumberedWorkload[] {
  const rows = new Map<string, Workload[]>();
  for (const w of all) rows.set(w.row, [...(rows.get(w.row) ?? []), w]);
  return [...rows.values()].flatMap((row) => {
    const total = row.length;
    const numbered = row.map((w, index) => ({ ...w, index, total }));
    if (sample === undefined || total <= sample) return numbered;
    const step = sample > 1 ? (total - 1) / (sample - 1) : total;
    const chosen = new Set(Array.from({ length: sample }, (_, i) => Math.round(i * step)));
    return numbered.filter((w) => chosen.has(w.index));
  });
}

/** Everything that is a program: operators, micro-ops, functions, and the wide contractions. */
export function allWorkloads(wanted: (row: string) => boolean = () => true): Workload[] {
  return [
    ...operatorWorkloads(FOLDED_CASES, rowName, wanted),
    ...operatorWorkloads(DEFINITION_CASES, rowName, wanted),
    ...operatorWorkloads(WIDE_CASES, (c) => `${c.operator}, in chunks`, wanted),
    ...MICRO_OP_CASES.flatMap((op) => microOpWorkloads(op, wanted)),
    ...(wanted("functions") ? functionWorkloads() : []),
  ];
}

/** Seeds count within a row, so that a row's digest does not depend on which other rows there are. */
export function operatorWorkloads(
  cases: readonly DefinitionCase[],
  rowOf: (c: DefinitionCase) => string,
  wanted: (row: string) => boolean = () => true,
): Workload[] {
  const counts = new Map<string, number>();
  return cases.flatMap((c) => {
    const row = rowOf(c);
    if (!wanted(row)) return [];
    const seed = (counts.get(row) ?? 0) + 1;
    counts.set(row, seed);
    return ofCase(c, row, seed);
  });
}

/** A case with several inputs counts twice: as given, and with all inputs but the first constant. */
function ofCase(c: DefinitionCase, row: string, seed: number): Workload[] {
  const name = caseName(c);
  const inputs = c.inputs.map(
    (type, i) =>
      type && (c.values?.[i] ?? canonicalNaNs(edgeTensor(type.dtype, type.dims, seed + 31 * i))),
  );
  const isFolded = findDefinition(c.domain, c.operator)?.fold !== undefined;
  const lowering = isFolded ? undefined : loweringOf(c, inputs);
  if (!lowering) {
    const folded = runNode({ ...c, inputs }).map((t) => t.bytes);
    return [{ row, name, stages: [], inputs: [], constant: false, folded }];
  }
  const { stages, scan } = lowering;
  const plain = { row, name, stages, ...(scan ? { scan } : {}), inputs, constant: false };
  if (inputs.length < 2) return [plain];
  return [plain, { ...plain, name: `${name}, constants`, constant: true }];
}

/** A micro-op's programs: one for every choice of operands that are the same in all lanes. */
function microOpWorkloads(
  op: (typeof MICRO_OP_CASES)[number],
  wanted: (row: string) => boolean,
): Workload[] {
  const row = `micro-ops, ${op.slice(0, op.indexOf("."))}`;
  if (!wanted(row)) return [];
  const operands = operandsOf(op);
  const stages = Array.from({ length: 2 ** operands.length }, (_, uniform) => ({
    name: `${uniform}`,
    program: mapOf(op, operands, uniform),
    sources: operands.map((_, index) => ({ kind: "input" as const, index })),
  }));
  return [{ row, name: op, stages, inputs: operands, constant: false }];
}
