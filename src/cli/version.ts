import { existsSync, readFileSync } from "node:fs";

/** The version in package.json, which lies one folder higher beside sources than beside dist. */
export function version(): string {
  for (const up of ["../../package.json", "../../../package.json"]) {
    const url = new URL(up, import.meta.url);
    if (!existsSync(url)) continue;
    const { name, version: text } = JSON.parse(readFileSync(url, "utf8")) as Record<string, string>;
    if (name === "assay") return text ?? "unknown";
  }
  return "unknown";
}
