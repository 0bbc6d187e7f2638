import { nobleHasher as hasher } from "../../dist/src/merkle/hash.js";
import { parseHex, toHex } from "../../dist/src/receipt/hex.js";
import { receiptToJson } from "../../dist/src/receipt/json.js";
import { addressOf } from "../../dist/src/receipt/key.js";
import { makeReceipt, receiptBytes, receiptDigest } from "../../dist/src/receipt/receipt.js";
import { maskRoot, saltCommitment } from "../../dist/src/receipt/salt.js";
import { signReceipt } from "../../dist/src/receipt/sign.js";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The secret keys 1 and 2: known to everyone. */
const KEYS = [1, 2].map((k) => Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? k : 0)));

const filled = (byte) => new Uint8Array(32).fill(byte);

const BASE = {
  profile: filled(0x11),
  model: filled(0x22),
  binding: filled(0x33),
  plan: filled(0x44),
  inputs: filled(0x55),
  outputs: filled(0x66),
  segments: 7,
  trace: filled(0x77),
};

function receiptVector(name, key, fields) {
  const receipt = makeReceipt({ ...BASE, executor: addressOf(key), ...fields });
  const signed = signReceipt(hasher, receipt, key);
  return {
    name,
    key: toHex(key),
    bytes: toHex(receiptBytes(receipt)),
    digest: toHex(receiptDigest(hasher, receipt)),
    signature: toHex(signed.signature),
    json: receiptToJson(signed),
  };
}

function salted(key) {
  const salt = filled(0x99);
  const masked = Object.fromEntries(
    ["inputs", "outputs", "trace"].map((kind) => [kind, maskRoot(hasher, kind, BASE[kind], salt)]),
  );
  const fields = { ...masked, salt: saltCommitment(hasher, salt) };
  return {
    salt: toHex(salt),
    roots: Object.fromEntries(Object.keys(masked).map((kind) => [kind, toHex(BASE[kind])])),
    ...receiptVector("salted", key, fields),
  };
}

/** Texts made of a good one, and the field that each must be refused for. */
function malformedTexts(json) {
  const zeros = `0x${"00".repeat(32)}`;
  return [
    ["a missing field", "plan", json.replace(/ {2}"plan".*\n/, "")],
    ["an extra field", '"note"', json.replace("{", `{\n  "note": "${zeros}",`)],
    ["a field twice", "version", json.replace("{", '{\n  "version": 1,')],
    ["upper-case hex", "profile", json.replace(/0x(11)+/, `0x${"AA".repeat(32)}`)],
    ["hex without 0x", "profile", json.replace("0x11", "11")],
    ["a byte too few", "model", json.replace("0x2222", "0x22")],
    ["a byte too many", "model", json.replace("0x22", "0x2222")],
    ["a fraction", "segments", json.replace(": 7,", ": 7.0,")],
    ["a leading zero", "segments", json.replace(": 7,", ": 07,")],
    ["an integer as text", "segments", json.replace(": 7,", ': "7",')],
    ["no segments", "segments", json.replace(": 7,", ": 0,")],
    ["2^53 segments", "segments", json.replace(": 7,", ": 9007199254740992,")],
    ["an unknown version", "version", json.replace('"version": 1', '"version": 2')],
    ["an escape in a key", "text", json.replace('"plan"', '"pl\\u0061n"')],
    ["an escape in a value", "plan", json.replace("0x44", "0x\\u00344")],
    ["something after the object", "text", `${json}{}`],
    ["cut short", "text", json.slice(0, -3)],
    ["an array", "text", `[${json}]`],
  ].map(([why, field, text]) => ({ why, field, text }));
}

/** Changes of a good signature. All must be refused. */
function badSignatures({ digest, signature }) {
  const hex = (value) => value.toString(16).padStart(64, "0");
  const r = signature.slice(2, 66);
  const s = signature.slice(66, 130);
  const v = parseHex(signature, 65)[64];
  const other = v === 27 ? "1c" : "1b";
  const same = v.toString(16);
  return [
    ["the other s of the same nonce", `${r}${hex(ORDER - BigInt(`0x${s}`))}${other}`],
    ["r = 0", `${hex(0)}${s}${same}`],
    ["r = n", `${hex(ORDER)}${s}${same}`],
    ["s = 0", `${r}${hex(0)}${same}`],
    ["s = n", `${r}${hex(ORDER)}${same}`],
    ["v as 0 or 1", `${r}${s}0${v - 27}`],
    ["v = 29", `${r}${s}1d`],
    ["no point with this r", `${hex(5)}${s}${same}`],
    ["without v", `${r}${s}`],
    ["the other v, another signer", `${r}${s}${other}`],
  ].map(([why, text]) => ({ why, digest, signature: `0x${text}` }));
}

export function receiptVectors() {
  const [one, two] = KEYS;
  const plain = receiptVector("all optional fields absent", one, {});
  const full = receiptVector("context and generation", two, {
    segments: 2 ** 40 + 3,
    context: filled(0x88),
    generation: filled(0xaa),
  });
  return {
    about: "Receipts of Assay, format version 1. See docs/receipt.md.",
    receipts: [plain, full],
    salted: salted(one),
    malformedTexts: malformedTexts(plain.json),
    badSignatures: badSignatures(plain),
  };
}
