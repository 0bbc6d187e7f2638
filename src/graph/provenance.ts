/**
 * Which graph inputs a value known at binding was computed from. Values share what they have in
 * common: sets of names would take the square of the nodes where one value is made of all inputs.
 */
export class Provenance {
  /** Everything below has been collected. */
  private collected = false;

  private constructor(
    private readonly name: string | undefined,
    private readonly parts: readonly Provenance[],
  ) {}

  static ofInput(name: string): Provenance {
    return new Provenance(name, []);
  }

  static ofAll(parts: readonly Provenance[]): Provenance {
    const some = [...new Set(parts)].filter((p) => p !== NOWHERE);
    if (some.length === 0) return NOWHERE;
    return some.length === 1 ? (some[0] as Provenance) : new Provenance(undefined, some);
  }

  /** Adds the inputs' names to `into`, always the same set: what was collected is not visited again. */
  collect(into: Set<string>): void {
    const open: Provenance[] = [this];
    for (let p = open.pop(); p !== undefined; p = open.pop()) {
      if (p.collected) continue;
      p.collected = true;
      if (p.name !== undefined) into.add(p.name);
      for (const part of p.parts) open.push(part);
    }
  }

  static none(): Provenance {
    return new Provenance(undefined, []);
  }
}

/** Of types and attributes alone, or of weights. */
export const NOWHERE = Provenance.none();
