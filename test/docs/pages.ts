import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

/** The project's Markdown files, as the tests of the documentation read them. */

export const ROOT = resolve(import.meta.dirname, "../..");

const NOT_OURS = new Set(["node_modules", "dist", ".git", ".assay", "coverage"]);

/** Every .md file of the project, relative to its root. */
export function markdownFiles(folder = ROOT): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith(".md") ? [relative(ROOT, path)] : [];
  });
}

export function readPage(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The contents of fenced blocks of one language. */
export function codeBlocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text]) =>
    name === language ? [text as string] : [],
  );
}

/** All table rows as trimmed cells, heads and rules left in. */
export function tableRows(page: string): string[][] {
  return page
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** One line, one space between words: so that wrapping does not matter. */
export function unwrapped(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
