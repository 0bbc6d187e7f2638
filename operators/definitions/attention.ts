import { type DType, elementCount } from "../dtype.js";
import { type Index, k, o, type View } from "../program/builder.js";
import { type AttentionShape, attentionShape, keyView, mergeHeads, queryView, valueView } from "./attention-shape.js";
import { floatAttribute, inputOperand, intAttribute, invalid, type Operand, requireDType, StageList, unsupported } from "./context.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
