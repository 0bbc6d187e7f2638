import { AssayError } from "../../../operators/index.js";
import type { Ledger, Submitted } from "../../ledger/port.js";
import type { Hasher } from "../../merkle/hash.js";
import { toHex } from "../../receipt/hex.js";
import { addressOf } from "../../receipt/key.js";
import type { Message, MessageBody } from "../../settlement/messages.js";
import { type SignedMessage, signMessage } from "../../settlement/sign-message.js";
import type { Speaker } from "../agent.js";
import { type Backoff, DEFAULT_BACKOFF, sleep, waitBefore } from "./backoff.js";

export interface AccountOptions {
  readonly signal?: AbortSignal;
  /** How long a ledger may be away while something is said, in milliseconds. */
  readonly patience?: number;
  readonly backoff?: Backoff;
}

/** How often somebody else with the same key may be faster. */
const RACES = 8;

/** A key with a ledger: says things in its account's name, one after another. */
export class Account implements Speaker {
  readonly address: string;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ledger: Ledger,
    private readonly hasher: Hasher,
    readonly key: Uint8Array,
    private readonly options: AccountOptions = {},
  ) {
    this.address = toHex(addressOf(key));
  }

  /**
   * Says it once, whatever becomes of single answers. Throws `ledger/unreachable` where it is not known
   * in the end whether the ledger has it.
   */
  say(body: MessageBody): Promise<Submitted> {
    const said = this.last.then(() => this.sayNow(body));
    this.last = said.catch(() => {});
    return said;
  }

  private async sayNow(body: MessageBody): Promise<Submitted> {
    for (let race = 0; ; race++) {
      this.options.signal?.throwIfAborted();
      const { state } = this.ledger;
      const sequence = state.sequences.get(this.address) ?? 0;
      const message = { ledger: state.id, sender: this.address, sequence, ...body } as Message;
      const submitted = await this.deliver(signMessage(this.hasher, message, this.key));
      if ("event" in submitted || submitted.refusal.code !== "wrong-sequence") return submitted;
      const next = this.ledger.state.sequences.get(this.address) ?? 0;
      if (next === sequence || race === RACES) return submitted;
    }
  }

  /** The same message until there is an answer: a ledger takes it once at most. */
  private async deliver(message: SignedMessage): Promise<Submitted> {
    const { patience = 60_000, backoff = DEFAULT_BACKOFF, signal } = this.options;
    const end = performance.now() + patience;
    for (let tries = 1; ; tries++) {
      try {
        return await this.ledger.submit(message);
      } catch (error) {
        const away = error instanceof AssayError && error.code === "ledger/unreachable";
        const wait = waitBefore(tries, backoff);
        if (!away || performance.now() + wait > end) throw error;
        await sleep(wait, signal);
      }
    }
  }
}
