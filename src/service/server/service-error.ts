/** Every answer that is not what was asked for, beside the ledger's own refusals. */
export const SERVICE_ERRORS = {
  "request/malformed": [400, "docs/service.md and /openapi.json say what each route takes"],
  "request/not-found": [404, "/openapi.json lists the routes"],
  "request/unsigned": [403, "say it with the headers that docs/service.md asks for"],
  "request/too-slow": [408, "send a request at once"],
  "request/too-large": [413, "docs/service.md lists the limits"],
  "request/media-type": [415, "/openapi.json says what each route takes"],
  "request/too-many": [429, "wait a while, then ask less often"],
  "service/failed": [500, "ask the operator; what happened stands in the server's output"],
  "service/busy": [503, "try again in a moment"],
  "service/closing": [503, "the server is being stopped; try again later"],
  "service/read-only": [503, "nothing was accepted; try again once the operator has seen to it"],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

export type ServiceCode = keyof typeof SERVICE_ERRORS;

/** Something that whoever asked is told, in the words that stand here. */
export class ServiceError extends Error {
  constructor(
    readonly code: ServiceCode,
    message: string,
  ) {
    super(message);
  }

  get status(): number {
    return SERVICE_ERRORS[this.code][0];
  }

  get hint(): string {
    return SERVICE_ERRORS[this.code][1];
  }
}
