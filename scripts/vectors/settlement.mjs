import { f32Tensor } from "../../dist/operators/index.js";
import { HonestAsserter } from "../../dist/src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../dist/src/dispute/honest-challenger.js";
import { moverOf } from "../../dist/src/dispute/transition.js";
import { bind } from "../../dist/src/graph/bind.js";
import { modelDigest } from "../../dist/src/graph/digests.js";
import { runLowering } from "../../dist/src/graph/run-lowering.js";
import { indexedRoot } from "../../dist/src/merkle/indexed-root.js";
import { nodeHasher as hasher } from "../../dist/src/merkle/node-hash.js";
import { commitTensor } from "../../dist/src/merkle/tensor-tree.js";
import { traceList } from "../../dist/src/merkle/trace.js";
import { importOnnx } from "../../dist/src/onnx/import.js";
import { skeletonOf } from "../../dist/src/onnx/skeleton.js";
import { writeOnnx } from "../../dist/src/onnx/write.js";
import { fromHex, toHex } from "../../dist/src/receipt/hex.js";
import { addressOf } from "../../dist/src/receipt/key.js";
import { makeReceipt, receiptBytes } from "../../dist/src/receipt/receipt.js";
import { signReceipt } from "../../dist/src/receipt/sign.js";
import { eventText } from "../../dist/src/settlement/events.js";
import { DEFAULT_PARAMETERS } from "../../dist/src/settlement/parameters.js";
import { RuleBook } from "../../dist/src/settlement/rule-book.js";
import { signMessage } from "../../dist/src/settlement/sign-message.js";
import { stateDigest } from "../../dist/src/settlement/state-digest.js";
import { nextDeadline } from "../../dist/src/settlement/steps/due.js";
import { sealOf } from "../../dist/src/settlement/steps/results.js";
import { applyEvent, foundLedger } from "../../dist/src/settlement/transition.js";
import { moveToJson } from "../../dist/src/settlement/wire.js";

const ORIGIN = "scripts/vectors/settlement.mjs";

/** Secret keys 1, 2, …; the operator has the first. */
function account(n) {
  const key = new Uint8Array(32);
  key[31] = n;
  return { key, address: toHex(addressOf(key)) };
}

const [OPERATOR, REQUESTER, FIRST, SECOND, THIRD, SHAM] = [1, 2, 3, 4, 5, 6].map(account);

/** x + w, twice, then Relu: every operator a segment. */
function madeModel() {
  const node = (operator, version, inputs, output) => {
    const attributes = new Map();
    return {
      name: `/${output}`,
      domain: "",
      operator,
      version,
      attributes,
      inputs,
      outputs: [output],
    };
  };
  const info = (name) => ({ name, dtype: "f32", dims: [3] });
  const graph = {
    name: "vector",
    inputs: [info("x")],
    outputs: [info("y")],
    nodes: [
      node("Add", 14, ["x", "w"], "a"),
      node("Add", 14, ["a", "w"], "b"),
      node("Relu", 14, ["b"], "y"),
    ],
  };
  const weights = new Map([["w", f32Tensor([3], [0.5, -2, 1])]]);
  return { graph, weights };
}

/** All tensors of a run; a lie flips a bit of the second sum. */
function runOf(plan, model, inputs, lies) {
  const tensors = [];
  plan.values.forEach(({ name, origin }, id) => {
    if (origin.kind === "input") tensors[id] = inputs.get(name);
    if (origin.kind === "weight") tensors[id] = model.weights.get(name);
  });
  const stages = plan.nodes.map(({ lowering, inputs: read, outputs }, n) => {
    const computed = runLowering(
      lowering,
      read.map((v) => tensors[v]),
    );
    if (lies && n === 1) computed[0].bytes[6] ^= 0x40;
    outputs.forEach((v, i) => {
      tensors[v] = computed[i];
    });
    return computed;
  });
  const of = (v) => commitTensor(hasher, tensors[v]);
  return {
    boundaries: plan.segments.map((s) => s.live.map(of)),
    inputs: plan.inputs.map((v) => of(v.value)),
    outputs: plan.outputs.map((v) => of(v.value)),
    weights: plan.weights.map((v) => of(v.value)),
    results: async (s) => {
      const { first, end } = plan.segments[s];
      const results = plan.nodes.slice(first, end).flatMap((n) => n.outputs);
      return new Map(results.map((v) => [v, of(v)]));
    },
    stages: async (n) => stages[n],
    tensors: async (_n, values) => values.map((v) => tensors[v].bytes),
  };
}

/** A ledger that writes down its events, with the digest of the state after each. */
class Recorder {
  book = new RuleBook(hasher);
  events = [];
  refused = [];
  now = 1_700_000_000_000;

  constructor(parameters) {
    const genesis = { at: this.now, kind: "genesis", parameters };
    this.state = foundLedger(this.book, genesis);
    this.record(genesis);
  }

  record(event) {
    this.events.push({ text: eventText(event), state: stateDigest(hasher, this.state) });
  }

  apply(body) {
    const event = { at: this.now, ...body };
    const result = applyEvent(this.book, this.state, event);
    if (result.refusal) throw new Error(`${result.refusal.code}: ${result.refusal.message}`);
    this.state = result.state;
    this.record(event);
  }

  refuse(body) {
    const event = { at: this.now, ...body };
    const { refusal } = applyEvent(this.book, this.state, event);
    this.refused.push({ after: this.events.length, text: eventText(event), code: refusal.code });
  }

  signed(who, body) {
    const sequence = this.state.sequences.get(who.address) ?? 0;
    const message = { ledger: this.state.id, sender: who.address, sequence, ...body };
    return { kind: "message", ...signMessage(hasher, message, who.key) };
  }

  say(who, body) {
    this.now += 1000;
    this.apply(this.signed(who, body));
  }

  tick() {
    this.now = nextDeadline(this.state) + 1;
    this.apply({ kind: "tick" });
  }
}

function founded() {
  const links = [new Uint8Array(32).fill(9)];
  for (let i = 0; i < 8; i++) links.unshift(hasher.hash(links[0]));
  const ledger = new Recorder({
    ...DEFAULT_PARAMETERS,
    salt: `0x${"5a".repeat(32)}`,
    operator: OPERATOR.address,
    beacon: toHex(links[0]),
  });
  return { ledger, link: () => toHex(links[ledger.state.beacon.count + 1]) };
}

function register(ledger) {
  const file = writeOnnx(madeModel(), { opsets: new Map([["", 14]]), producer: "assay" });
  const model = importOnnx(file);
  const fund = (who, amount) => {
    ledger.say(OPERATOR, { kind: "deposit", to: who.address, amount });
  };
  fund(OPERATOR, 10_000);
  fund(REQUESTER, 50_000);
  fund(SHAM, 5_000);
  ledger.say(OPERATOR, { kind: "register", skeleton: toHex(skeletonOf(file)), commitments: [] });
  const digest = modelDigest(hasher, model);
  const id = toHex(digest.model);
  const offer = { steps: 1_000_000, within: 60_000, fee: 1_000 };
  for (const who of [FIRST, SECOND, THIRD]) {
    fund(who, 150_000);
    ledger.say(who, { kind: "stake", amount: 120_000 });
    ledger.say(who, { kind: "enroll", model: id, ...offer });
  }
  return { id, model };
}

function postJob(ledger, model, x) {
  const input = {
    name: "x",
    dtype: "f32",
    dims: [3],
    commitment: toHex(commitTensor(hasher, x)),
    value: null,
    blob: toHex(hasher.hash(x.bytes)),
  };
  const terms = { mode: "replayed", executors: 3, fee: 10_000, commitWithin: 3_600_000 };
  const post = { kind: "post", model, granularity: "operator", inputs: [input], ...terms };
  ledger.say(REQUESTER, post);
  return ledger.state.openJobs[0];
}

function claimOf(ledger, job, plan, run, who) {
  const rules = rulesOf(ledger, job);
  const receipt = makeReceipt({
    ...rules.digests,
    inputs: indexedRoot(hasher, "inputs", run.inputs),
    outputs: indexedRoot(hasher, "outputs", run.outputs),
    trace: traceList(hasher, run.boundaries).root,
    segments: plan.segments.length,
    context: fromHex(ledger.state.jobs.get(job).context),
    executor: fromHex(who.address),
  });
  return { who, run, receipt, nonce: new Uint8Array(32).fill(who.key[31]) };
}

function rulesOf(ledger, id) {
  const job = ledger.state.jobs.get(id);
  return ledger.book.rulesOf(ledger.state.models.get(job.model), job, ledger.state.parameters);
}

/** The matches, move by move; the sham challenger is silent. */
async function playMatches(ledger, job, claims) {
  const rules = rulesOf(ledger, job);
  for (;;) {
    const [open] = ledger.state.jobs.get(job).contest.open;
    if (!open) return;
    const dispute = ledger.state.disputes.get(open);
    const side = moverOf(dispute.state);
    const { who, run } = claims.find((c) => c.who.address === dispute[side]);
    const Party = side === "asserter" ? HonestAsserter : HonestChallenger;
    const move = await new Party(rules, run).respond(dispute.state);
    if (!move) ledger.tick();
    else ledger.say(who, { kind: "move", dispute: open, move: moveToJson(move) });
  }
}

export async function settlementVectors() {
  const { ledger, link } = founded();
  const { id, model } = register(ledger);
  const x = f32Tensor([3], [1, 2, 3]);
  const inputs = new Map([["x", x]]);
  const plan = bind(model, { types: inputs, values: inputs, granularity: "operator" });
  ledger.refuse(ledger.signed(REQUESTER, { kind: "withdraw", amount: 50_001 }));
  ledger.refuse(ledger.signed(REQUESTER, { kind: "stake", amount: 0 }));
  const job = postJob(ledger, id, x);
  ledger.refuse({ kind: "beacon", link: `0x${"00".repeat(32)}` });
  ledger.refuse({ kind: "tick" });
  ledger.apply({ kind: "beacon", link: link() });
  const claims = [FIRST, SECOND, THIRD].map((who) =>
    claimOf(ledger, job, plan, runOf(plan, model, inputs, who === SECOND), who),
  );
  for (const { who, receipt, nonce } of claims) {
    ledger.say(who, { kind: "commit", job, sealed: sealOf(hasher, receipt, nonce) });
  }
  for (const { who, receipt, nonce } of claims) {
    const { signature } = signReceipt(hasher, receipt, who.key);
    const claim = { receipt: toHex(receiptBytes(receipt)), signature: toHex(signature) };
    const outputs = toHex(hasher.hash(new Uint8Array(0)));
    const body = { kind: "reveal", job, ...claim, nonce: toHex(nonce), outputs };
    if (who === FIRST) ledger.refuse(ledger.signed(who, { ...body, nonce: outputs }));
    ledger.say(who, body);
  }
  ledger.say(SHAM, { kind: "challenge", job, executor: FIRST.address });
  ledger.refuse(ledger.signed(SHAM, { kind: "challenge", job, executor: FIRST.address }));
  await playMatches(ledger, job, claims);
  while (ledger.state.openJobs.length > 0) ledger.tick();
  const { end } = ledger.state.jobs.get(job).phase;
  return {
    format: "docs/settlement.md",
    origin: ORIGIN,
    what: "one job of three executors, the second of whom lies, and a challenger who falls silent",
    keys: "the secret keys 1 … 6: operator, requester, three executors, challenger",
    ledger: ledger.state.id,
    job,
    end,
    events: ledger.events,
    refused: ledger.refused,
  };
}
