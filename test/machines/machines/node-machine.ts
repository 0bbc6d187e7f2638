import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { COLUMNS, type TableMessage } from "../table/types.js";
import type { FindOptions, Found, MachineUnderTest, Start } from "./machine.js";
import { cachedNode, fetchNode, type PackageName } from "./packages.js";
import { findProgram, ROOT_URL, TABLE } from "./places.js";
import { start } from "./process.js";

/** How the processor of another machine is had: an emulator, and what its programs need. */
export interface Emulator {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly processor: string;
  /** A folder that must exist, with the libraries of that processor. */
  readonly libraries?: string;
  /** Debian's packages. */
  readonly packages: string;
}

export interface NodeMachine {
  readonly id: string;
  readonly title: string;
  /** The package with the binary; the Node that runs this where absent. */
  readonly package?: PackageName;
  readonly emulator?: Emulator;
}

/** A Node, as it is or under an emulator. */
export function nodeMachine(spec: NodeMachine): MachineUnderTest {
  return {
    id: spec.id,
    title: spec.title,
    columns: COLUMNS,
    emulated: spec.emulator !== undefined,
    async find(options) {
      const prefix = emulatorCommand(spec);
      if ("how" in prefix) return { kind: "missing", how: prefix.how };
      const node = await nodeOf(spec, options);
      if (typeof node !== "string") return node;
      const processor = spec.emulator?.processor ?? (cpus()[0]?.model ?? "unknown").trim();
      return { kind: "ready", processor, start: starter([...prefix.command, node]) };
    },
  };
}

function emulatorCommand({ package: name, emulator }: NodeMachine) {
  if (!emulator) {
    const foreign =
      name !== undefined && !name.startsWith(`node-${process.platform}-${process.arch}@`);
    return foreign ? { how: `${name} runs on another kind of machine` } : { command: [] };
  }
  const program = findProgram(emulator.program);
  const hasLibraries = emulator.libraries === undefined || existsSync(emulator.libraries);
  if (process.platform === "linux" && program && hasLibraries) {
    return { command: [program, ...emulator.arguments] };
  }
  return { how: `on Debian: apt-get install ${emulator.packages}` };
}

async function nodeOf(
  { package: name }: NodeMachine,
  { fetch, progress }: FindOptions,
): Promise<string | Found> {
  if (name === undefined) return process.execPath;
  const cached = cachedNode(name);
  if (cached !== undefined) return cached;
  if (!fetch) return { kind: "missing", how: `--fetch downloads ${name} (about 45 MB)` };
  progress(`downloading ${name}`);
  return fetchNode(name);
}

function starter(command: readonly string[]): Start {
  return async (request, listen, signal) => {
    const script = join(TABLE, "on-node.js");
    const line = (text: string): void => listen(messageOf(text));
    await start([...command, script, JSON.stringify(request), ROOT_URL], signal, line).ended;
  };
}

/** Whatever else an engine prints is a failure: the table must not be guessed from half a line. */
function messageOf(text: string): TableMessage {
  try {
    return JSON.parse(text) as TableMessage;
  } catch {
    return { kind: "failed", error: `it printed ${text.slice(0, 200)}` };
  }
}
