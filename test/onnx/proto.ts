import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { AssayError, type OperatorDefinition } from "../../operators/index.js";
import type { DefinitionLookup } from "../../src/onnx/nodes.js";
import {
  type AttributeProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from "../../src/onnx/proto/onnx_pb.js";

/** The fields of a message, all optional. */
type Init<S extends DescMessage> = Exclude<MessageInitShape<S>, MessageShape<S>>;

/** Models made field by field, also ones that no honest writer makes. */

export type GraphInit = Init<typeof GraphProtoSchema>;
export type NodeInit = Init<typeof NodeProtoSchema>;
export type AttributeInit = Init<typeof AttributeProtoSchema>;
export type TensorInit = Init<typeof TensorProtoSchema>;
export type ModelInit = Init<typeof ModelProtoSchema>;

export function modelBytes(graph: GraphInit, model: ModelInit = {}): Uint8Array {
  const init = { irVersion: 8n, opsetImport: [{ domain: "", version: 17n }], graph, ...model };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, init));
}

/** A graph input or output, f32 unless told. */
export function value(
  name: string,
  dims: readonly number[] = [2],
  elemType = 1,
): Init<typeof ValueInfoProtoSchema> {
  const dim = dims.map((d) => ({ value: { case: "dimValue" as const, value: BigInt(d) } }));
  return { name, type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } } };
}

export function node(opType: string, input: string[], output: string[], name = ""): NodeInit {
  return { opType, input, output, name };
}

/** x → Relu → y. */
export function tinyGraph(): GraphInit {
  return {
    name: "g",
    node: [node("Relu", ["x"], ["y"])],
    input: [value("x")],
    output: [value("y")],
  };
}

/** A lookup in which every operator exists from version 1 on. */
export const anyOperator: DefinitionLookup = (domain, name) => definition(domain, name, [1]);

export function definition(
  domain: string,
  name: string,
  versions: readonly number[],
): OperatorDefinition {
  const lower = () => {
    throw new Error("never lowered");
  };
  return { domain, name, versions, lower };
}

/** The error that `action` throws; anything but an AssayError fails the test. */
export function errorOf(action: () => unknown): AssayError {
  try {
    action();
  } catch (error) {
    if (error instanceof AssayError) return error;
    throw new Error(`not an AssayError: ${error}`, { cause: error });
  }
  throw new Error("nothing was thrown");
}
