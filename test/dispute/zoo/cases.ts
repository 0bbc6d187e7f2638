import type { Tensor } from "../../../operators/index.js";
import { bind } from "../../../src/graph/bind.js";
import type { Model } from "../../../src/graph/types.js";
import type { DefinitionCase } from "../../definitions/cases/types.js";
import { lowerNode } from "../../support/run-definition.js";
import { counting } from "../../support/tensors.js";
import type { Toy } from "./toy.js";

/**
 * A graph of one node of a definition, whose inputs are graph inputs and weights in turn; undefined
 * where binding leaves nothing to execute.
 */
export function toyOfCase(c: DefinitionCase): Toy | undefined {
  const given = c.inputs.map((t, i) => c.values?.[i] ?? (t && counting(t.dtype, t.dims)));
  const names = given.map((t, i) => (t ? `x${i}` : ""));
  const tensors = given.flatMap((t, i): [string, Tensor][] => (t ? [[`x${i}`, t]] : []));
  const inputs = new Map(tensors.filter((_, i) => i % 2 === 0));
  const outputs = lowerNode({ ...c, inputs: given }).outputs.map(({ dtype }, i) => {
    return { name: `y${i}`, dtype, dims: null };
  });
  const model: Model = {
    graph: {
      name: "case",
      inputs: [...inputs].map(([name, t]) => ({ name, dtype: t.dtype, dims: t.dims })),
      outputs,
      nodes: [
        {
          name: `/${c.operator}`,
          domain: c.domain,
          operator: c.operator,
          version: c.version,
          attributes: new Map(Object.entries(c.attributes)),
          inputs: names,
          outputs: outputs.map((o) => o.name),
        },
      ],
    },
    weights: new Map(tensors.filter((_, i) => i % 2 === 1)),
  };
  const plan = bind(model, { types: inputs, values: inputs, granularity: "layer" });
  return plan.nodes.length === 0 ? undefined : { model, plan, inputs };
}
