import type { Machine } from "../../operators/index.js";
import type { BackendName } from "../execute/backend.js";
import type { Run } from "../execute/run-model.js";
import { nodeHasher } from "../merkle/node-hash.js";
import { toHex } from "../receipt/hex.js";
import { receiptDigest } from "../receipt/receipt.js";
import type { Comparison } from "./compare.js";
import { bytesText, field, millisText, plural, typeText } from "./format.js";

export interface RunTimes {
  /** Whether the weights were hashed, or their commitments read from the cache; and how long it took. */
  readonly weightsHash: "computed" | "cached";
  readonly weightsHashMs: number;
  readonly runMs: number;
}

type NamedComparison = Comparison & { readonly name: string };

/** What `run` prints: these facts under `--json`, the same as text otherwise. */
export type RunFacts = ReturnType<typeof runFacts>;

export function runFacts(
  args: { out: string; salt: boolean; backend: BackendName; threads: number },
  { signed, plan, trace, outputs, need }: Run,
  backend: Machine["name"],
  times: RunTimes,
  comparisons: readonly NamedComparison[],
) {
  const { receipt } = signed;
  const drill = trace.corruption;
  return {
    out: args.out,
    receipt: toHex(receiptDigest(nodeHasher, receipt)),
    model: toHex(receipt.model),
    executor: toHex(receipt.executor),
    operators: plan.nodes.length,
    segments: plan.segments.length,
    granularity: plan.granularity,
    salted: args.salt,
    backend,
    threads: backend === "interpreter" ? 1 : args.threads,
    // The compiled machines run every program itself. Only `auto` may take the interpreter, for
    // all operators, where the engine has no WebAssembly SIMD.
    fallbacks:
      args.backend === "auto" && backend === "interpreter" ? plan.nodes.map((n) => n.name) : [],
    memoryBytes: need.totalBytes,
    weightBytes: need.weightBytes,
    activationBytes: need.activationBytes,
    ...times,
    outputs: [...outputs].map(([name, { dtype, dims }]) => ({ name, dtype, dims })),
    ...(drill ? { drill: { ...drill, operator: plan.nodes[drill.node]?.name ?? "" } } : {}),
    ...(comparisons.length > 0 ? { expected: comparisons } : {}),
  };
}

const LISTED = 20;

export function describeRun(f: RunFacts): string {
  const more = f.outputs.length - LISTED;
  const lines = [
    field("model", f.model),
    field("", `${plural(f.operators, "operator")} in ${plural(f.segments, "segment")}`),
    field("backend", backendText(f)),
    field(
      "memory",
      `${bytesText(f.memoryBytes)}, of it ${bytesText(f.activationBytes)} activations`,
    ),
    field("time", `${millisText(f.runMs)} for the run, ${hashText(f)}`),
    ...f.outputs.slice(0, LISTED).map((t) => field("output", `${t.name} ${typeText(t)}`)),
    ...(more > 0 ? [field("", `and ${more} more`)] : []),
    field("receipt", `${f.receipt}${f.salted ? " (salted)" : ""}`),
    field("signed by", f.executor),
    field("written to", f.out),
    ...(f.drill ? [field("drill", drillText(f.drill))] : []),
    ...(f.expected ?? []).flatMap(comparisonLines),
  ];
  return `${lines.join("\n")}\n`;
}

function hashText({ weightsHash, weightsHashMs }: RunFacts): string {
  const time = millisText(weightsHashMs);
  return weightsHash === "computed"
    ? `${time} to hash weights`
    : `weights known from before (${time}; --no-cache hashes them)`;
}

function backendText({ backend, threads, fallbacks }: RunFacts): string {
  if (backend !== "interpreter") return `${backend}, ${plural(threads, "thread")}, no fallbacks`;
  if (fallbacks.length === 0) return "interpreter";
  return `interpreter for all ${fallbacks.length} operators: this engine has no WebAssembly SIMD`;
}

function drillText({ node, operator, element, masked }: NonNullable<RunFacts["drill"]>): string {
  const what = `element ${element} of operator ${node} (${operator}) falsified`;
  return masked ? `masked: ${what}, but nothing committed changed` : what;
}

function comparisonLines(c: NamedComparison): string[] {
  const verdict = c.within ? "within tolerance" : "OUTSIDE TOLERANCE";
  const largest =
    c.differing === 0
      ? "no difference"
      : `largest difference ${Number(c.largest.toPrecision(3))} at element ${c.at}`;
  return [
    field("expected", `${c.name}: ${verdict}`),
    field("", `${largest}, ${c.differing} of ${plural(c.elements, "element")} differ`),
  ];
}
