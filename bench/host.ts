import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";
import { nativeAddon } from "../operators/backends/native/index.js";

/** Where figures come from; without it they mean nothing. */
export interface Host {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  /** One-minute load average before the run. */
  readonly load: number;
  /** What of the native backend this processor runs, where it was built. */
  readonly native?: string;
  /** Versions of the peers that are installed. */
  readonly peers: Readonly<Record<string, string>>;
}

const PEERS = [
  "onnxruntime-web",
  "onnxruntime-node",
  "@tensorflow/tfjs",
  "@tensorflow/tfjs-backend-wasm",
  "@tensorflow/tfjs-node",
];

export function hostFacts(): Host {
  const versions = PEERS.map((name) => [name, versionOf(name)] as const);
  return {
    cpu: `${cpus()[0]?.model.trim() ?? "unknown"}${wideVectors()}`,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
    node: process.version,
    v8: process.versions.v8,
    load: loadavg()[0] ?? 0,
    ...nativeFacts(),
    peers: Object.fromEntries(versions.filter(([, v]) => v !== "")),
  };
}

export function hostText(host: Host): string {
  const peers = Object.entries(host.peers).map(([name, version]) => `${name} ${version}`);
  const native = host.native ? `, assay native (${host.native})` : "";
  return [
    `CPU      ${host.cpu}, ${host.cores} cores, ${host.memoryGiB} GiB, ${host.system}`,
    `engine   Node ${host.node}, V8 ${host.v8}, WebAssembly optimised at once`,
    `backend  assay wasm (SIMD128, no relaxed SIMD)${native}`,
    `peers    ${peers.join(", ")}`,
  ].join("\n");
}

function nativeFacts(): Pick<Host, "native"> {
  const native = nativeAddon();
  if (!("addon" in native)) return {};
  return { native: native.addon.levels.map(({ name }) => name).join(", ") };
}

/** Virtual machines often hide the model; the widest vectors say most about native peers. */
function wideVectors(): string {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    if (/\bavx512f\b/.test(flags)) return " (AVX-512)";
    return /\bavx2\b/.test(flags) ? " (AVX2)" : "";
  } catch {
    return "";
  }
}

function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  // Not every package exports its package.json: look for the file beside the resolution paths.
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")).version;
    } catch {}
  }
  return "";
}
