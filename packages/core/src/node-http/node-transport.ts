import http from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import https from "node:https";
import { isUnsent } from "../connect/index.ts";
import type { Leg, Lease, Transport } from "../model/lease.ts";
import type { RequestInfo } from "../model/request.ts";
import type { ResponseInfo } from "../model/response.ts";
import { peekBody } from "./peek-body.ts";
import { isBodiless, isEventStream, ResponseHead } from "./response-head.ts";

const BODY: unique symbol = Symbol("body");

interface SeenResponse extends IncomingMessage {
  [BODY]?: Uint8Array;
}

/**
 * Requests by Node alone, for `submit` and `run` without a client. Follows no redirects, decodes nothing, and throws for no
 * status: it resolves with the response as Node has it, its body unread. What a classifier has to see of the body
 * (`classify.body`; the first bytes by default where the exit is a proxy) is looked at on its way, and can still be read.
 */
export function nodeTransport(): Transport<IncomingMessage> {
  return {
    send: (lease, signal, request) => send(lease, signal, request),
    inspect,
    discard: (response) => void response.destroy(),
    finished,
    unsent: isUnsent,
  };
}

function send(lease: Lease, signal: AbortSignal, request: RequestInfo): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const url = new URL(request.url);
    const secure = url.protocol === "https:";
    const options: RequestOptions = { method: request.method, headers: request.headers, agent: secure ? lease.agent.https : lease.agent.http };
    const outgoing = (secure ? https : http).request(url, options, (response) => {
      // Nothing has been read from it yet: what fails from here on is the reader's, who may not be listening any more.
      response.on("error", () => {});
      look(response, request.method, lease, resolve);
    });
    // Not by Node's `signal` option, which hides the reason behind an error of its own.
    const onAbort = (): void => void outgoing.destroy(signal.reason instanceof Error ? signal.reason : undefined);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    outgoing.once("close", () => signal.removeEventListener("abort", onAbort));
    outgoing.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    outgoing.end(request.body ?? undefined);
  });
}

/** Until there is enough of the body to judge the answer by. A lease that is held by hand has nobody who judges. */
function look(response: IncomingMessage, method: string, lease: Lease | Leg, seen: (response: SeenResponse) => void): void {
  const peek = "peekAt" in lease ? lease.peekAt(response.statusCode ?? 0) : "none";
  if (peek === "none" || isEventStream(response)) return seen(response);
  const tell = (body: Uint8Array): void => {
    (response as SeenResponse)[BODY] = body;
    seen(response);
  };
  if (isBodiless(response, method)) return tell(new Uint8Array(0));
  peekBody(response, peek === "full", tell);
  // Cut before its first bytes.
  response.once("close", () => seen(response));
}

function inspect(response: SeenResponse): ResponseInfo {
  return new ResponseHead(response, response[BODY], response.complete || response.destroyed ? response.complete : undefined);
}

function finished(response: IncomingMessage): Promise<void> | undefined {
  // Nothing is left to read of it; who asks with HEAD does not read.
  if (response.complete && response.readableLength === 0) return undefined;
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    response.once("end", resolve);
    response.once("error", (error) => (failure = error));
    response.once("close", () => (response.complete ? resolve() : reject(failure ?? Object.assign(new Error("aborted"), { code: "ECONNRESET" }))));
    if (response.destroyed && !response.complete) reject(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
  });
}
