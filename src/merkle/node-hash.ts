import { hash } from "node:crypto";
import { DIGEST_SIZE, type Hasher } from "./hash.js";

/**
 * SHA-256 of node:crypto. Not for code that must run outside Node.
 *
 * `crypto.hash` skips the Hash object and its stream, and a "binary" string (one character per byte)
 * is cheaper to make than a Buffer. Measured on 1026-byte messages, Node 20.20, Zen 4, ns a message:
 * createHash 1570, hash "buffer" 1416, hash "hex" and decode 1312, hash "binary" and decode 980
 * (of which SHA-256 itself is about 600).
 */
export const nodeHasher: Hasher = {
  name: "node:crypto",
  hash(message) {
    const out = new Uint8Array(DIGEST_SIZE);
    nodeHasher.hashInto(message, out, 0);
    return out;
  },
  hashInto(message, out, at) {
    const characters = hash("sha256", message, "binary");
    for (let i = 0; i < DIGEST_SIZE; i++) out[at + i] = characters.charCodeAt(i);
  },
};
