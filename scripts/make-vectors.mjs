// Writes test/vectors/*.json from the built package:
//   npm run build && node scripts/make-vectors.mjs
// The files are deterministic. test/merkle/vectors.test.ts and test/receipt/vectors.test.ts compare
// them with implementations that share no code with src/; test/settlement/vectors.test.ts replays the
// job in settlement.json.
import { mkdirSync, writeFileSync } from "node:fs";
import { receiptVectors } from "./vectors/receipts.mjs";
import { settlementVectors } from "./vectors/settlement.mjs";
import { treeVectors } from "./vectors/trees.mjs";

const folder = new URL("../test/vectors/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, vectors] of [
  ["tensor-trees", treeVectors()],
  ["receipts", receiptVectors()],
  ["settlement", await settlementVectors()],
]) {
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(vectors, null, 2)}\n`);
}
