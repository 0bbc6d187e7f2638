import type { InFlight } from "./limits.js";
import { ServiceError } from "./service-error.js";

/** Counts what is under way, in all and for each party, and refuses what is more than allowed. */
export class Gate {
  private all = 0;
  private readonly each = new Map<string, number>();

  constructor(
    private readonly limit: InFlight,
    private readonly what: string,
  ) {}

  get count(): number {
    return this.all;
  }

  /** Returns what ends it; calling that twice does no harm. Throws `request/too-many` and `service/busy`. */
  enter(party: string): () => void {
    const own = this.each.get(party) ?? 0;
    if (own >= this.limit.each) {
      throw new ServiceError("request/too-many", `${own} ${this.what} of yours are under way`);
    }
    if (this.all >= this.limit.all) {
      throw new ServiceError("service/busy", `${this.all} ${this.what} are under way`);
    }
    this.all += 1;
    this.each.set(party, own + 1);
    return this.leaving(party);
  }

  private leaving(party: string): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.all -= 1;
      const own = (this.each.get(party) as number) - 1;
      if (own === 0) this.each.delete(party);
      else this.each.set(party, own);
    };
  }
}
