import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssayError } from "../../operators/index.js";
import { nobleHasher } from "../../src/merkle/hash.js";
import { toHex } from "../../src/receipt/hex.js";
import { MAX_RECEIPT_TEXT, receiptFromJson, receiptToJson } from "../../src/receipt/json.js";
import { RECEIPT_LAYOUT, receiptDigest } from "../../src/receipt/receipt.js";
import { signReceipt, verifyReceipt } from "../../src/receipt/sign.js";
import { exampleReceipt, KEY_ONE } from "./example.js";

const signed = signReceipt(nobleHasher, exampleReceipt(), KEY_ONE);
const text = receiptToJson(signed);
const parsed = JSON.parse(text) as Record<string, unknown>;

/** The text of the receipt with some members changed, added or (undefined) left out. */
function withMembers(changes: Record<string, unknown>): string {
  return JSON.stringify({ ...parsed, ...changes });
}

/** The field that a text is refused for; an empty string where it is read. */
function refusedFor(input: string | Uint8Array): string {
  try {
    receiptFromJson(input);
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(AssayError);
    expect((error as AssayError).code).toBe("receipt/malformed");
    return String((error as AssayError).facts.field);
  }
}

describe("writing", () => {
  test("has the fields in order, and is read back", () => {
    expect(Object.keys(parsed)).toEqual([...RECEIPT_LAYOUT.map((f) => f.name), "signature"]);
    expect(text.endsWith("}\n")).toBe(true);
    expect(receiptFromJson(text)).toEqual(signed);
    expect(receiptFromJson(new TextEncoder().encode(text))).toEqual(signed);
  });

  test("refuses a receipt that is none", () => {
    expect(() => receiptToJson({ ...signed, receipt: { ...signed.receipt, segments: 0 } })).toThrow(
      expect.objectContaining({ code: "receipt/malformed" }),
    );
  });
});

describe("the digest does not depend on the text", () => {
  test("order of members and white space are free", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(Object.keys(parsed), { minLength: Object.keys(parsed).length }),
        fc.constantFrom("", " ", "\n\t", "\r\n  "),
        (keys, space) => {
          const members = keys.map((k) => `"${k}"${space}:${space}${JSON.stringify(parsed[k])}`);
          const read = receiptFromJson(
            `${space}{${space}${members.join(`${space},${space}`)}${space}}${space}`,
          );
          expect(receiptDigest(nobleHasher, read.receipt)).toEqual(
            receiptDigest(nobleHasher, signed.receipt),
          );
          expect(verifyReceipt(nobleHasher, read)).toBeUndefined();
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("fields", () => {
  test.each(Object.keys(parsed))("%s: missing, null, nested or of the wrong kind", (name) => {
    expect(refusedFor(withMembers({ [name]: undefined }))).toBe(name);
    for (const value of [null, true, [], {}, [parsed[name]], { value: parsed[name] }]) {
      expect(refusedFor(withMembers({ [name]: value }))).toBe(name);
    }
    const kind = typeof parsed[name] === "number" ? String(parsed[name]) : 0;
    expect(refusedFor(withMembers({ [name]: kind }))).toBe(name);
  });

  test.each(Object.keys(parsed).filter((k) => typeof parsed[k] === "string"))(
    "%s: short, long, upper-case or not hex",
    (name) => {
      const value = String(parsed[name]);
      const wrong = [
        "",
        "0x",
        value.slice(2),
        value.slice(0, -1),
        value.slice(0, -2),
        `${value}00`,
        `${value} `,
        ` ${value}`,
        `0X${value.slice(2)}`,
        `0x${"AB".repeat((value.length - 2) / 2)}`,
        `0x${"zz".repeat((value.length - 2) / 2)}`,
        `0x${"٣".repeat(value.length - 2)}`,
      ];
      for (const changed of wrong) expect(refusedFor(withMembers({ [name]: changed }))).toBe(name);
    },
  );

  test.each([
    "0",
    "-7",
    "7.0",
    "7e0",
    "+7",
    "07",
    "0x7",
    "1e400",
    "9007199254740992",
    "9".repeat(40),
  ])("segments: %s", (digits) => {
    expect(refusedFor(text.replace('"segments": 7', `"segments": ${digits}`))).toBe("segments");
  });

  test("versions that this does not know", () => {
    for (const version of [0, 2, 65537])
      expect(refusedFor(withMembers({ version }))).toBe("version");
  });

  test("an extra one, also under a name that objects have", () => {
    expect(refusedFor(withMembers({ note: "hello" }))).toBe('"note"');
    expect(refusedFor(text.replace("{", '{"__proto__": "0x",'))).toBe('"__proto__"');
    expect(refusedFor(text.replace("{", '{"constructor": 1,'))).toBe('"constructor"');
  });

  test("one that is there twice, equal or not", () => {
    for (const name of Object.keys(parsed)) {
      const again = `"${name}": ${JSON.stringify(parsed[name])}`;
      expect(refusedFor(text.replace("{", `{${again},`))).toBe(name);
      expect(refusedFor(text.replace("{", `{"${name}": "",`))).toBe(name);
    }
  });

  test("a name written with an escape", () => {
    expect(refusedFor(text.replace('"profile"', '"\\u0070rofile"'))).toBe("text");
    expect(refusedFor(text.replace("0x11", "0x\\u00311"))).toBe("profile");
  });
});

describe("texts", () => {
  test.each([
    ["nothing", ""],
    ["spaces", "   "],
    ["an array", "[]"],
    ["a number", "1"],
    ["a string", '"receipt"'],
    ["null", "null"],
    ["no closing brace", text.trimEnd().slice(0, -1)],
    ["a comma at the end", text.replace("\n}", ",\n}")],
    ["two commas", text.replace(",", ",,")],
    ["no colon", text.replace(":", " ")],
    ["single quotes", text.replaceAll('"', "'")],
    ["something after it", `${text}x`],
    ["another one after it", `${text}${text}`],
    ["a comment", `// receipt\n${text}`],
    ["a byte order mark", `\ufeff${text}`],
    ["a no-break space", text.replace("\n", "\u00a0")],
    ["a NUL at the end", `${text}\0`],
    ["too long", text + " ".repeat(MAX_RECEIPT_TEXT)],
    ["UTF-16", Buffer.from(text, "utf16le")],
    ["bytes that are not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d)],
    ["a byte order mark in bytes", Buffer.from(`\ufeff${text}`)],
  ])("refused: %s", (_name, input) => {
    expect(refusedFor(input)).toBe("text");
  });

  test("an empty object lacks the first field", () => {
    expect(refusedFor("{}")).toBe("version");
  });

  test("cut short anywhere", () => {
    for (let length = 0; length < text.length - 2; length++) {
      expect(refusedFor(text.slice(0, length))).not.toBe("");
    }
  });

  test("with any one character replaced: refused, or another receipt, or white space", () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...'0f:,"{}\\ \nx'), (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        if (refusedFor(changed) !== "") return;
        const read = receiptFromJson(changed);
        const same = toHex(receiptDigest(nobleHasher, read.receipt));
        const isSame =
          same === toHex(receiptDigest(nobleHasher, signed.receipt)) &&
          toHex(read.signature) === toHex(signed.signature);
        expect(isSame).toBe(changed.replace(/\s/g, "") === text.replace(/\s/g, ""));
      }),
      { numRuns: 400 },
    );
  });
});
