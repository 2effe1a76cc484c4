import type { ResponseInfo } from "@multihome/core";
import type { AxiosResponse } from "axios";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";

/** An answer as Node has it, before axios has seen it. */
export class Head implements ResponseInfo {
  readonly status: number;
  readonly body: Uint8Array | undefined;
  readonly complete: boolean | undefined;
  readonly #headers: IncomingHttpHeaders;

  constructor(response: IncomingMessage, body?: Uint8Array, complete?: boolean) {
    this.status = response.statusCode ?? 0;
    this.body = body;
    this.complete = complete;
    this.#headers = response.headers;
  }

  header(name: string): string | undefined {
    const value = this.#headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : value;
  }
}

/** An answer that came from nowhere that we could look at: a mock in place of `node:http`, or of the adapter. */
export function headOf(response: AxiosResponse): ResponseInfo {
  return {
    status: response.status,
    header(name) {
      const headers = response.headers as { get?(name: string): unknown } & Record<string, unknown>;
      const value = typeof headers.get === "function" ? headers.get(name) : headers[name.toLowerCase()];
      if (value === undefined || value === null) return undefined;
      return Array.isArray(value) ? value.join(", ") : String(value);
    },
  };
}

/**
 * Takes the answer of a request before its client hears of it. The client is told by `pass`, when and if that is called;
 * until then nobody reads the body, and Node stops the connection when its buffer is full.
 *
 * To be called from within the request's making (its agent's `addRequest`): the client has attached its listener by then.
 */
export function takeResponse(request: ClientRequest, onResponse: (response: IncomingMessage, pass: () => void) => void): void {
  const listeners = request.listeners("response");
  request.once("response", (response: IncomingMessage) => {
    onResponse(response, () => {
      for (const listener of listeners) Reflect.apply(listener, request, [response]);
    });
  });
  // Ours first: while somebody listens the emitter need not forget the event, and make its table of events anew twice.
  for (const listener of listeners) request.removeListener("response", listener as () => void);
}

/** Did the connection end the body, rather than whoever reads it? Node's error for it is the same in all versions. */
export function wasCut(response: IncomingMessage): Error | undefined {
  const errored = response.errored as (Error & { code?: string }) | null | undefined;
  if (response.complete || errored?.code !== "ECONNRESET") return undefined;
  // Leaving a `for await` aborts the request, which looks the same from here.
  const { req: request } = response as IncomingMessage & { req?: ClientRequest };
  return request?.aborted === true ? undefined : errored;
}
