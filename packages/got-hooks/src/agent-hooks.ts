import type { Agent as HttpAgent, ClientRequest, IncomingMessage } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { MultihomeError } from "@multihome/core";
import type { ExitPool, Lease } from "@multihome/core";
import { exitAgents, ResponseHead } from "@multihome/core/node-http";
import type { LegAgents } from "@multihome/core/node-http";
import type { ExtendOptions } from "got";
import { hintsOf } from "./conflicts.ts";
import { conflict, cutShort, hangUp } from "./errors.ts";
import type { GotOptions } from "./got-options.ts";
import { stripSecrets } from "./redirect-secrets.ts";
import { bodyOf, connectTimeoutOf } from "./request-wishes.ts";

/**
 * How long a lease waits for its request to be made, in milliseconds. Between the two lie only the hooks that come after
 * ours, and an answer out of got's cache, after which there is no request at all.
 */
const UNUSED_MS = 10_000;

/** Agents of ours, to be told from the user's own. */
const ours = new WeakSet<object>();

/** Hook-only mode: a `beforeRequest` hook leases an exit and sets `agent`; got makes the request by itself. */
export function agentHooks(pool: ExitPool): ExtendOptions {
  const host = pool.adapterHost;
  const agents = exitAgents(host);
  return {
    hooks: {
      beforeRequest: [
        async (given) => {
          const options = given as unknown as GotOptions;
          refuse(options);
          const url = new URL(options.url ?? "");
          const hints = hintsOf(options.context);
          const lease = await pool.acquire(
            { method: options.method, url, headers: options.headers, body: bodyOf(options) },
            // got's own timer for the request starts when it is made.
            { signal: options.signal, timeout: options.timeout.request, ...(hints === undefined ? {} : { hints }) },
          );
          const view = agents.view(lease.exit, { connectTimeoutMs: connectTimeoutOf(options, host) });
          let state: "waiting" | "used" | "late" = "waiting";
          const unused = host.clock.setTimeout(() => {
            state = "late";
            lease.release();
          }, UNUSED_MS);
          view.gate = (_, proceed) => {
            const request = view.requests.at(-1);
            if (state === "late") return proceed(new MultihomeError("MH_ERR_TIMEOUT", `The exit for ${lease.target} was leased more than ${UNUSED_MS} ms before its request came (hooks after gotHooks).`, { target: lease.target }));
            if (state === "waiting" && request !== undefined) follow(request, lease);
            state = "used";
            host.clock.clearTimeout(unused);
            return proceed();
          };
          options.agent = agentsOf(view);
        },
      ],
      beforeRedirect: [(next, response) => stripSecrets(next, response.request.options)],
    },
  };
}

function agentsOf(view: LegAgents): { http: HttpAgent; https: HttpsAgent } {
  ours.add(view.http);
  return { http: view.http, https: view.https };
}

function refuse(options: GotOptions): void {
  const given = options.agent.http ?? options.agent.https;
  if (given !== undefined && (typeof given !== "object" || given === null || !ours.has(given))) throw conflict("got's option `agent` contradicts gotHooks, which sets it: leave it out, or give agent options to the pool (exits.agentOptions).");
  if (options.http2) throw conflict("got's option `http2` cannot be bound to an exit: got opens HTTP/2 sessions by itself. Leave it out; HTTP/1.1 works.");
  if (options.localAddress !== undefined) throw conflict("got's option `localAddress` contradicts gotHooks: name the address in the pool (exits.local).");
  if (options.createConnection !== undefined) throw conflict("got's option `createConnection` contradicts gotHooks, which opens the connections: leave it out.");
  if (options.url instanceof URL && (options.url.protocol === "unix:" || options.url.hostname === "unix")) throw conflict("A Unix socket does not lead through an exit: use an instance of got without gotHooks for it.");
}

/** The lease is settled by what becomes of the request. */
function follow(request: ClientRequest, lease: Lease): void {
  let answered: IncomingMessage | undefined;
  let destroyed = false;
  const { destroy } = request;
  request.destroy = function destroyByCaller(error?: Error) {
    destroyed = true;
    return destroy.call(this, error);
  };
  const settle = (outcome: "done" | Error): void => {
    if (outcome !== "done" && !destroyed) lease.settle(outcome);
    lease.release();
  };
  request.prependOnceListener("response", (response) => {
    answered = response;
    const head = new ResponseHead(response);
    lease.observe(head);
    lease.settle(head);
    response.once("end", () => settle("done"));
    response.once("aborted", () => settle(response.socket.destroyed ? cutShort() : "done"));
  });
  request.once("error", settle);
  request.once("close", () => {
    if (answered?.complete !== true) settle(answered === undefined ? hangUp() : "done");
  });
}
