import type { FastifyInstance } from "fastify";
import type { BucketMap } from "../../../settlement/bucket-map.js";
import { address, digest, integer, oneOf, record, type Shape } from "../../../settlement/shape.js";
import type { Job } from "../../../settlement/state.js";
import { ACCOUNT, DISPUTE, JOB, JOB_LINE, MODEL, MODEL_LINE, pageOf } from "../../schemas.js";
import type { Service } from "../context.js";
import { ServiceError } from "../service-error.js";
import { accountView, disputeView, jobLine, jobView, modelLine, modelView } from "../views.js";
import { answers } from "./answers.js";

interface PageQuery {
  readonly after?: string;
  readonly most?: number;
}

/** What the state looks like, for people and for clients that do not replay it. */
export function viewRoutes(app: FastifyInstance, service: Service): void {
  const { ledger, limits } = service;
  one(app, "jobs", "A job", JOB, (id) => found(ledger.state.jobs.get(id), jobView));
  one(app, "disputes", "A dispute", DISPUTE, (id) => {
    return found(ledger.state.disputes.get(id), disputeView);
  });
  one(app, "models", "A model", MODEL, (id) => {
    return found(ledger.state.models.get(id), (m) => modelView(m, limits.listed));
  });
  app.get<{ Params: { address: string } }>(
    "/v1/accounts/:address",
    {
      schema: {
        summary: "An account: what it holds, what of it is locked, how much it has said",
        params: record({ address }).schema,
        response: answers(ACCOUNT),
      },
    },
    async ({ params }) => accountView(ledger.state, params.address, limits.listed),
  );
  lists(app, service);
}

function lists(app: FastifyInstance, { ledger, limits }: Service): void {
  const paging = { after: digest, most: integer(1, limits.listed) };
  app.get<{ Querystring: PageQuery & { state?: "open" | "all" } }>(
    "/v1/jobs",
    {
      schema: {
        summary: "Jobs: those that have not ended, oldest first, or all by id",
        querystring: optional({ ...paging, state: oneOf(["open", "all"]) }),
        response: answers(pageOf(JOB_LINE)),
      },
    },
    async ({ query }) => {
      const { jobs, openJobs } = ledger.state;
      if (query.state === "all") return pageOfMap(jobs, query, limits.listed, jobLine);
      const start = query.after === undefined ? 0 : openJobs.indexOf(query.after) + 1;
      if (start === 0 && query.after !== undefined) {
        throw new ServiceError("request/not-found", "the job that `after` names is not open");
      }
      const end = start + (query.most ?? limits.listed);
      const ids = openJobs.slice(start, end);
      const next = end < openJobs.length ? (ids.at(-1) ?? null) : null;
      return { items: ids.map((id) => jobLine(jobs.get(id) as Job)), next };
    },
  );
  app.get<{ Querystring: PageQuery }>(
    "/v1/models",
    {
      schema: {
        summary: "Models by id",
        querystring: optional(paging),
        response: answers(pageOf(MODEL_LINE)),
      },
    },
    async ({ query }) => pageOfMap(ledger.state.models, query, limits.listed, modelLine),
  );
}

function one(
  app: FastifyInstance,
  what: string,
  summary: string,
  shape: Shape<unknown>,
  view: (id: string) => object,
): void {
  app.get<{ Params: { id: string } }>(
    `/v1/${what}/:id`,
    { schema: { summary, params: record({ id: digest }).schema, response: answers(shape) } },
    async ({ params }) => view(params.id),
  );
}

function found<T>(value: T | undefined, view: (value: T) => object): object {
  if (value === undefined) throw new ServiceError("request/not-found", "there is none of that id");
  return view(value);
}

/** Keys of a map come in order, so a page begins behind the last key of the one before it. */
function pageOfMap<T>(
  map: BucketMap<T>,
  { after = "", most }: PageQuery,
  listed: number,
  view: (value: T) => object,
): object {
  const items: object[] = [];
  let last: string | null = null;
  for (const [id, value] of map.entries()) {
    if (id <= after) continue;
    if (items.length === (most ?? listed)) return { items, next: last };
    items.push(view(value));
    last = id;
  }
  return { items, next: null };
}

function optional(fields: Parameters<typeof record>[0]): object {
  return { ...record(fields).schema, required: [] };
}
