import { insist, Refused } from "./refusals.js";

/**
 * What a field may be: the strict reading and the JSON Schema that says the same, from one source.
 * Reading refuses as `malformed`, with the path of the field.
 */
export interface Shape<T> {
  readonly schema: JsonSchema;
  read(value: unknown, at: string): T;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

export type Read<S> = S extends Shape<infer T> ? T : never;

/** Text of at most `length` characters. */
export function text(length: number): Shape<string> {
  return {
    schema: { type: "string", maxLength: length },
    read: (value, at) => {
      insist(typeof value === "string", "malformed", `${at} is a text`);
      insist(value.length <= length, "malformed", `${at} has at most ${length} characters`);
      return value;
    },
  };
}

/** `size` bytes as "0x" and lower-case digits. */
export function hex(size: number): Shape<string> {
  const pattern = `^0x[0-9a-f]{${2 * size}}$`;
  const test = new RegExp(pattern);
  return {
    schema: { type: "string", pattern },
    read: (value, at) => {
      const fits = typeof value === "string" && value.length === 2 + 2 * size && test.test(value);
      insist(fits, "malformed", `${at} is ${size} bytes in lower-case hex`);
      return value;
    },
  };
}

/** Up to `most` bytes in the same writing. */
export function bytes(most: number): Shape<string> {
  return {
    schema: { type: "string", pattern: "^0x([0-9a-f]{2})*$", maxLength: 2 + 2 * most },
    read: (value, at) => {
      insist(typeof value === "string", "malformed", `${at} is bytes in hex`);
      insist(value.length <= 2 + 2 * most, "malformed", `${at} has at most ${most} bytes`);
      const fits = value.length % 2 === 0 && /^0x[0-9a-f]*$/.test(value);
      insist(fits, "malformed", `${at} is bytes in lower-case hex`);
      return value;
    },
  };
}

/** An integer from `least` to `most`, both included. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): Shape<number> {
  return {
    schema: { type: "integer", minimum: least, maximum: most },
    read: (value, at) => {
      const fits = Number.isSafeInteger(value) && !Object.is(value, -0);
      insist(fits, "malformed", `${at} is an integer`);
      const n = value as number;
      insist(n >= least && n <= most, "malformed", `${at} is from ${least} to ${most}`);
      return n;
    },
  };
}

export function oneOf<const T extends string>(names: readonly T[]): Shape<T> {
  return {
    schema: { type: "string", enum: names },
    read: (value, at) => {
      const found = names.find((name) => name === value);
      if (found === undefined) throw new Refused("malformed", `${at} is ${names.join(" or ")}`);
      return found;
    },
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    schema: { anyOf: [shape.schema, { type: "null" }] },
    read: (value, at) => (value === null ? null : shape.read(value, at)),
  };
}

export function list<T>(of: Shape<T>, most: number): Shape<readonly T[]> {
  return {
    schema: { type: "array", items: of.schema, maxItems: most },
    read: (value, at) => {
      insist(Array.isArray(value), "malformed", `${at} is a list`);
      insist(value.length <= most, "malformed", `${at} has at most ${most} entries`);
      return value.map((entry, i) => of.read(entry, `${at}[${i}]`));
    },
  };
}

export type Fields = Readonly<Record<string, Shape<unknown>>>;
export type Fielded<F extends Fields> = { readonly [K in keyof F]: Read<F[K]> };

/** An object with exactly these fields. */
export function record<F extends Fields>(fields: F): Shape<Fielded<F>> {
  const names = Object.keys(fields);
  return {
    schema: {
      type: "object",
      additionalProperties: false,
      required: names,
      properties: Object.fromEntries(names.map((n) => [n, (fields[n] as Shape<unknown>).schema])),
    },
    read: (value, at) => {
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      insist(isObject, "malformed", `${at} is an object`);
      const given = Object.keys(value);
      const exact = given.length === names.length && names.every((n) => Object.hasOwn(value, n));
      insist(exact, "malformed", `${at} has the fields ${names.join(", ")}`);
      const entries = names.map((n) => {
        const field = (value as Record<string, unknown>)[n];
        return [n, (fields[n] as Shape<unknown>).read(field, `${at}.${n}`)];
      });
      return Object.fromEntries(entries) as Fielded<F>;
    },
  };
}

/** An object with any fields: they are read strictly elsewhere. */
export const object: Shape<object> = {
  schema: { type: "object" },
  read: (value, at) => {
    const fits = typeof value === "object" && value !== null && !Array.isArray(value);
    insist(fits, "malformed", `${at} is an object`);
    return value;
  },
};

export const digest = hex(32);
export const address = hex(20);
/** Money in the ledger's smallest unit. */
export const amount = integer(0);
/** The same, but not nothing: what an account does with money it must have. */
export const some = integer(1);
/** Milliseconds. */
export const duration = integer(0, 366 * 24 * 3600_000);
