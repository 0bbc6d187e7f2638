import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BENCHMARKS, type Benchmark } from "./benchmarks/index.js";
import { optimiseWebAssembly } from "./engine.js";
import { hostFacts } from "./host.js";
import { watchOthers } from "./others.js";
import type { Section } from "./results.js";
import { type Scale, settingsFor } from "./settings.js";

/**
 * One benchmark in a process of its own: nothing that ran before it is left in its memory or its
 * engine. (onnxruntime-web was seen to lose two thirds of its speed half way through a process, for
 * good, the cause unknown.) Run as a program, this file is that process.
 */
export function sectionInProcess(name: string, scale: Scale): Promise<Section> {
  // With the loader of TypeScript that this process has: execArgv is handed on.
  const child = fork(fileURLToPath(import.meta.url), [name, scale]);
  return new Promise((resolve, reject) => {
    child.once("message", (answer: Section | { failed: string }) => {
      if ("failed" in answer) reject(new Error(answer.failed));
      else resolve(answer);
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      reject(new Error(`its process ended with ${signal ?? code}`));
    });
  });
}

async function sectionOf(benchmark: Benchmark, scale: Scale): Promise<Section> {
  optimiseWebAssembly();
  const host = hostFacts();
  const others = watchOthers();
  const start = performance.now();
  const report = await benchmark(settingsFor(scale, showProgress));
  clearProgress();
  const seconds = (performance.now() - start) / 1000;
  const busy = others();
  const about = busy === undefined ? {} : { others: busy };
  return { date: new Date().toISOString(), scale, host, seconds, ...about, report };
}

/** One line that is written over on a terminal, lines of their own in a log. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K… ${text}`);
  else process.stderr.write(`… ${text}\n`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
}

async function answer(name: string, scale: Scale): Promise<object> {
  try {
    return await sectionOf(BENCHMARKS[name] as Benchmark, scale);
  } catch (error) {
    clearProgress();
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , name, scale] = process.argv;
  const found = await answer(name as string, scale as Scale);
  // Runtimes leave threads behind: this process does not wait for them.
  process.send?.(found, () => process.exit());
}
