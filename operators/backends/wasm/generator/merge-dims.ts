import type { Guard, Kernel, KernelBody, KernelInstruction, Linear } from "./kernel.js";

/** Loop counters are i32, so merged extents stay below 2^31. */
const MAX_EXTENT = 2 ** 31;

/**
 * Drops dims of one element and merges neighbours wherever every affine of the kernel treats the
 * two as one coordinate, so that a map over contiguous tensors is a single flat loop. At least one
 * out dim is left, of extent 1 for a single element; the t of a recurrence stays a dim of its own,
 * with at least one beside it.
 */
export function mergeDims(kernel: Kernel): Kernel {
  const linears = linearsOf(kernel);
  const time = kernel.timeMajor ? 1 : 0;
  const out = groups(
    kernel.out,
    linears.map((l) => l.out),
    time,
  );
  const fold = groups(
    kernel.fold,
    linears.map((l) => l.fold),
  );
  const pick = (row: readonly bigint[], by: readonly Group[]): bigint[] =>
    by.map((g) => row[g.last] ?? 0n);
  const one = out.length === time ? [1] : [];
  const map = (l: Linear): Linear => ({
    constant: l.constant,
    out: [...pick(l.out, out), ...one.map(() => 0n)],
    fold: pick(l.fold, fold),
  });
  return {
    ...kernel,
    out: [...out.map((g) => g.extent), ...one],
    fold: fold.map((g) => g.extent),
    when: kernel.when.map((g) => ({ ...g, value: map(g.value) })),
    step: mapBody(kernel.step, map),
    finish: mapBody(kernel.finish, map),
  };
}

/** Neighbouring dims that act as one; their coordinate has the coefficient of the last. */
interface Group {
  readonly extent: number;
  readonly last: number;
}

/** The first `apart` dims are neither dropped nor merged. */
function groups(dims: readonly number[], rows: readonly (readonly bigint[])[], apart = 0): Group[] {
  const merged: Group[] = [];
  for (const [i, extent] of dims.entries()) {
    if (extent === 1 && i >= apart) continue;
    const before = merged.at(-1);
    const joins =
      before !== undefined &&
      before.last >= apart &&
      before.extent * extent < MAX_EXTENT &&
      rows.every((row) => (row[before.last] ?? 0n) === (row[i] ?? 0n) * BigInt(extent));
    if (joins) merged.pop();
    merged.push({ extent: joins ? before.extent * extent : extent, last: i });
  }
  return merged;
}

function linearsOf(kernel: Kernel): Linear[] {
  const ofCode = (code: readonly KernelInstruction[]): Linear[] =>
    code.flatMap((i) => {
      if (i.kind === "coordinate") return [i.value];
      if (i.kind === "read") return [i.address, ...i.guards.map((g) => g.value)];
      return [];
    });
  return [
    ...kernel.when.map((g) => g.value),
    ...ofCode(kernel.step.code),
    ...ofCode(kernel.finish.code),
  ];
}

function mapBody(body: KernelBody, map: (l: Linear) => Linear): KernelBody {
  const mapGuard = (g: Guard): Guard => ({ ...g, value: map(g.value) });
  return {
    results: body.results,
    code: body.code.map((i) => {
      if (i.kind === "coordinate") return { ...i, value: map(i.value) };
      if (i.kind === "read") {
        return { ...i, address: map(i.address), guards: i.guards.map(mapGuard) };
      }
      return i;
    }),
  };
}
