import type { RequestInfo } from "@multihome/core";
import type { BodyChunk } from "./outgoing-body.ts";
import type { RequestCall } from "./request-call.ts";

/** A request as the pool looks at it. */
export function requestInfoOf(call: RequestCall, body: BodyChunk | undefined, replayable: () => boolean): RequestInfo {
  const headers = call.options.headers as RequestInfo["headers"];
  return call.mayHaveBody ? new RequestWithBody(call, headers, body, replayable) : { method: call.method, url: call.href, host: call.host, path: call.path, headers };
}

/** Whether a body can be sent again changes while it is being sent. */
class RequestWithBody implements RequestInfo {
  readonly method: string;
  readonly url: string | URL;
  readonly host: string;
  readonly path: string;
  readonly headers: RequestInfo["headers"];
  /** Where got has it whole. */
  readonly body: BodyChunk | undefined;
  readonly #replayable: () => boolean;

  constructor(call: RequestCall, headers: RequestInfo["headers"], body: BodyChunk | undefined, replayable: () => boolean) {
    this.method = call.method;
    this.url = call.href;
    this.host = call.host;
    this.path = call.path;
    this.headers = headers;
    this.body = body;
    this.#replayable = replayable;
  }

  get replayable(): boolean {
    return this.#replayable();
  }
}
