import type { NodeProto } from "./proto/onnx_pb.js";

/**
 * A readable, unique name for every node: the file's own, "Conv_3" (operator and position) where
 * it has none, "x#2" for the second node called x. A made name never takes one from the file.
 */
export function nodeNames(nodes: readonly NodeProto[]): string[] {
  const given = new Set(nodes.map((n) => n.name));
  const used = new Set<string>();
  const repeats = new Map<string, number>();
  return nodes.map((node, i) => {
    const base = node.name === "" ? `${node.opType}_${i}` : node.name;
    let name = base;
    let n = repeats.get(base) ?? 1;
    while (used.has(name) || (name !== node.name && given.has(name))) name = `${base}#${++n}`;
    repeats.set(base, n);
    used.add(name);
    return name;
  });
}
