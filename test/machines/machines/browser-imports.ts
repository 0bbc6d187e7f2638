import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./places.js";

/**
 * Names of packages become addresses when a module is served: browsers do not apply import maps in
 * workers. Node's threads are replaced by a stand-in over workers; no other built-in is reached.
 */
export function browserImports(module: string): string {
  return module.replace(
    /^((?:import|export)\b[^"';]*?\bfrom\s*|import\s*)(["'])([^."'/][^"']*)\2/gm,
    (_, head: string, quote: string, name: string) => `${head}${quote}${addressOf(name)}${quote}`,
  );
}

function addressOf(name: string): string {
  if (name === "node:worker_threads") return "/stand_ins/worker-threads.js";
  if (name.startsWith("node:")) return `/stand_ins/missing/${name.slice("node:".length)}.js`;
  const [first = "", second = "", ...rest] = name.split("/");
  const scoped = first.startsWith("@");
  const id = scoped ? `${first}/${second}` : first;
  const inner = (scoped ? rest : [second, ...rest]).filter((p) => p !== "").join("/");
  return `/node_modules/${id}/${entryOf(id, inner === "" ? "." : `./${inner}`)}`;
}

type Target = string | { readonly [condition: string]: Target };

/** The file behind a package's entry, by the `exports` of its manifest. */
function entryOf(id: string, entry: string): string {
  const path = join(ROOT, "node_modules", id, "package.json");
  if (!existsSync(path)) throw new Error(`${id} is not installed`);
  const { exports } = JSON.parse(readFileSync(path, "utf8")) as { exports: Record<string, Target> };
  let target: Target | undefined = exports[entry];
  while (typeof target === "object") {
    target = target.browser ?? target.import ?? target.module ?? target.default;
  }
  if (target === undefined) throw new Error(`${id} has no entry ${entry}`);
  return target.replace(/^\.\//, "");
}
