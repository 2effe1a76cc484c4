import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Leg } from "@multihome/core";
import { isBodiless, isEventStream, peekBody, ResponseHead } from "@multihome/core/node-http";
import type { LegAgents } from "@multihome/core/node-http";
import type { Attempts } from "./attempts.ts";
import { cutShort, hangUp, toError } from "./errors.ts";
import { listenToAnswer, listenToRequest } from "./exchange-listeners.ts";
import type { BodyFeed } from "./outgoing-body.ts";
import { tellProgress } from "./tell-progress.ts";

/**
 * - `opening`: no head yet
 * - `judging`: its head is here, and the pool wants to see more before it decides
 * - `held`: an answer that is kept, unread, until the other legs have spoken
 * - `won`: got has it
 * - `upgraded`: its socket belongs to whoever asked for the upgrade
 * - `over`: the leg is settled, and nothing that the request says matters any more
 */
type State = "opening" | "judging" | "held" | "won" | "upgraded" | "over";

/** What a leg's driver state is: something that can be given up. */
export interface Exchange {
  stop(reason: unknown): void;
}

/** One leg's request, and its way to one of `end`, `fail` and `release`. */
export class LegExchange implements Exchange {
  readonly leg: Leg;
  readonly request: ClientRequest;
  response: IncomingMessage | undefined;
  /** Its socket has been silent for as long as got allows. */
  idle = false;
  feed: BodyFeed | undefined;
  state: State = "opening";
  readonly #attempts: Attempts;
  readonly #view: LegAgents;
  #upgraded: Duplex | undefined;
  /** Takes back the limit on how long the pool may look at the body. */
  #judgedBefore: (() => void) | undefined;

  /** @throws what Node throws for a request that cannot be sent */
  constructor(attempts: Attempts, leg: Leg, view: LegAgents) {
    this.#attempts = attempts;
    this.leg = leg;
    this.#view = view;
    this.request = attempts.call.open(view);
    listenToRequest(this.request, this, attempts.call);
  }

  get live(): boolean {
    return this.state === "opening" || this.state === "judging";
  }

  /** A request is given a socket when its connection stands: before that nothing has left. */
  get sent(): boolean {
    return (this.request.socket as Socket | null | undefined) != null;
  }

  /** Lost, late, aborted; or the pool has ended. */
  stop(reason: unknown): void {
    const { leg, state, response } = this;
    if (state === "over") return leg.release();
    this.#finish();
    if ((state === "won" || state === "upgraded") && !this.#attempts.destroyed) {
      // Not by its caller: the pool has ended. What has arrived whole can still be read.
      if (response?.complete === true) return leg.end();
      leg.release();
      this.#attempts.fail(toError(reason));
    } else if (response === undefined) {
      leg.fail(reason, this.sent);
    } else if (response.complete && state === "won") {
      // It had arrived whole; that nobody read it to its end says nothing against the exit.
      leg.end();
    } else {
      leg.release();
    }
    this.destroy(reason);
  }

  /** Ends the request, also one that is still connecting. */
  destroy(reason?: unknown): void {
    this.#upgraded?.destroy();
    if (!this.sent) this.#view.abort(reason);
    this.request.destroy();
  }

  /** From here on it is the answer. */
  win(): void {
    this.state = "won";
  }

  #finish(): void {
    this.state = "over";
    this.#judgedBefore?.();
    this.feed?.stop();
    this.#attempts.left(this);
  }

  // What the request and its answer tell (exchange-listeners.ts).

  onSocket(socket: Socket): void {
    if (this.state !== "over") this.#attempts.gotSocket(this, socket);
  }

  onResponse(response: IncomingMessage): void {
    this.response = response;
    listenToAnswer(response, this);
    if (this.state !== "opening") return;
    this.idle = false;
    const { leg } = this;
    const peek = leg.peekAt(response.statusCode ?? 0);
    if (peek === "none" || isEventStream(response)) return this.#judge(new ResponseHead(response));
    if (isBodiless(response, this.#attempts.call.method)) return this.#judge(new ResponseHead(response, new Uint8Array(0), true));
    this.state = "judging";
    const letGo = peekBody(response, peek === "full", (body, complete) => {
      if (this.#isJudging()) this.#judge(new ResponseHead(response, body, complete || undefined));
    });
    this.#limitJudging(response, letGo);
  }

  /** got's timeout for the body begins when got is given the head: what the pool waits for before that may take as long. */
  #limitJudging(response: IncomingMessage, letGo: () => void): void {
    const { readTimeoutMs } = this.#attempts.wishes;
    if (readTimeoutMs === undefined) return;
    const { clock } = this.#attempts.outlet.pool.adapterHost;
    const timer = clock.setTimeout(() => {
      letGo();
      if (this.#isJudging()) this.#judge(new ResponseHead(response));
    }, readTimeoutMs);
    this.#judgedBefore = () => clock.clearTimeout(timer);
  }

  /** Nothing has been decided yet. */
  #isJudging(): boolean {
    return this.state === "judging";
  }

  #judge(head: ResponseHead): void {
    const { leg } = this;
    this.#judgedBefore?.();
    const response = this.response as IncomingMessage;
    const decision = leg.respond(head);
    // Within `respond` the pool may have ended the whole request.
    if (this.state === "over") return;
    switch (decision) {
      case "deliver":
        tellProgress(response, leg);
        return this.#attempts.deliver(leg);
      case "hold":
        this.state = "held";
        return this.#attempts.checkIdle();
      case "drop":
        this.#finish();
        leg.end();
        this.#drain(response);
        return this.#attempts.suspend();
      default:
        throw new TypeError(`Unknown decision ${String(decision satisfies never)}.`);
    }
  }

  /** A refusal is mostly a few bytes in the packet of its head: read to its end, its connection can be used again. Nobody waits for more. */
  #drain(response: IncomingMessage): void {
    response.resume();
    setImmediate(() => {
      if (!response.complete) this.request.destroy();
    });
  }

  onEnd(): void {
    if (this.state !== "won") return;
    this.#finish();
    this.leg.end();
    this.#attempts.ended(this);
  }

  onAborted(response: IncomingMessage): void {
    const { leg, state } = this;
    if (state === "judging") {
      this.#finish();
      leg.fail(cutShort(), true);
      this.#attempts.suspend();
    } else if (state === "held" || (state === "won" && response.socket.destroyed)) {
      this.#finish();
      leg.end(cutShort());
    } else if (state === "won") {
      // The socket is still there: it is the reader who destroyed the response.
      this.#finish();
      leg.release();
    }
  }

  onError(error: Error): void {
    const { leg, state } = this;
    switch (state) {
      case "opening":
      case "judging":
        this.#finish();
        leg.fail(error, this.sent);
        return this.#attempts.suspend();
      case "held":
        this.#finish();
        return leg.end(error);
      case "won":
      case "upgraded":
        this.#finish();
        leg.end(error);
        return this.#attempts.fail(error);
      case "over":
        return undefined;
      default:
        throw new TypeError(`Unknown state ${String(state satisfies never)}.`);
    }
  }

  onClose(): void {
    if (this.live) this.onError(hangUp());
    // A response that is whole and not yet read to its end outlives its request.
    else this.#attempts.closed(this);
  }

  onTimeout(): void {
    if (this.state === "over") return;
    this.idle = true;
    this.#attempts.checkIdle();
  }

  /** 1xx. With several legs nobody knows yet whose are the answer's. */
  pass(event: "information" | "continue", info?: unknown): void {
    this.idle = false;
    if (this.state === "opening") this.#attempts.pass(event, info);
  }

  onUpgrade(event: "upgrade" | "connect", response: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.state !== "opening") return void socket.destroy();
    this.response = response;
    if (this.leg.respond(new ResponseHead(response)) !== "deliver") {
      this.#finish();
      this.leg.end();
      socket.destroy();
      return this.#attempts.suspend();
    }
    this.state = "upgraded";
    this.#upgraded = socket;
    socket.once("close", () => {
      if (this.state !== "upgraded") return;
      this.#finish();
      this.leg.end();
    });
    this.#attempts.upgraded(this, event, response, socket, head);
  }
}
