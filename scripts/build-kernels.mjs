// Compiles the AssemblyScript kernels and writes each as a TypeScript module that holds the
// WebAssembly bytes in base64, so that a user of the package needs neither compiler nor file access.
//
//   node scripts/build-kernels.mjs            write the modules
//   node scripts/build-kernels.mjs --check    fail if a checked-in module differs from its source
//
// The compiler is pinned in package-lock.json and its output has no names, paths or times in it:
// the same source gives the same bytes.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));

const kernels = [
  {
    source: "operators/backends/wasm/contraction/kernel.as.ts",
    output: "operators/backends/wasm/contraction/kernel.wasm.ts",
    name: "contractionKernel",
  },
  {
    source: "operators/backends/wasm/contraction/integer-kernel.as.ts",
    output: "operators/backends/wasm/contraction/integer-kernel.wasm.ts",
    name: "integerKernel",
  },
];

/** Relaxed SIMD stays off: its results may differ between machines. */
const flags = [
  "-O3",
  "--runtime=stub",
  "--noAssert",
  "--importMemory",
  "--noExportMemory",
  "--sharedMemory",
  "--initialMemory=1",
  "--maximumMemory=65536",
  "--enable=simd",
  "--enable=threads",
  "--enable=bulk-memory",
  "--disable=relaxed-simd",
];

async function compile(source) {
  let bytes;
  const result = await asc.main([source, "--outFile=kernel.wasm", `--baseDir=${root}`, ...flags], {
    writeFile: (_name, contents) => {
      bytes = contents;
    },
  });
  if (result.error || !bytes) throw new Error(`${source}: ${result.stderr.toString()}`);
  return Buffer.from(bytes);
}

function moduleText({ source, name }, bytes) {
  const lines = bytes.toString("base64").match(/.{1,92}/g) ?? [];
  return [
    `// Generated from ${source} by scripts/build-kernels.mjs; do not edit.`,
    "",
    `/** ${bytes.length} bytes of WebAssembly, base64. */`,
    `export const ${name} = [`,
    ...lines.map((line) => `  "${line}",`),
    '].join("");',
    "",
  ].join("\n");
}

const check = process.argv.includes("--check");
for (const kernel of kernels) {
  const bytes = await compile(kernel.source);
  const text = moduleText(kernel, bytes);
  if (!check) {
    writeFileSync(`${root}/${kernel.output}`, text);
    console.log(`${kernel.output}: ${bytes.length} bytes`);
  } else if (readFileSync(`${root}/${kernel.output}`, "utf8") !== text) {
    console.error(`${kernel.output} is stale: run node scripts/build-kernels.mjs`);
    process.exitCode = 1;
  }
}
