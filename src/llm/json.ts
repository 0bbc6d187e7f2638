/** What `parseJson` gives: objects are maps, so that no key is special. */
export type Json = null | boolean | number | string | readonly Json[] | ReadonlyMap<string, Json>;

/** Headers and configurations nest a few levels; more would only fill the stack. */
const MAX_DEPTH = 16;

const SPACE = /[ \t\n\r]*/y;
/** A number as JSON spells it; what it means is left to `JSON.parse`. */
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

/**
 * JSON, stricter than `JSON.parse`, which keeps the last of two equal keys in silence: here that is
 * an error, so that two readers cannot take one file for two. Throws what `refuse` makes of a reason.
 */
export function parseJson(text: string, refuse: (what: string) => Error): Json {
  const parser = new Parser(text, refuse);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly refuse: (what: string) => Error,
  ) {}

  value(depth: number): Json {
    if (depth > MAX_DEPTH) throw this.refuse(`the JSON nests deeper than ${MAX_DEPTH} levels`);
    if (this.accept("{")) return this.members(depth);
    if (this.accept("[")) return this.items(depth);
    const token = this.string() ?? this.match(NUMBER) ?? this.match(WORD);
    if (token === undefined) throw this.unexpected("a value");
    return this.literal(token);
  }

  end(): void {
    this.match(SPACE);
    if (this.at < this.text.length) throw this.unexpected("the end");
  }

  private members(depth: number): ReadonlyMap<string, Json> {
    const members = new Map<string, Json>();
    if (this.accept("}")) return members;
    do {
      this.match(SPACE);
      const token = this.string();
      if (token === undefined) throw this.unexpected("a key");
      const key = String(this.literal(token));
      if (members.has(key)) throw this.refuse(`the key ${token} is there twice`);
      if (!this.accept(":")) throw this.unexpected('":"');
      members.set(key, this.value(depth + 1));
    } while (this.accept(","));
    if (!this.accept("}")) throw this.unexpected('"}"');
    return members;
  }

  private items(depth: number): readonly Json[] {
    const items: Json[] = [];
    if (this.accept("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.accept(","));
    if (!this.accept("]")) throw this.unexpected('"]"');
    return items;
  }

  /** From quote to quote, without a look at what is between: a pattern would fill the stack. */
  private string(): string | undefined {
    if (this.text[this.at] !== '"') return undefined;
    const from = this.at;
    let to = from + 1;
    while (to < this.text.length && this.text[to] !== '"') to += this.text[to] === "\\" ? 2 : 1;
    this.at = to + 1;
    return this.text.slice(from, to + 1);
  }

  private literal(token: string): Json {
    try {
      return JSON.parse(token);
    } catch {
      throw this.refuse(`${token.slice(0, 40)} is no JSON`);
    }
  }

  /** A character after spaces; what follows it is after spaces too. */
  private accept(character: string): boolean {
    this.match(SPACE);
    if (this.text[this.at] !== character) return false;
    this.at++;
    this.match(SPACE);
    return true;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private unexpected(wanted: string): Error {
    return this.refuse(`${wanted} is expected at character ${this.at} of the JSON`);
  }
}
