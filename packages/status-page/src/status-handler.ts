import type { IncomingMessage, ServerResponse } from "node:http";
import { MultihomeError, type ExitPool } from "@multihome/core";
import { Desk } from "./desk.ts";
import type { GuardOptions } from "./guard.ts";
import { answerNode } from "./node-question.ts";
import { answerWeb } from "./web-question.ts";

/** Who may see the page. */
export interface StatusOptions extends GuardOptions {}

/** As fastify hands its own to a route; only these parts are used. */
export interface RawRequest {
  readonly raw: IncomingMessage;
  readonly body?: unknown;
}
export interface RawReply {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

/** One function for all of them; it looks at what it is given. Answers whatever path it is mounted at. */
export interface StatusHandler {
  /** `http.createServer(handler)`, `app.use("/status", handler)` of express and connect. */
  (request: IncomingMessage, response: ServerResponse, next?: unknown): void;
  /** `app.all("/status", handler)` of fastify. */
  (request: RawRequest, reply: RawReply): void;
  /** Whatever takes a `Request` and answers with a `Response`. */
  (request: Request): Promise<Response>;
}

/**
 * The status page of a pool, for a server that is there already. It answers at one path, whichever it is mounted at, and
 * takes no part in who may reach that server: put it behind your own authentication, or give it a `token`.
 *
 * @throws MultihomeError `MH_ERR_CONFIG`
 */
export function statusHandler(pool: ExitPool, options: StatusOptions = {}): StatusHandler {
  if (pool?.adapterHost === undefined) throw new MultihomeError("MH_ERR_CONFIG", "statusHandler expects the pool that createExitPool has made as its first argument.");
  const desk = new Desk(pool, options);
  function handle(request: IncomingMessage | RawRequest | Request, response?: ServerResponse | RawReply): unknown {
    if (response === undefined || isWeb(request)) return answerWeb(desk, request as Request);
    if ("hijack" in response && "raw" in request) {
      response.hijack();
      void answerNode(desk, request.raw, response.raw, request.body ?? undefined);
    } else {
      void answerNode(desk, request as IncomingMessage, response as ServerResponse);
    }
    return undefined;
  }
  return handle as StatusHandler;
}

function isWeb(request: IncomingMessage | RawRequest | Request): request is Request {
  return "headers" in request && typeof (request.headers as { get?: unknown }).get === "function";
}
