/** Makes the error to throw: which field or part, and what is wrong with it. */
export type Refuse = (field: string, what: string) => Error;

const SPACE = /[ \t\n\r]*/y;
/** Printable ASCII without quote, backslash: no field has a name or value that needs more. */
const STRING = /"([ !#-[\]-~]*)"/y;
const INTEGER = /(?:0|[1-9][0-9]{0,15})(?![0-9A-Za-z.+-])/y;

/**
 * A JSON object whose values are strings and integers, as a map in order of appearance. Stricter
 * than `JSON.parse`, which keeps the last of two equal keys in silence: a repeated key, an escape,
 * a nested value, a fraction, or anything after the object is refused.
 */
export function readFlatObject(text: string, refuse: Refuse): Map<string, string | number> {
  const scanner = new Scanner(text, refuse);
  const values = new Map<string, string | number>();
  scanner.expect("{");
  if (scanner.accept("}")) return scanner.end(values);
  do {
    const key = scanner.match(STRING);
    if (key === undefined) throw scanner.fail("a key in quotes");
    if (values.has(key)) throw refuse(key, "is there twice");
    scanner.expect(":");
    values.set(key, scanner.value(key));
  } while (scanner.accept(","));
  scanner.expect("}");
  return scanner.end(values);
}

class Scanner {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly refuse: Refuse,
  ) {}

  /** The first group (or all) of a match here, after spaces. */
  match(pattern: RegExp): string | undefined {
    this.skip();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.at = pattern.lastIndex;
    return found[1] ?? found[0];
  }

  value(key: string): string | number {
    const text = this.match(STRING);
    if (text !== undefined) return text;
    const digits = this.match(INTEGER);
    if (digits === undefined) throw this.refuse(key, "is neither a plain string nor an integer");
    return Number(digits);
  }

  accept(character: string): boolean {
    this.skip();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  expect(character: string): void {
    if (!this.accept(character)) throw this.fail(character);
  }

  end<T>(result: T): T {
    this.skip();
    if (this.at < this.text.length) throw this.fail("the end");
    return result;
  }

  fail(expected: string): Error {
    return this.refuse("text", `is not JSON as it should be: expected ${expected} at ${this.at}`);
  }

  private skip(): void {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    this.at = SPACE.lastIndex;
  }
}
