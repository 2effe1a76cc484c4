import http from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import https from "node:https";
import { isUnsent } from "../connect/index.ts";
import type { Lease, Transport } from "../model/lease.ts";
import type { RequestInfo } from "../model/request.ts";
import type { ResponseInfo } from "../model/response.ts";

/**
 * Requests by Node alone, for `submit` and `run` without a client. Follows no redirects, decodes nothing, and throws for no
 * status: it resolves with the response as Node has it, its body unread.
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
      resolve(response);
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

function inspect(response: IncomingMessage): ResponseInfo {
  return {
    status: response.statusCode ?? 0,
    header(name) {
      const value = response.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    complete: response.destroyed ? response.complete : undefined,
  };
}

function finished(response: IncomingMessage): Promise<void> | undefined {
  if (response.complete && response.readableEnded) return undefined;
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    response.once("end", resolve);
    response.once("error", (error) => (failure = error));
    response.once("close", () => (response.complete ? resolve() : reject(failure ?? Object.assign(new Error("aborted"), { code: "ECONNRESET" }))));
    if (response.destroyed && !response.complete) reject(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
  });
}
