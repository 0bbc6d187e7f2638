import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { AssayError, bytesEqual } from "../../operators/index.js";
import { createFile, readFile } from "../files/disk.js";
import { DIGEST_SIZE, type Digest, type Hasher } from "../merkle/hash.js";
import { nodeHasher } from "../merkle/node-hash.js";
import { fromHex, toHex } from "../receipt/hex.js";
import { makeFolder, syncFolder } from "./file-storage.js";

/**
 * A beacon: randomness that its owner fixed beforehand and cannot choose afterwards. From a secret seed
 * of 32 bytes the chain goes seed, H(seed), H(H(seed)), … to the anchor, which is published; then its
 * links are published backwards. Link i is H^(n − i)(seed): link 0 is the anchor, H(link i) is
 * link i − 1, link n is the seed. H is SHA-256 of the 32 bytes alone.
 */
export const BEACON_LINKS = 1 << 18;

/** Longest chain that is read from a file: opening one computes all of it, about a second a million. */
const MAX_LINKS = 1 << 24;

export class BeaconChain {
  readonly anchor: Digest;
  /** H^(j · stride)(seed) for j = 0, 1, …: about √n of them, and at most as many hashes for a link. */
  private readonly checkpoints: Digest[] = [];
  private readonly stride: number;

  /** Computes the whole chain once: about 0.3 s for the default length. */
  constructor(
    seed: Uint8Array,
    readonly links = BEACON_LINKS,
    private readonly hasher: Hasher = nodeHasher,
  ) {
    if (seed.length !== DIGEST_SIZE) throw new RangeError(`a seed has ${DIGEST_SIZE} bytes`);
    if (!Number.isSafeInteger(links) || links < 1 || links > MAX_LINKS) {
      throw new RangeError(`a beacon has 1 to ${MAX_LINKS} links`);
    }
    this.stride = Math.ceil(Math.sqrt(links));
    // A copy: slice() of a Buffer would be the seed itself, which is hashed over below.
    const at = Uint8Array.from(seed);
    for (let i = 0; i < links; i++) {
      if (i % this.stride === 0) this.checkpoints.push(at.slice());
      this.step(at);
    }
    this.anchor = at;
  }

  /**
   * Link i, from 0 (the anchor) to `links` (the seed itself). Throws `ledger/exhausted` beyond.
   * Whoever knows link i knows every link before it, and none after.
   */
  link(i: number): Digest {
    if (!Number.isSafeInteger(i) || i < 0) throw new RangeError(`there is no link ${i}`);
    if (i > this.links) {
      throw new AssayError(
        "ledger/exhausted",
        `the beacon has ${this.links} links and no link ${i}`,
        {
          facts: { links: this.links, link: i },
        },
      );
    }
    if (i === 0) return this.anchor.slice();
    const steps = this.links - i;
    const from = Math.floor(steps / this.stride);
    const at = (this.checkpoints[from] as Digest).slice();
    for (let k = from * this.stride; k < steps; k++) this.step(at);
    return at;
  }

  private step(at: Uint8Array): void {
    at.set(this.hasher.hash(at));
  }
}

/** Whether `link` may follow `before`: what everyone checks when a link is published. */
export function follows(hasher: Hasher, before: Digest, link: Uint8Array): boolean {
  return link.length === DIGEST_SIZE && bytesEqual(hasher.hash(link), before);
}

const MAX_FILE = 1024;

/**
 * The beacon whose secret is in a file, which is made on first use: one line of the word `beacon`, the
 * number of links, the seed and the anchor. Readable by its owner only, else refused, as a key is.
 * Throws `file/not-found`, `file/write`, `key/invalid`.
 */
export async function loadBeacon(path: string, links = BEACON_LINKS): Promise<BeaconChain> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) await makeBeacon(path, links);
  const text = new TextDecoder().decode(readFile(path, "beacon", MAX_FILE));
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw new AssayError("key/invalid", `the beacon's file ${path} can be read by others`, {
      hint: `chmod 600 ${path}`,
      facts: { path },
    });
  }
  return parseBeacon(path, text);
}

/** Two processes that find none end up with the same: whoever is second keeps the first's. */
async function makeBeacon(path: string, links: number): Promise<void> {
  const folder = dirname(resolve(path));
  await makeFolder(folder);
  const seed = randomBytes(DIGEST_SIZE);
  const { anchor } = new BeaconChain(seed, links);
  const line = `beacon ${links} ${toHex(seed)} ${toHex(anchor)}\n`;
  createFile(path, new TextEncoder().encode(line), { mode: 0o600, folderMode: 0o700 });
  // An anchor must not be published before its seed is sure to outlive a loss of power.
  await syncFolder(folder);
}

function parseBeacon(path: string, text: string): BeaconChain {
  const match = /^beacon ([1-9]\d{0,7}) (0x[0-9a-f]{64}) (0x[0-9a-f]{64})\n$/.exec(text);
  const links = Number(match?.[1]);
  if (!match || links > MAX_LINKS) throw broken(path, "it is no line that a beacon's file has");
  const chain = new BeaconChain(fromHex(match[2] as string), links);
  if (toHex(chain.anchor) !== match[3]) throw broken(path, "its seed does not lead to its anchor");
  return chain;
}

/** Says nothing of what is in the file: it may be most of a secret. */
function broken(path: string, problem: string): AssayError {
  return new AssayError("key/invalid", `the beacon's file ${path} is broken: ${problem}`, {
    hint: "restore it from a copy; another seed cannot continue this ledger's beacon",
    facts: { path },
  });
}
