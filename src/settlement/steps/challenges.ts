import type { Side } from "../../dispute/moves.js";
import { type Message, messageDigest, messageText } from "../messages.js";
import { insist, Refused } from "../refusals.js";
import type { Id, JobDispute, LedgerState } from "../state.js";
import { type Context, entryOf, jobOf, openOf } from "../step.js";
import { moveFromJson } from "../wire.js";
import { consequences } from "./consequences.js";
import { advance, openDispute } from "./disputes.js";
import { settle } from "./verdicts.js";

/** What accounts say in disputes. */

/** Anyone with a bond may say that a claim is wrong, any number at once, until the window closes. */
export function challenge(
  context: Context,
  state: LedgerState,
  m: Message<"challenge">,
): LedgerState {
  const job = jobOf(state, m.job);
  insist(job.phase.name === "challengeable", "wrong-phase", `it is ${job.phase.name}`);
  insist(context.now <= job.phase.until, "late", `until ${job.phase.until}`);
  insist(m.executor !== m.sender, "own-claim");
  insist(entryOf(job, m.executor)?.standing === "standing", "unknown-claim");
  const twice = openOf(state, job.id).some(
    (d) => d.kind === "challenge" && d.challenger === m.sender && d.asserter === m.executor,
  );
  insist(!twice, "already-challenging");
  const { state: opened, id } = openDispute(context, state, job, {
    kind: "challenge",
    round: 0,
    asserter: m.executor,
    challenger: m.sender,
    nonce: messageDigest(context.book.hasher, messageText(m)),
  });
  return consequences(context, settle(opened, id), job.id);
}

/** The next move of a dispute, by one of its two parties. */
export function move(context: Context, state: LedgerState, m: Message<"move">): LedgerState {
  const dispute = state.disputes.get(m.dispute);
  if (!dispute || dispute.result) throw new Refused("unknown-dispute", m.dispute);
  const side = sideOf(dispute, m.sender);
  const said = moveFromJson(m.move);
  const { sender } = said as { sender?: unknown };
  insist(sender === side, "wrong-side", `it is the ${side}'s`);
  const moved = advance(context, state, dispute, side, said);
  return consequences(context, settle(moved, dispute.id), dispute.job);
}

function sideOf({ asserter, challenger }: JobDispute, account: Id): Side {
  if (account === asserter) return "asserter";
  insist(account === challenger, "not-a-party");
  return "challenger";
}
