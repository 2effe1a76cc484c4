import type { IncomingMessage } from "node:http";
import type { ResponseInfo } from "../model/response.ts";

/** An answer as the pool looks at it. */
export class ResponseHead implements ResponseInfo {
  readonly status: number;
  readonly body: Uint8Array | undefined;
  readonly complete: boolean | undefined;
  readonly #response: IncomingMessage;

  constructor(response: IncomingMessage, body?: Uint8Array, complete?: boolean) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.body = body;
    this.complete = complete;
  }

  header(name: string): string | undefined {
    const value = this.#response.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : value;
  }
}

/** Never to be waited for: their first event may come in an hour. */
export function isEventStream(response: IncomingMessage): boolean {
  return /^\s*text\/event-stream/i.test(response.headers["content-type"] ?? "");
}

/** Will no byte follow this head? (RFC 9112, section 6.3) */
export function isBodiless(response: IncomingMessage, method: string): boolean {
  const { statusCode } = response;
  return method === "HEAD" || statusCode === 204 || statusCode === 304 || response.headers["content-length"] === "0";
}
