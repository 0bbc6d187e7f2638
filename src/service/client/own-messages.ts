/** How many are remembered: an account has one under way at a time. */
const MOST = 1024;

/**
 * What was sent from here, by digest, and which event it became: an answer may be lost though the
 * message was accepted.
 */
export class OwnMessages {
  private readonly events = new Map<string, number | undefined>();

  get size(): number {
    return this.events.size;
  }

  /** From now on it is recognised. */
  watch(digest: string): void {
    const event = this.events.get(digest);
    this.events.delete(digest);
    this.events.set(digest, event);
    if (this.events.size > MOST) this.events.delete(this.events.keys().next().value as string);
  }

  happened(digest: string, event: number): void {
    if (this.events.has(digest)) this.events.set(digest, event);
  }

  /** The event that it became, as far as is known. */
  eventOf(digest: string): number | undefined {
    return this.events.get(digest);
  }
}
