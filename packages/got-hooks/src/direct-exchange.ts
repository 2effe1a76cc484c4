import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Leg } from "@multihome/core";
import { isBodiless, isEventStream, peekBody, ResponseHead } from "@multihome/core/node-http";
import type { LegAgents } from "@multihome/core/node-http";
import { cutShort, GIVEN_UP, hangUp, toError } from "./errors.ts";
import type { Exchange } from "./leg-exchange.ts";
import type { RequestCall } from "./request-call.ts";
import { tellProgress } from "./tell-progress.ts";

/** Ends a request at the pool. */
export type Abandon = (reason: Error) => void;

/**
 * The one attempt of a request that can have no other: got is given Node's own request, and the lease is settled by looking
 * on. Whatever the answer is it will be delivered, so that nothing has to be held back for the pool's decision.
 */
export class DirectExchange implements Exchange {
  readonly request: ClientRequest;
  readonly #leg: Leg;
  readonly #view: LegAgents;
  #response: IncomingMessage | undefined;
  #over = false;
  /** Within the caller's own `destroy`, which goes on to destroy the request. */
  #callerEnds = false;

  /** @throws what Node throws for a request that cannot be sent */
  constructor(call: RequestCall, leg: Leg, view: LegAgents, abandon: Abandon) {
    this.#leg = leg;
    this.#view = view;
    const request = call.open(view);
    this.request = request;
    request.on("response", (response) => this.#onResponse(response, call.method));
    if (call.callback !== undefined) request.once("response", call.callback);
    request.on("upgrade", refuseUpgrade);
    request.on("error", (error: Error) => this.#onEnd(error));
    request.on("close", () => {
      if (this.#response === undefined) this.#onEnd(hangUp());
    });
    const { destroy } = request;
    // On the instance: timeouts, cancels and signals of got all come by here, and none of them is the exit's failure.
    request.destroy = (error?: Error) => {
      if (!this.#over) {
        this.#callerEnds = true;
        abandon(error ?? GIVEN_UP);
      }
      return destroy.call(request, error);
    };
  }

  stop(reason: unknown): void {
    const leg = this.#leg;
    if (this.#over) return leg.release();
    this.#over = true;
    const response = this.#response;
    // What has arrived whole can be read to its end, whoever ends the exchange.
    if (response?.complete === true) return leg.end();
    if (response === undefined) leg.fail(reason, this.#sent);
    else leg.release();
    if (!this.#sent) this.#view.abort(reason);
    if (!this.#callerEnds) this.request.destroy(toError(reason));
  }

  get #sent(): boolean {
    return (this.request.socket as Socket | null | undefined) != null;
  }

  #onResponse(response: IncomingMessage, method: string): void {
    this.#response = response;
    if (this.#over) return;
    const leg = this.#leg;
    tellProgress(response, leg);
    response.on("end", () => this.#onEnd(undefined));
    response.on("aborted", () => {
      // A socket that is still there says that the reader has destroyed the response.
      if (response.socket.destroyed) this.#onEnd(cutShort());
      else if (!this.#over) {
        this.#over = true;
        leg.release();
      }
    });
    const peek = leg.peekAt(response.statusCode ?? 0);
    if (peek === "none" || isEventStream(response)) leg.respond(new ResponseHead(response));
    else if (isBodiless(response, method)) leg.respond(new ResponseHead(response, new Uint8Array(0), true));
    else peekBody(response, peek === "full", (body, complete) => leg.respond(new ResponseHead(response, body, complete || undefined)));
  }

  #onEnd(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#response === undefined) this.#leg.fail(error, this.#sent);
    else this.#leg.end(error);
  }
}

/** Nobody asked for one; got listens all the same, so that Node takes it for wanted, and would wait for ever. Not as ECONNRESET, which got 15 ignores after a head. */
function refuseUpgrade(this: ClientRequest, _response: IncomingMessage, socket: Duplex): void {
  socket.destroy();
  this.emit("error", Object.assign(new Error("Answered 101 to a request that asked for no upgrade."), { code: "ERR_UNASKED_UPGRADE" }));
}
