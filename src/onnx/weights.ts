import type { TensorType } from "../../operators/index.js";
import type { Initializer } from "../graph/types.js";
import type { Unsupported } from "./data-types.js";
import type { UnsupportedList } from "./problems.js";
import type { GraphProto, TensorProto } from "./proto/onnx_pb.js";

/** Reads one initializer; `where` is for messages. */
export type WeightReader<T extends TensorType> = (
  proto: TensorProto,
  where: string,
) => T | Unsupported;

/** All initializers of a model under unique names: those of the graph under their own. */
export class WeightTable<T extends TensorType = TensorType> {
  readonly tensors = new Map<string, T>();
  private readonly repeats = new Map<string, number>();

  constructor(
    private readonly readWeight: WeightReader<T>,
    private readonly unsupported: UnsupportedList,
  ) {}

  /** The initializers of the graph itself. */
  readOuter(graph: GraphProto): void {
    graph.initializer.forEach((proto, i) => {
      this.read(proto, `graph.initializer[${i}] "${proto.name}"`, proto.name, proto.name);
    });
    this.refuseSparse(graph, "");
  }

  /**
   * Those of a subgraph, as it sees them. Outer weights have been read by then, and a name that is made
   * here is none of theirs.
   */
  readInner(graph: GraphProto, where: string, path: string): Initializer[] {
    const initializers = graph.initializer.map(({ name }) => {
      return { name, weight: this.unique(`${shortened(path)}${name}`) };
    });
    graph.initializer.forEach((proto, i) => {
      const { weight } = initializers[i] as Initializer;
      this.read(
        proto,
        `${where}.initializer[${i}] "${proto.name}"`,
        weight,
        `${path}${proto.name}`,
      );
    });
    this.refuseSparse(graph, path);
    return initializers;
  }

  private read(proto: TensorProto, where: string, name: string, readable: string): void {
    const tensor = this.readWeight(proto, where);
    if ("unsupported" in tensor) this.unsupported.add(readable, "", tensor.unsupported);
    else this.tensors.set(name, tensor);
  }

  private refuseSparse(graph: GraphProto, path: string): void {
    for (const { values } of graph.sparseInitializer) {
      this.unsupported.add(`${path}${values?.name ?? ""}`, "", "sparse tensors are not supported");
    }
  }

  private unique(base: string): string {
    let name = base;
    let n = this.repeats.get(base) ?? 1;
    while (this.tensors.has(name)) name = `${base}#${++n}`;
    this.repeats.set(base, n);
    return name;
  }
}

/** Paths begin many names, and a file chooses how long they are. */
function shortened(path: string): string {
  return path.length <= LONGEST ? path : `…${path.slice(1 - LONGEST)}`;
}

const LONGEST = 160;
