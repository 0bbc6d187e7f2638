import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { markdownFiles, ROOT, readPage } from "./pages.js";

/** Every link between the project's files leads somewhere, headings included. */

const files = markdownFiles();

/** Anchors as GitHub makes them: lower case, punctuation gone, spaces to hyphens. */
function anchorsOf(path: string): string[] {
  const text = readPage(path).replace(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-"),
  );
}

function linksOf(path: string): string[] {
  const text = readPage(path)
    .replace(/^```[\s\S]*?^```$/gm, "")
    .replace(/`[^`\n]*`/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string);
}

/** What is wrong with a link in `file`, if anything is. */
function problem(file: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? file : join(dirname(file), path);
  if (!existsSync(join(ROOT, target))) return `${file}: ${link} does not exist`;
  if (anchor === undefined || statSync(join(ROOT, target)).isDirectory()) return undefined;
  return anchorsOf(target).includes(anchor) ? undefined : `${file}: ${link} is no heading`;
}

describe("links", () => {
  test("there are pages", () => {
    expect(files).toContain("README.md");
    expect(files.length).toBeGreaterThan(10);
  });

  test.each(files)("in %s resolve", (file) => {
    const links = linksOf(file);
    expect(links.filter((l) => l.startsWith("http:"))).toEqual([]);
    const inside = links.filter((l) => !/^[a-z]+:/.test(l));
    expect(inside.flatMap((l) => problem(file, l) ?? [])).toEqual([]);
  });

  test("the index names every page of docs", () => {
    const listed = linksOf("docs/README.md");
    const pages = files
      .filter((f) => f.startsWith("docs/") && f !== "docs/README.md")
      .map((f) => f.slice("docs/".length));
    expect(pages.filter((p) => !listed.includes(p))).toEqual([]);
  });
});
