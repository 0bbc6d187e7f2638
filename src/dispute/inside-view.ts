import {
  DTYPES,
  type ElementReader,
  elementCount,
  interpret,
  readerOf,
  type Scan,
  type StageSource,
  type Tensor,
} from "../../operators/index.js";
import type { Plan, PlanNode } from "../graph/plan.js";
import { materialize } from "../graph/values.js";
import { locateElement, tensorGeometry } from "../merkle/geometry.js";
import type { Hasher } from "../merkle/hash.js";
import { indexedList } from "../merkle/indexed-root.js";
import { type CommittedList, proveEntry } from "../merkle/list.js";
import { openTile, type TensorTree, tensorTree } from "../merkle/tensor-tree.js";
import { toHex } from "../receipt/hex.js";
import type { Hex, ReadTile, ShownLeaf } from "./moves.js";
import type { TraceProvider } from "./provider.js";
import { constantOf, SourceTiles, sourceOrigin, type TensorOrigin } from "./sources.js";
import { programOf, sliceCount, type Target, targetOf, targetOfSlice } from "./targets.js";
import { openedValues, planTensor } from "./values.js";
import { encodeWords, type Word } from "./words.js";

/**
 * What a party knows of the inside of one operator of its own run: the bytes of all sources and
 * stages, their trees, and the states of any element's fold.
 */
export class InsideView {
  private readonly trees = new Map<string, TensorTree>();
  private list: CommittedList | undefined;

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
    const wanted = openedValues(plan, node);
    const bytes = await provider.tensors(index, wanted);
    const values = new Map(
      wanted.map((v, i) => [v, planTensor(plan, v, bytes[i] as Uint8Array)] as const),
    );
    return new InsideView(plan, hasher, node, await provider.stages(index), values);
  }

  /** A target's tensor as it is committed. */
  tensor(target: number): Tensor {
    const { output, slice, offset, type } = targetOf(this.node, target) as Target;
    if (output !== undefined) return this.values.get(this.node.outputs[output] as number) as Tensor;
    const { dtype, dims } = type;
    if (slice === undefined) return { dtype, dims, bytes: (this.stages[target] as Tensor).bytes };
    const { lowering } = this.node;
    const { first, end } = lowering.scan as Scan;
    const { bytes } = this.stages[first + (slice % (end - first))] as Tensor;
    const { size } = DTYPES[dtype];
    const from = offset * size;
    return { dtype, dims, bytes: bytes.slice(from, from + elementCount(dims) * size) };
  }

  tree(target: number): TensorTree {
    return this.treeOf({ kind: "target", target });
  }

  /** The slices of the recurrence, in the order of computing. */
  slices(): CommittedList {
    const count = sliceCount(this.node);
    const targets = Array.from({ length: count }, (_, i) => targetOfSlice(this.node, i));
    this.list ??= indexedList(
      this.hasher,
      "slices",
      targets.map((t) => this.tree(t).commitment),
    );
    return this.list;
  }

  private treeOf(of: TensorOrigin): TensorTree {
    const key = JSON.stringify(of);
    const known = this.trees.get(key) ?? tensorTree(this.hasher, this.tensorOf(of));
    this.trees.set(key, known);
    return known;
  }

  private tensorOf(of: TensorOrigin): Tensor {
    return of.kind === "target" ? this.tensor(of.target) : (this.values.get(of.value) as Tensor);
  }

  /** The bytes of a tile of a target. */
  tile(target: number, tile: number): Uint8Array {
    return openTile(this.tree(target), this.tensor(target), tile).bytes;
  }

  /** The tile that holds an element of a target. */
  claim(target: number, element: number): ShownLeaf {
    const { dtype, dims } = this.tensor(target);
    const { tile } = locateElement(tensorGeometry(dtype, dims), element);
    return { ...this.leaf({ kind: "target", target }, tile), proof: this.proveSlice(target) };
  }

  /** A tile of one of the sources of a target's program; `prove` is for graph inputs and weights. */
  sourceTile(
    target: number,
    source: number,
    number: number,
    prove: (value: number) => readonly Hex[],
  ): ReadTile {
    const { of, tile } = this.sourceTiles(target, source).tensorOf(number);
    const proof = of.kind === "value" ? prove(of.value) : this.proveSlice(of.target);
    return { source, tile: number, ...this.leaf(of, tile), proof };
  }

  private leaf(of: TensorOrigin, tile: number): Omit<ShownLeaf, "proof"> {
    const { bytes, siblings } = openTile(this.treeOf(of), this.tensorOf(of), tile);
    return { bytes, siblings: siblings.map(toHex) };
  }

  private proveSlice(target: number): Hex[] {
    const { slice } = targetOf(this.node, target) as Target;
    return slice === undefined ? [] : proveEntry(this.slices(), slice).map(toHex);
  }

  private sourceTiles(target: number, source: number): SourceTiles {
    const { stage } = targetOf(this.node, target) as Target;
    const origin = sourceOrigin(this.node, stage.sources[source] as StageSource);
    return new SourceTiles(this.plan, this.node, origin);
  }

  /** Readers of a target's sources that note every tile they touch, in order. */
  private readers(
    target: number,
    touched: (source: number, tile: number) => void,
  ): ElementReader[] {
    const { stage } = targetOf(this.node, target) as Target;
    return stage.sources.map((from, source) => {
      const known = constantOf(this.plan, this.node, from);
      const { dtype, bytes } = known ? materialize(known) : this.sourceTensor(from);
      const read = readerOf(dtype, bytes);
      if (known) return read;
      const tiles = this.sourceTiles(target, source);
      return (index) => {
        touched(source, tiles.locate(index).tile);
        return read(index);
      };
    });
  }

  private sourceTensor(from: StageSource): Tensor {
    const origin = sourceOrigin(this.node, from);
    if (origin.kind === "slices") return this.stages[origin.stage] as Tensor;
    return this.tensorOf(origin);
  }

  /** States after the given numbers of steps, ascending, of an element's fold, as bytes. */
  states(target: number, element: number, ends: readonly number[]): Uint8Array[] {
    const program = programOf(this.node, target);
    const at = this.elementOfStage(target, element);
    const run = interpret(
      program,
      this.readers(target, () => {}),
    );
    let state: Word[] = run.initial();
    let step = 0;
    return ends.map((end) => {
      for (; step < end; step++) state = run.step(at, step, state);
      return encodeWords(program.init, state);
    });
  }

  private elementOfStage(target: number, element: number): number {
    return (targetOf(this.node, target) as Target).offset + element;
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
    const at = this.elementOfStage(target, element);
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
      state = run.step(at, step, state);
    }
    noting = true;
    if (finishes) run.finish(at, state);
    return [...found.values()];
  }
}
