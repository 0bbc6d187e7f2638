/** Three outcomes, never two. */
export type VerificationOutcome = "verified" | "refuted" | "could-not-check";

export type VerificationMode = "check" | "sample" | "replay";

/** One thing that was looked at, in the order it was. */
export interface Finding {
  /** A short name: "signature", "model", "trace". */
  readonly what: string;
  readonly result: "ok" | "wrong" | "skipped";
  /** One sentence for people. */
  readonly detail: string;
}

export interface VerificationReport {
  readonly outcome: VerificationOutcome;
  readonly mode: VerificationMode;
  /** One sentence: why it is verified, refuted or could not be checked. */
  readonly reason: string;
  readonly findings: readonly Finding[];
  /** Digest of the receipt. */
  readonly receipt: string;
  readonly executor: string;
  /** Whether the caller said whose signature it relies on. */
  readonly signerPinned: boolean;
  /** Only in sample mode: what was drawn and what that is worth. */
  readonly sample?: SampleFacts;
  /** Only in replay and sample mode where the run differs: the first place that does. */
  readonly firstDifference?: FirstDifference;
}

export interface SampleFacts {
  readonly segments: number;
  readonly drawn: readonly number[];
  /** Probability with which one wrong segment would have been drawn. */
  readonly probability: number;
}

export interface FirstDifference {
  readonly segment: number;
  /** Readable names of the segment's operators. */
  readonly operators: readonly string[];
}

/** Collects findings; the first wrong one decides the outcome. */
export class Findings {
  readonly list: Finding[] = [];

  ok(what: string, detail: string): void {
    this.list.push({ what, result: "ok", detail });
  }

  wrong(what: string, detail: string): void {
    this.list.push({ what, result: "wrong", detail });
  }

  skipped(what: string, detail: string): void {
    this.list.push({ what, result: "skipped", detail });
  }

  /** Records a comparison and yields whether it held. */
  compare(what: string, holds: boolean, detail: { ok: string; wrong: string }): boolean {
    if (holds) this.ok(what, detail.ok);
    else this.wrong(what, detail.wrong);
    return holds;
  }

  get firstWrong(): Finding | undefined {
    return this.list.find((f) => f.result === "wrong");
  }
}
