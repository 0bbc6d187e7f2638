import { elementCount, stridesOf } from "../dtype.js";
import type { Affine, Body, ElementProgram, Instruction, ReadInstruction } from "./types.js";
import { affineRange } from "./validate.js";

/**
 * Coordinates of a program in terms of other coordinates: `out` and `fold` hold, per axis of the
 * program, an affine in the new ones.
 */
export interface Substitution {
  readonly out: readonly Affine[];
  readonly fold: readonly Affine[];
  /** Numbers of the new coordinates. */
  readonly ranks: { readonly out: number; readonly fold: number };
}

export function substitute(affine: Affine, by: Substitution): Affine {
  const out = new Array<number>(by.ranks.out).fill(0);
  const fold = new Array<number>(by.ranks.fold).fill(0);
  let constant = affine.constant;
  const add = (coefficient: number, axis: Affine): void => {
    if (coefficient === 0) return;
    constant += coefficient * axis.constant;
    for (let i = 0; i < out.length; i++)
      out[i] = (out[i] as number) + coefficient * (axis.out[i] ?? 0);
    for (let i = 0; i < fold.length; i++) {
      fold[i] = (fold[i] as number) + coefficient * (axis.fold[i] ?? 0);
    }
  };
  by.out.forEach((axis, i) => {
    add(affine.out[i] ?? 0, axis);
  });
  by.fold.forEach((axis, i) => {
    add(affine.fold[i] ?? 0, axis);
  });
  return { constant, out, fold };
}

/** An instruction with its coordinates substituted; registers stay. */
export function substituteIn(instruction: Instruction, by: Substitution): Instruction {
  if (instruction.kind === "coordinate") {
    return { kind: "coordinate", value: substitute(instruction.value, by) };
  }
  if (instruction.kind !== "read") return instruction;
  const index = instruction.index.map((x) => ({
    ...substitute(x, by),
    registers: x.registers,
  }));
  return { ...instruction, index };
}

function substituteBody(body: Body, by: Substitution): Body {
  return { results: body.results, code: body.code.map((i) => substituteIn(i, by)) };
}

/** A program over other output coordinates `out`: element o is element `by.out(o)` of the program. */
export function relocated(
  program: ElementProgram,
  out: readonly number[],
  fold: readonly number[],
  by: Substitution,
): ElementProgram {
  const alone: Substitution = { ...by, fold: [], ranks: { ...by.ranks, fold: 0 } };
  return {
    ...program,
    out,
    fold,
    when: program.when.map((a) => substitute(a, by)),
    step: substituteBody(program.step, by),
    finish: substituteBody(program.finish, alone),
  };
}

/**
 * The same program with its dims cut finer: `out` and `fold` are row-major factorisations of its
 * own, without dims of 1. Undefined where they are not. Exact: coordinates run in the same order.
 */
export function refactored(
  program: ElementProgram,
  out: readonly number[],
  fold: readonly number[],
): ElementProgram | undefined {
  const ranks = { out: out.length, fold: fold.length };
  const outAxes = axesOver(program.out, out);
  const foldAxes = axesOver(program.fold, fold);
  if (!outAxes || !foldAxes) return undefined;
  const none = fold.map(() => 0);
  return relocated(program, out, fold, {
    out: outAxes.map((row) => ({ constant: 0, out: row, fold: none })),
    fold: foldAxes.map((row) => ({ constant: 0, out: out.map(() => 0), fold: row })),
    ranks,
  });
}

/** Per axis of `dims` its coefficients over the axes of `finer`. */
function axesOver(dims: readonly number[], finer: readonly number[]): number[][] | undefined {
  const rows = dims.map(() => new Array<number>(finer.length).fill(0));
  let at = finer.length;
  for (let i = dims.length - 1; i >= 0; i--) {
    const extent = dims[i] as number;
    let weight = 1;
    while (weight < extent) {
      at--;
      if (at < 0) return undefined;
      (rows[i] as number[])[at] = weight;
      weight *= finer[at] as number;
    }
    if (weight !== extent) return undefined;
  }
  // What is left over can only be dims of 1.
  return finer.slice(0, at).every((d) => d === 1) ? rows : undefined;
}

/**
 * The coarsest dims of which both are row-major factorisations, or nothing where they cut the same
 * elements across each other. No dim is 0; none of the result is 1.
 */
export function commonFactors(
  a: readonly number[],
  b: readonly number[],
): readonly number[] | undefined {
  const total = elementCount(a);
  if (total === 0 || total !== elementCount(b)) return undefined;
  return dimsOfCuts(total, [...suffixProducts(a), ...suffixProducts(b)]);
}

/** Numbers of elements behind each axis, from the last axis on. */
export function suffixProducts(dims: readonly number[]): number[] {
  let product = 1;
  return [...dims].reverse().map((d) => {
    product *= d;
    return product;
  });
}

/** Dims of `total` elements that are cut where so many elements follow. */
export function dimsOfCuts(total: number, cuts: readonly number[]): number[] | undefined {
  const sorted = [...new Set([...cuts, total])].sort((x, y) => x - y);
  const dims: number[] = [];
  let before = 1;
  for (const cut of sorted) {
    if (cut % before !== 0) return undefined;
    if (cut > before) dims.unshift(cut / before);
    before = cut;
  }
  return dims;
}

/** The position of the element that a read reads, where it is in range for all coordinates. */
export function flatPosition(
  read: ReadInstruction,
  out: readonly number[],
  fold: readonly number[],
): Affine | undefined {
  const strides = stridesOf(read.view);
  let flat: Affine = { constant: 0, out: out.map(() => 0), fold: fold.map(() => 0) };
  for (const [axis, index] of read.index.entries()) {
    if (index.registers.length > 0) return undefined;
    const range = affineRange(index, out, fold);
    if (!range || range.min < 0 || range.max >= (read.view[axis] as number)) return undefined;
    const stride = strides[axis] as number;
    flat = {
      constant: flat.constant + stride * index.constant,
      out: flat.out.map((c, i) => c + stride * (index.out[i] ?? 0)),
      fold: flat.fold.map((c, i) => c + stride * (index.fold[i] ?? 0)),
    };
  }
  return flat;
}

/** Whether a position is the element's own: the row-major position of the output coordinate. */
export function isOwnPosition(flat: Affine, out: readonly number[]): boolean {
  const strides = stridesOf(out);
  return (
    flat.constant === 0 &&
    flat.fold.every((c) => c === 0) &&
    out.every((d, i) => d === 1 || flat.out[i] === strides[i])
  );
}

/**
 * A position as coordinates of a tensor with `dims`: one affine per axis, each proved to stay within
 * it, so that they are the only such. Undefined where a coordinate runs over an edge of an axis.
 */
export function coordinatesOf(
  flat: Affine,
  out: readonly number[],
  fold: readonly number[],
  dims: readonly number[],
): readonly Affine[] | undefined {
  const strides = stridesOf(dims);
  const rest = { constant: flat.constant, out: [...flat.out], fold: [...flat.fold] };
  const take = (row: number[], stride: number): number[] =>
    row.map((c, i) => {
      const quotient = Math.trunc(c / stride);
      row[i] = c - quotient * stride;
      return quotient;
    });
  const axes = dims.map((_, axis): Affine => {
    const stride = strides[axis] as number;
    const constant = Math.trunc(rest.constant / stride);
    rest.constant -= constant * stride;
    return { constant, out: take(rest.out, stride), fold: take(rest.fold, stride) };
  });
  const within = axes.every((a, axis) => {
    const range = affineRange(a, out, fold);
    return range !== undefined && range.min >= 0 && range.max < (dims[axis] as number);
  });
  return within ? axes : undefined;
}
