import { MultihomeError, type ExitPool } from "@multihome/core";
import { exitAgents } from "@multihome/core/node-http";
import type { ExtendOptions } from "got";
import type { ClientRequest } from "node:http";
import { agentHooks } from "./agent-hooks.ts";
import { Attempts } from "./attempts.ts";
import type { Outlet } from "./attempts.ts";
import { conflictOf } from "./conflicts.ts";
import { conflict } from "./errors.ts";
import type { GotOptions } from "./got-options.ts";
import { stripSecrets } from "./redirect-secrets.ts";
import { RequestCall } from "./request-call.ts";
import type { NativeOptions, ResponseListener } from "./request-call.ts";
import { RequestFacade } from "./request-facade.ts";
import { wishesOf } from "./request-wishes.ts";

export interface GotHooksOptions {
  /**
   * `request`: at got's request function; attempts, races and second exits included.
   * `agent`: a `beforeRequest` hook that sets `agent`, for programs that need the request function themselves; one exit for
   * each request, tried again by got only.
   * @default "request"
   */
  mode?: "request" | "agent";
}

const OPTIONS: Record<keyof GotHooksOptions, true> = { mode: true };

/** On a request function of ours: the pool that it leads through. A property, because a WeakMap costs the collector more than the rest of it. */
const POOL: unique symbol = Symbol("pool");

type RequestFunction = ((first: URL | NativeOptions, second?: NativeOptions | ResponseListener, third?: ResponseListener) => ClientRequest | RequestFacade) & { [POOL]?: ExitPool };

/**
 * Sends the requests of a got instance through a pool: `got.extend(gotHooks(pool))`. Each attempt and each hop of a redirect is leased
 * for itself; what the pool should know of a request is said by `context: { multihome: hints }`.
 *
 * Options that would leave by another way than the exit (`agent`, `http2`, `localAddress`, Unix sockets, …) end the request
 * with got's RequestError, whose `cause` is ours (`MH_ERR_CONFIG`).
 *
 * @throws MultihomeError `MH_ERR_CONFIG` by `got.extend`, where the instance has a request function of its own
 */
export function gotHooks(pool: ExitPool, options: GotHooksOptions = {}): ExtendOptions {
  if (pool?.adapterHost === undefined) throw new MultihomeError("MH_ERR_CONFIG", "gotHooks expects the pool that createExitPool has made as its first argument.");
  pool.adapterHost.checkOptionNames("gotHooks", options, OPTIONS);
  const mode = options.mode ?? "request";
  switch (mode) {
    case "request":
      return requestHooks(pool);
    case "agent":
      return agentHooks(pool);
    default:
      throw conflict(`Expected \`mode\` to be "request" or "agent", got \`${String(mode satisfies never)}\`.`);
  }
}

function requestHooks(pool: ExitPool): ExtendOptions {
  const outlet: Outlet = { pool, agents: exitAgents(pool.adapterHost) };
  const request = requestFunction(outlet, undefined);

  /** One for each request, because got tells its request function nothing of context, timeouts and HTTP/2. */
  const bind = (got: GotOptions): void => {
    const given = got.request;
    const owner = poolOf(given);
    if (owner === pool || given === undefined) got.request = requestFunction(outlet, got);
    // Another pool's: whoever extended the instance last decides.
    else if (owner === undefined) got.request = refuseBoth;
  };

  return {
    request: request as unknown as ExtendOptions["request"],
    handlers: [
      (got, next) => {
        bind(got);
        return next(got);
      },
    ],
    hooks: {
      init: [
        (plain, got) => {
          if ((plain.request as unknown) === request && got.request !== undefined && poolOf(got.request) === undefined) throw twoRequestFunctions();
        },
      ],
      beforeRedirect: [
        (next, response) => {
          stripSecrets(next, response.request.options);
          bind(next);
        },
      ],
    },
  };
}

function requestFunction(outlet: Outlet, got: GotOptions | undefined): RequestFunction {
  const request: RequestFunction = (first, second, third) => {
    const call = new RequestCall(first, second, third);
    const problem = conflictOf(call.options, got);
    if (problem !== undefined) throw problem;
    const attempts = new Attempts(outlet, call, wishesOf(got, outlet.pool.adapterHost));
    attempts.begin();
    return attempts.direct ?? new RequestFacade(attempts);
  };
  request[POOL] = outlet.pool;
  return request;
}

function poolOf(request: unknown): ExitPool | undefined {
  return typeof request === "function" ? (request as RequestFunction)[POOL] : undefined;
}

function refuseBoth(): never {
  throw twoRequestFunctions();
}

function twoRequestFunctions(): Error {
  return conflict('got\'s option `request` is given twice, by you and by gotHooks, and only one of them can send: leave yours out, or use gotHooks(pool, { mode: "agent" }), which needs none.');
}
