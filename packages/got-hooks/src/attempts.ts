import { AsyncResource } from "node:async_hooks";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Dispatch, Driver, ExitPool, Hints, Leg } from "@multihome/core";
import type { ExitAgents, LegAgents } from "@multihome/core/node-http";
import { DirectExchange } from "./direct-exchange.ts";
import { GIVEN_UP, toError } from "./errors.ts";
import { LegExchange } from "./leg-exchange.ts";
import type { Exchange } from "./leg-exchange.ts";
import { OutgoingBody } from "./outgoing-body.ts";
import type { BodyChunk, WriteCallback } from "./outgoing-body.ts";
import type { RequestCall } from "./request-call.ts";
import type { RequestFacade } from "./request-facade.ts";
import { requestInfoOf } from "./request-info.ts";

/** Where attempts come from. */
export interface Outlet {
  readonly pool: ExitPool;
  readonly agents: ExitAgents;
}

/** What is known of one request beside the call itself. */
export interface Wishes {
  readonly hints: Hints | undefined;
  /** What got allows for look-up, connection and TLS together, in milliseconds. */
  readonly connectTimeoutMs: number | undefined;
  /** What got allows for an answer's body, from its head on, in milliseconds. */
  readonly readTimeoutMs: number | undefined;
  /** Where got has it whole. */
  readonly body: BodyChunk | undefined;
}

/** All attempts of one request of got's: the pool's driver on one side, the facade's works on the other. */
export class Attempts implements Driver {
  readonly call: RequestCall;
  /** Node's own request, where it is the only attempt that there can be: got is given this instead of a facade. */
  direct: ClientRequest | undefined;
  readonly outlet: Outlet;
  readonly wishes: Wishes;
  #facade: RequestFacade | undefined;
  #dispatch: Dispatch | undefined;
  #body: OutgoingBody | undefined;
  #bodyEnded = false;
  #idleMs = 0;
  /** Exchanges that are not over, the winner included. */
  readonly #running: LegExchange[] = [];
  #winner: LegExchange | undefined;
  /** Why the request ended before there was a facade to tell. */
  #failure: Error | undefined;
  /** Of whoever called got: the next leg may be started by another request's end. */
  #scope: AsyncResource | undefined;

  constructor(outlet: Outlet, call: RequestCall, wishes: Wishes) {
    this.outlet = outlet;
    this.call = call;
    this.wishes = wishes;
  }

  /** Has got, or have we, ended the request? */
  get destroyed(): boolean {
    return this.#facade === undefined ? this.#failure !== undefined : this.#facade.destroyed;
  }

  /** Asks the pool. A leg may be started before it returns. */
  begin(): void {
    const { call } = this;
    const { pool } = this.outlet;
    const { hints } = this.wishes;
    try {
      this.#dispatch = pool.drive(requestInfoOf(call, this.wishes.body, () => this.#replayable()), this, hints === undefined ? undefined : { hints });
    } catch (error) {
      return this.fail(toError(error));
    }
    if (this.#failure !== undefined) this.#dispatch.abort(this.#failure);
    else if (this.direct === undefined) this.suspend();
  }

  attach(facade: RequestFacade): void {
    this.#facade = facade;
    if (this.#failure !== undefined) facade.destroy(this.#failure);
  }

  // The facade's works.

  write(chunk: BodyChunk, encoding: BufferEncoding | undefined, callback: WriteCallback | undefined): boolean {
    let body = this.#body;
    if (body === undefined) {
      this.#body = body = new OutgoingBody(() => this.#facade?.emit("drain"));
      for (const exchange of this.#running) this.#feed(exchange);
    }
    return body.write(chunk, encoding, callback);
  }

  end(): void {
    this.#bodyEnded = true;
    if (this.#body === undefined) for (const exchange of this.#running) this.#finishHead(exchange);
    else this.#body.end();
  }

  get openBytes(): number {
    return this.#body?.openBytes ?? 0;
  }

  get needDrain(): boolean {
    return this.#body?.needDrain ?? false;
  }

  /** Got lets go. */
  abandon(reason: Error | undefined): void {
    this.#dispatch?.abort(reason ?? GIVEN_UP);
    // A kept-alive connection is no longer the request's: Node's own destroy knows.
    this.#winner?.request.destroy();
  }

  /** Nobody will take what is still to be written. */
  failWrites(error: Error | undefined): void {
    this.#body?.fail(error ?? GIVEN_UP);
  }

  setIdleTimeout(ms: number): void {
    this.#idleMs = ms;
    for (const exchange of this.#running) exchange.request.setTimeout(ms);
  }

  /** Those of the attempts that are under way. */
  requests(): ClientRequest[] {
    return this.#running.map((exchange) => exchange.request);
  }

  // Driver.

  start(leg: Leg): void {
    if (this.#scope === undefined) this.#open(leg);
    else this.#scope.runInAsyncScope(this.#open, this, leg);
  }

  stop(leg: Leg, reason: unknown): void {
    const exchange = leg.driverState as Exchange | undefined;
    if (exchange === undefined) leg.fail(reason, false);
    else exchange.stop(reason);
  }

  deliver(leg: Leg): void {
    const exchange = leg.driverState as LegExchange;
    exchange.win();
    this.#winner = exchange;
    this.#body?.settle();
    this.#facade?.respond(exchange.request, exchange.response as IncomingMessage);
  }

  reject(error: unknown): void {
    const reason = toError(error);
    if (this.#scope === undefined) this.fail(reason);
    else this.#scope.runInAsyncScope(this.fail, this, reason);
  }

  // What exchanges tell.

  /** No answer, or no whole one: got is told. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#facade?.destroy(error);
  }

  left(exchange: LegExchange): void {
    const index = this.#running.indexOf(exchange);
    if (index >= 0) this.#running.splice(index, 1);
  }

  /** While nothing runs: whoever starts the next leg may be in the middle of another request. */
  suspend(): void {
    if (this.#running.length > 0 || this.#scope !== undefined || this.#winner !== undefined || this.destroyed) {
      if (this.#running.length > 0) this.checkIdle();
      return;
    }
    this.#scope = new AsyncResource("MULTIHOME_GOT_REQUEST", { requireManualDestroy: true });
  }

  gotSocket(exchange: LegExchange, socket: Socket): void {
    this.#facade?.gotSocket(socket, exchange.request.reusedSocket);
  }

  pass(event: "information" | "continue", info: unknown): void {
    if (this.#dispatch?.width === 1) this.#facade?.emit(event, info);
  }

  upgraded(exchange: LegExchange, event: "upgrade" | "connect", response: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#winner = exchange;
    this.#facade?.upgrade(event, response, socket, head);
  }

  /** got is told only when every leg that may still bring the answer is silent. */
  checkIdle(): void {
    if (this.#running.length === 0) return;
    for (const exchange of this.#running) if (!exchange.idle && exchange.state !== "held") return;
    this.#facade?.emit("timeout");
  }

  /** The answer was read to its end. */
  ended(exchange: LegExchange): void {
    if (this.#facade !== undefined && exchange.request.destroyed) this.#facade.destroyed = true;
  }

  closed(exchange: LegExchange): void {
    if (exchange === this.#winner) this.#facade?.close();
  }

  #open(leg: Leg): void {
    const view = this.outlet.agents.view(leg.exit, { connectTimeoutMs: this.wishes.connectTimeoutMs });
    let exchange;
    try {
      if (this.#mayHandBack(leg)) return this.#openDirect(leg, view);
      exchange = new LegExchange(this, leg, view);
    } catch (error) {
      // The request itself is at fault, not an exit: another attempt would end the same way.
      return this.fail(toError(error));
    }
    leg.driverState = exchange;
    this.#running.push(exchange);
    if (this.#idleMs > 0) exchange.request.setTimeout(this.#idleMs);
    if (this.#body !== undefined) this.#feed(exchange);
    else if (this.#bodyEnded) this.#finishHead(exchange);
  }

  /** Only while got still waits for its request function to return. An upgrade's socket outlives its request, and is left to the facade. */
  #mayHandBack(leg: Leg): boolean {
    return leg.sole && this.#dispatch === undefined && this.call.header("upgrade") === undefined && this.call.method !== "CONNECT";
  }

  #openDirect(leg: Leg, view: LegAgents): void {
    const exchange = new DirectExchange(this.call, leg, view, (reason) => this.#dispatch?.abort(reason));
    leg.driverState = exchange;
    this.direct = exchange.request;
  }

  #feed(exchange: LegExchange): void {
    exchange.feed = this.#body?.feedTo(exchange.request, () => this.#finished(exchange));
  }

  #finishHead(exchange: LegExchange): void {
    exchange.request.end(() => this.#finished(exchange));
  }

  #finished(exchange: LegExchange): void {
    if (exchange.state !== "over") this.#facade?.finish();
  }

  /** Not before the pool has decided how many legs there are: a body that is still to come goes to one. */
  #replayable(): boolean {
    return this.#dispatch !== undefined && (this.#body === undefined || this.#body.replayable);
  }
}
