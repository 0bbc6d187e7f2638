import type { AttributeValue } from "../../../operators/index.js";
import type { DefinitionCase } from "../../definitions/cases/types.js";

/** A case as a person would write it: `Conv-11 f32[1,2,5,5] f32[3,2,3,3] strides=2,2`. */
export function caseName(c: DefinitionCase): string {
  const inputs = c.inputs.map((t) => (t ? `${t.dtype}[${t.dims}]` : "–"));
  const attributes = Object.entries(c.attributes).map(([k, v]) => `${k}=${attributeText(v)}`);
  const words = [`${c.operator}-${c.version}`, ...inputs, ...attributes, c.note ?? ""];
  return words.filter((w) => w !== "").join(" ");
}

export function rowName(c: DefinitionCase): string {
  return c.domain === "" ? c.operator : `${c.domain}.${c.operator}`;
}

function attributeText(a: AttributeValue): string {
  if (!("value" in a)) return a.kind;
  const { value } = a;
  const isPlain = ["string", "number", "bigint"].includes(typeof value);
  return isPlain || Array.isArray(value) ? String(value) : a.kind;
}
