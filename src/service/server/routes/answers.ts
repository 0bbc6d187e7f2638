import type { JsonSchema, Shape } from "../../../settlement/shape.js";
import { ERROR } from "../../schemas.js";

/** Responses of a route: what it answers, and the form of every error. */
export function answers(
  shape: Shape<unknown>,
  others: Readonly<Record<number, JsonSchema>> = {},
): Record<string, object> {
  const good = { description: "What was asked for", ...shape.schema };
  const more = Object.entries(others).map(([status, schema]) => {
    return [status, { description: "Refused by the ledger", ...schema }] as const;
  });
  return {
    200: good,
    ...Object.fromEntries(more),
    "4xx": { description: "Refused by the server", ...ERROR },
    "5xx": { description: "Not possible at present", ...ERROR },
  };
}
