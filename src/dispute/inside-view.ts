import { type ElementReader, interpret, readerOf, type Tensor } from "../../operators/index.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import { materialize } from "../graph/values.js";
import { locateElement, tensorGeometry } from "../merkle/geometry.js";
import type { Hasher } from "../merkle/hash.js";
import { openTile, type TensorTree, tensorTree } from "../merkle/tensor-tree.js";
import { toHex } from "../receipt/hex.js";
import type { ReadTile, ShownLeaf } from "./moves.js";
import type { TraceProvider } from "./provider.js";
import { constantOf } from "./sparse.js";
import { programOf, sourceOrigin, type Target, targetOf } from "./targets.js";
import { originOf } from "./values.js";
import { encodeWords, type Word } from "./words.js";

/**
 * What a party knows of the inside of one operator of its own run: the bytes of all sources and
 * stages, their trees, and the states of any element's fold.
 */
export class InsideView {
  private readonly trees = new Map<string, TensorTree>();

  private constructor(
    private readonly plan: Plan,
    private readonly hasher: Hasher,
    readonly node: PlanNode,
    private readonly stages: readonly Tensor[],
    private readonly values: ReadonlyMap<number, Tensor>,
  ) {}

  static async of(
    { plan, hasher }: { readonly plan: Plan; readonly hasher: Hasher },
    provider: TraceProvider,
    index: number,
  ): Promise<InsideView> {
    const node = plan.nodes[index] as PlanNode;
    const inputs = [...new Set(node.inputs.filter((v) => v !== undefined))];
    const wanted = [
      ...inputs.filter((v) => originOf(plan, v).kind !== "constant"),
      ...node.outputs,
    ];
    const bytes = await provider.tensors(index, wanted);
    const values = new Map(
      wanted.map((v, i): [number, Tensor] => {
        const { dtype, dims } = plan.values[v] as Plan["values"][number];
        return [v, { dtype, dims, bytes: bytes[i] as Uint8Array }];
      }),
    );
    return new InsideView(plan, hasher, node, await provider.stages(index), values);
  }

  /** A target's tensor as it is committed. */
  tensor(target: number): Tensor {
    const { output, type } = targetOf(this.node, target) as Target;
    if (output !== undefined) return this.values.get(this.node.outputs[output] as number) as Tensor;
    const { dtype, dims } = type;
    return { dtype, dims, bytes: (this.stages[target] as Tensor).bytes };
  }

  tree(target: number): TensorTree {
    return this.treeOf(`target ${target}`, this.tensor(target));
  }

  private treeOf(key: string, tensor: Tensor): TensorTree {
    const known = this.trees.get(key) ?? tensorTree(this.hasher, tensor);
    this.trees.set(key, known);
    return known;
  }

  /** The bytes of a tile of a target. */
  tile(target: number, tile: number): Uint8Array {
    return openTile(this.tree(target), this.tensor(target), tile).bytes;
  }

  /** The tile that holds an element of a target. */
  claim(target: number, element: number): ShownLeaf {
    const tensor = this.tensor(target);
    const { tile } = locateElement(tensorGeometry(tensor.dtype, tensor.dims), element);
    const { bytes, siblings } = openTile(this.tree(target), tensor, tile);
    return { bytes, siblings: siblings.map(toHex) };
  }

  /** A tile of one of the sources of a target's program, without the proof of its tensor. */
  sourceTile(target: number, source: number, tile: number): Omit<ReadTile, "proof"> {
    const { key, tensor } = this.source(target, source);
    const { bytes, siblings } = openTile(this.treeOf(key, tensor), tensor, tile);
    return { source, tile, bytes, siblings: siblings.map(toHex) };
  }

  /** The value that a source is, where it is one; a stage of the operator has none. */
  sourceValue(target: number, source: number): number | undefined {
    const { stage } = targetOf(this.node, target) as Target;
    const from = sourceOrigin(this.node, stage.sources[source] as Target["stage"]["sources"][0]);
    return from.kind === "value" ? from.value : undefined;
  }

  private source(target: number, source: number): { key: string; tensor: Tensor } {
    const { stage } = targetOf(this.node, target) as Target;
    const from = stage.sources[source] as Target["stage"]["sources"][0];
    const origin = sourceOrigin(this.node, from);
    if (origin.kind === "target") {
      return { key: `target ${origin.target}`, tensor: this.tensor(origin.target) };
    }
    const known = constantOf(this.plan, this.node, from);
    const tensor = known ? materialize(known) : (this.values.get(origin.value) as Tensor);
    return { key: `value ${origin.value}`, tensor };
  }

  /** Readers of a target's sources that note every tile they touch, in order. */
  readers(target: number, touched: (source: number, tile: number) => void): ElementReader[] {
    const { stage } = targetOf(this.node, target) as Target;
    return stage.sources.map((from, source) => {
      const { tensor } = this.source(target, source);
      const read = readerOf(tensor.dtype, tensor.bytes);
      if (constantOf(this.plan, this.node, from)) return read;
      const geometry = tensorGeometry(tensor.dtype, tensor.dims);
      return (index) => {
        touched(source, locateElement(geometry, index).tile);
        return read(index);
      };
    });
  }

  /** States after the given numbers of steps, ascending, of an element's fold, as bytes. */
  states(target: number, element: number, ends: readonly number[]): Uint8Array[] {
    const program = programOf(this.node, target);
    const run = interpret(
      program,
      this.readers(target, () => {}),
    );
    let state: Word[] = run.initial();
    let step = 0;
    return ends.map((end) => {
      for (; step < end; step++) state = run.step(element, step, state);
      return encodeWords(program.init, state);
    });
  }

  /** The tiles that steps `from` … `to` − 1 read, and the finish where the fold ends there. */
  tilesRead(
    target: number,
    element: number,
    from: number,
    to: number,
    finishes: boolean,
  ): { readonly source: number; readonly tile: number }[] {
    const program = programOf(this.node, target);
    const found = new Map<string, { source: number; tile: number }>();
    let noting = false;
    const run = interpret(
      program,
      this.readers(target, (source, tile) => {
        if (noting) found.set(`${source} ${tile}`, { source, tile });
      }),
    );
    let state: Word[] = run.initial();
    for (let step = 0; step < to; step++) {
      noting = step >= from;
      state = run.step(element, step, state);
    }
    noting = true;
    if (finishes) run.finish(element, state);
    return [...found.values()];
  }
}
