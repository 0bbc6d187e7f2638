import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { AssayError } from "../../operators/index.js";
import { isFolder } from "../files/disk.js";
import { toHex } from "../receipt/hex.js";
import type { Parameters } from "../settlement/parameters.js";
import type { RuleBook } from "../settlement/rule-book.js";
import type { Id } from "../settlement/state.js";
import { type BeaconChain, loadBeacon } from "./beacon-chain.js";
import { BlobStore } from "./blobs.js";
import { EmbeddedLedger } from "./embedded.js";
import { JOURNAL_FILES, openJournal } from "./file-storage.js";
import { parametersFrom } from "./founding.js";
import type { TornTail } from "./journal-open.js";
import { namedBlobs } from "./named-blobs.js";

/** Beside the journal's files in a ledger's folder. */
export const FOLDER_FILES = { ...JOURNAL_FILES, beacon: "beacon", blobs: "blobs" } as const;

/** Bytes of tensors that one account may keep on a ledger, unless its operator says otherwise. */
export const BLOB_QUOTA = 4 * 2 ** 30;

export interface LedgerFolderOptions {
  readonly book: RuleBook;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Address of the operator of a ledger that is founded; not asked for where there is one. */
  readonly operator: () => Id;
  /** JSON text of parameters other than the defaults. */
  readonly parameters?: string;
  /** Bytes of tensors that one account may keep. */
  readonly quota?: number;
}

export interface LedgerFolder {
  readonly ledger: EmbeddedLedger;
  readonly beacon: BeaconChain;
  /** Whether it was founded just now. */
  readonly founded: boolean;
  /** What a crash had left half-written and was cut off. */
  readonly tail: TornTail | null;
  close(): Promise<void>;
}

/**
 * Opens the ledger in a folder; founds one where the folder is new or empty, with a salt and a beacon
 * of its own. Parameters that differ from those it was founded with are refused. Throws `ledger/locked`,
 * `ledger/corrupt`, `json/malformed`, `usage`, `key/invalid` and `file/write`.
 */
export async function openLedgerFolder(
  path: string,
  options: LedgerFolderOptions,
): Promise<LedgerFolder> {
  const folder = resolve(path);
  requireOurs(folder);
  // Before a folder is made for parameters that nobody can found a ledger with.
  if (options.parameters !== undefined) parametersFrom(options.parameters, NOBODY);
  const opened = await openJournal(folder);
  const { journal } = opened;
  const founded = journal.count === 0;
  try {
    const beacon = await beaconOf(folder, founded);
    const { book, clock, quota = BLOB_QUOTA } = options;
    const blobs = namedBlobs(await BlobStore.open(join(folder, FOLDER_FILES.blobs), { quota }));
    const parameters = founded ? foundingParameters(options, beacon) : undefined;
    const ledger = await EmbeddedLedger.open(opened, { book, clock, blobs }, parameters);
    requireSame(folder, ledger.state.parameters, beacon, options.parameters);
    return { ledger, beacon, founded, tail: opened.tail, close: () => ledger.close() };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

const NOBODY = {
  salt: `0x${"00".repeat(32)}`,
  operator: `0x${"00".repeat(20)}`,
  beacon: `0x${"00".repeat(32)}`,
} as const;

/** A folder full of something else is not taken over. */
function requireOurs(folder: string): void {
  if (!existsSync(folder)) return;
  if (!isFolder(folder)) throw new AssayError("file/write", `${folder} is not a folder`);
  const names = readdirSync(folder);
  const own: readonly string[] = Object.values(FOLDER_FILES);
  const foreign = names.find((n) => !own.includes(n) && !/^lock-\d+$|^\.assay-/.test(n));
  if (foreign === undefined || names.includes(FOLDER_FILES.log)) return;
  throw new AssayError("file/write", `${folder} is not empty and holds no ledger`, {
    hint: "name a new folder, or that of a ledger",
    facts: { folder, found: foreign },
  });
}

/** A beacon made anew could not go on with the one that a ledger was founded with. */
async function beaconOf(folder: string, founded: boolean): Promise<BeaconChain> {
  const file = join(folder, FOLDER_FILES.beacon);
  if (founded || existsSync(file)) return loadBeacon(file);
  throw new AssayError("ledger/corrupt", `the beacon's file ${file} is missing`, {
    hint: "restore it from a copy; without its secret no job is ever drawn again",
    facts: { path: file },
  });
}

function foundingParameters(
  { parameters = "{}", operator }: LedgerFolderOptions,
  beacon: BeaconChain,
): Parameters {
  const salt = toHex(new Uint8Array(randomBytes(32)));
  return parametersFrom(parameters, { salt, operator: operator(), beacon: toHex(beacon.anchor) });
}

function requireSame(
  folder: string,
  founded: Parameters,
  beacon: BeaconChain,
  text: string | undefined,
): void {
  if (toHex(beacon.anchor) !== founded.beacon) {
    throw new AssayError("ledger/corrupt", `the beacon's file in ${folder} is another ledger's`, {
      hint: "restore log, head and beacon together from one copy",
    });
  }
  if (text === undefined) return;
  if (JSON.stringify(parametersFrom(text, founded)) === JSON.stringify(founded)) return;
  throw new AssayError("usage", "the ledger was founded with other parameters", {
    hint: "they never change: leave --parameters out, or found a ledger in a new folder",
  });
}
