import { openJournal } from "../../src/ledger/file-storage.js";

/**
 * A process that appends batches for as long as it lives, and prints how many records are acknowledged
 * after each. Record n holds n as text, padded with as many bytes as n % 300.
 */
export function recordOf(n: number): Uint8Array {
  return new TextEncoder().encode(String(n).padEnd(4 + (n % 300), "."));
}

async function appendForever(folder: string): Promise<never> {
  const { journal, tail } = await openJournal(folder);
  process.stdout.write(`open ${journal.count} ${tail?.bytes ?? 0}\n`);
  for (;;) {
    const size = 1 + (journal.count % 7);
    await journal.append(Array.from({ length: size }, (_, i) => recordOf(journal.count + i)));
    process.stdout.write(`${journal.count}\n`);
  }
}

if (process.argv[2] === "--append") await appendForever(process.argv[3] as string);
