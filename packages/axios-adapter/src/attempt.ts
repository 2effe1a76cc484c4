import { isMultihomeError, MultihomeError } from "@multihome/core";
import type { Leg, ResponseInfo } from "@multihome/core";
import { isEventStream } from "@multihome/core/node-http";
import type { AxiosResponse, InternalAxiosRequestConfig } from "axios";
import type { ClientRequest, IncomingMessage } from "node:http";
import { holdBody, isUntouched } from "./body.ts";
import type { HeldBody } from "./body.ts";
import { causeOf, cutError, hangUp, isConnectionError, isOwnDoing, isRedirectError, restoreConfig, toAxiosError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { HandSignal } from "./hand-signal.ts";
import { Head, headOf, wasCut } from "./head.ts";
import { Hops } from "./hops.ts";
import type { HopsOwner } from "./hops.ts";
import { innerConfig } from "./inner-config.ts";
import { Peek, watchBody } from "./peek.ts";
import { followStream, isReadable, watchIdle } from "./stream.ts";

/**
 * - `sending`: no answer yet.
 * - `peeking`: its head is here, and something of its body has to be seen.
 * - `held`: it waits, unread, in case that nothing better comes.
 * - `delivered`: axios reads it.
 * - `over`: nothing more is to be done with it.
 */
type Phase = "sending" | "peeking" | "held" | "delivered" | "over";

const BYPASSED =
  '`transport` did not send by the agent that it was given (`options.agent`), so its request did not leave by the exit that was leased for it. Use a transport that does, or axios\'s own adapter: { adapter: "http" }.';

/** One leg: one call of axios's own adapter, which sees nothing but the agents of the leg's exit. */
export class Attempt implements HopsOwner {
  readonly exchange: Exchange;
  readonly leg: Leg;
  readonly #signal = new HandSignal();
  readonly #hops: Hops;
  #phase: Phase = "sending";
  #response: IncomingMessage | undefined;
  #pass: (() => void) | undefined;
  #peek: Peek | undefined;
  /** The whole answer, of a client that could not be looked into. */
  #unseen: AxiosResponse | undefined;

  constructor(exchange: Exchange, leg: Leg) {
    this.exchange = exchange;
    this.leg = leg;
    this.#hops = new Hops(this, exchange, leg);
  }

  /** The newest of its requests, for errors. */
  get request(): ClientRequest | undefined {
    return this.#hops.request;
  }

  begin(headers: InternalAxiosRequestConfig["headers"]): void {
    const { config, context } = this.exchange;
    const inner = innerConfig(config, headers, this.#hops, this.#signal);
    // A transport of the user's own may send in a way that nobody here sees begin.
    const held = config.transport ? undefined : holdBody(config.data);
    if (held !== undefined) inner.data = held.body;
    let sending: Promise<AxiosResponse>;
    try {
      sending = context.send(inner);
    } catch (error) {
      sending = Promise.reject(error);
    }
    if (held !== undefined) this.#beginWhenConnected(held);
    sending.then(
      (response) => this.#resolved(response),
      (error: unknown) => this.#rejected(error),
    );
  }

  #beginWhenConnected({ begin }: HeldBody): void {
    // No request has reached our agents: a mock took it, and will wait for the body.
    if (this.request === undefined) begin();
    else this.request.once("socket", begin);
  }

  /** Given up. Its connection is ended, or taken back before it stands; a stream that the caller has gets an error. */
  stop(reason: unknown): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    const unsent = !this.#hops.agents.sent;
    const error = reason instanceof Error ? reason : new this.exchange.context.axios.CanceledError(undefined, this.exchange.config);
    this.#hops.agents.abort(error);
    try {
      this.#signal.abort(error);
    } catch {
      // A listener of the stream's reader threw; axios ignores that, too.
    }
    this.request?.destroy(error);
    const data: unknown = this.#unseen?.data;
    if (isReadable(data)) data.destroy(error);
    this.#hops.end(undefined);
    if (unsent) this.leg.fail(error, false);
    else this.leg.release();
  }

  /** The answer is the one: axios may have it. */
  deliver(): void {
    this.#phase = "delivered";
    this.exchange.won(this);
    this.#peek = undefined;
    if (this.#unseen !== undefined) return this.#hand(this.#unseen);
    const { request } = this;
    // A connection that the server has closed after a whole answer leaves this mark, and axios would not look at the answer.
    const closed = request?.destroyed === true && this.#response?.complete === true;
    if (closed) request.destroyed = false;
    try {
      this.#pass?.();
    } catch (error) {
      this.#rejected(error);
    } finally {
      if (closed) request.destroyed = true;
    }
  }

  onHead(head: Head, response: IncomingMessage, pass: () => void): void {
    if (this.#phase !== "sending") return void response.destroy();
    this.#response = response;
    this.#pass = pass;
    response.once("close", () => this.#onClose(response));
    const peek = this.leg.peekAt(response.statusCode ?? 0);
    if (peek !== "none" && !isEventStream(response)) {
      this.#phase = "peeking";
      this.#peek = new Peek(peek);
    }
    watchBody(response, (chunk) => this.#onPiece(response, chunk));
    if (this.#phase === "sending") this.#judge(head);
  }

  /** Without an answer or an error, Node tells nobody: a switch of protocols that was not asked for ends like that. */
  onRequestClose(request: ClientRequest): void {
    if (this.#phase !== "sending") return;
    setImmediate(() => {
      if (this.#phase === "sending" && request === this.request) this.#rejected(toAxiosError(this.exchange.context.axios, hangUp(), this.exchange.config, request));
    });
  }

  #onPiece(response: IncomingMessage, chunk: Uint8Array | null): boolean {
    this.leg.progress();
    this.#hops.progress();
    const peek = this.#peek;
    if (peek === undefined || this.#phase !== "peeking") return false;
    if (peek.add(chunk)) this.#judge(new Head(response, peek.body, chunk === null ? true : undefined));
    return this.#phase === "peeking";
  }

  #judge(head: ResponseInfo): void {
    const decision = this.leg.respond(head);
    if (this.#isOver()) return;
    switch (decision) {
      case "deliver":
        return this.deliver();
      case "hold":
        this.#phase = "held";
        return;
      case "drop":
        return this.#drop();
      default:
        throw new TypeError(`Unknown decision ${String(decision satisfies never)}.`);
    }
  }

  #drop(): void {
    this.#phase = "over";
    this.#hops.end(undefined);
    this.leg.end();
    this.request?.destroy();
    const data: unknown = this.#unseen?.data;
    if (isReadable(data)) data.destroy();
  }

  /** The body is over: read, given up, or cut by the connection. */
  #onClose(response: IncomingMessage): void {
    const cut = wasCut(response);
    if (cut === undefined) return;
    switch (this.#phase) {
      case "peeking":
        return this.#judgeCut(response, cut);
      case "held":
        this.#phase = "over";
        return this.leg.end(cut);
      case "delivered":
        // axios says so itself, save for some old versions that never do.
        return void setImmediate(() => this.#rejected(this.#cutError()));
      default:
        return undefined;
    }
  }

  /** Cut before enough of it was seen. It has a verdict, but nothing of it is worth handing over. */
  #judgeCut(response: IncomingMessage, cut: Error): void {
    const decision = this.leg.respond(new Head(response, this.#peek?.body, false));
    if (this.#isOver()) return;
    this.#phase = "over";
    this.leg.end(cut);
    if (decision === "deliver") this.exchange.fail(this.#cutError());
  }

  #resolved(response: AxiosResponse): void {
    const { exchange } = this;
    if (this.#phase === "over") {
      const data: unknown = response.data;
      if (isReadable(data)) data.destroy();
      return;
    }
    if (this.#phase === "delivered") return this.#hand(response);
    if (exchange.config.transport && this.#hops.agents.requests.length === 0) {
      const data: unknown = response.data;
      if (isReadable(data)) data.destroy();
      return exchange.refuse(new MultihomeError("MH_ERR_CONFIG", BYPASSED));
    }
    this.#unseen = response;
    this.#judge(headOf(response));
  }

  #hand(response: AxiosResponse): void {
    const { exchange, leg } = this;
    const data: unknown = response.data;
    if (!isReadable(data)) {
      this.#phase = "over";
      this.#hops.end(undefined);
      leg.end();
      exchange.answer(response, true);
      return;
    }
    followStream(data, this.#response, (cut) => {
      if (this.#phase === "over") return;
      this.#phase = "over";
      this.#hops.end(cut);
      leg.end(cut);
      exchange.ended();
    });
    // What follow-redirects makes of a timeout once there is an answer: so long without a byte.
    if (exchange.timeoutMs > 0 && this.#response !== undefined) watchIdle(this.#response, exchange.timeoutMs, () => exchange.timeOut());
    data.on("error", (error: unknown) => restoreConfig(error, exchange.config));
    exchange.answer(response, false);
  }

  #rejected(error: unknown): void {
    if (this.#phase === "over") return;
    const { exchange, leg } = this;
    const { axios } = exchange.context;
    restoreConfig(error, exchange.config);
    const cause = causeOf(error);
    if (this.#phase === "sending" && this.#hops.redirect !== undefined && isRedirectError(cause)) return this.#failAnswered(this.#hops.redirect, error);
    if (this.#phase === "delivered") {
      this.#phase = "over";
      // A reset is told to the request before it is told to the answer.
      const cut = (this.#response === undefined ? undefined : wasCut(this.#response)) ?? (isConnectionError(cause) ? (cause as Error) : undefined);
      this.#hops.end(cut);
      leg.end(cut);
      return exchange.fail(error);
    }
    // Without a request it was never about the network: a header that cannot be sent, a body that is too large.
    if (this.#hops.agents.requests.length === 0 || isOwnDoing(axios, error)) return isMultihomeError(cause) ? exchange.refuse(cause) : exchange.cancel(error);
    if (this.#phase === "peeking" && this.#response !== undefined) return this.#judgeCut(this.#response, cause as Error);
    const held = this.#phase === "held";
    this.#phase = "over";
    if (held) return leg.end(cause);
    exchange.failed(cause, error);
    leg.fail(cause, this.#hops.agents.sent || !isUntouched(exchange.config.data));
  }

  /** It was answered, by a redirect that cannot be followed: the way there is not to blame. */
  #failAnswered(head: ResponseInfo, error: unknown): void {
    const decision = this.leg.respond(head);
    if (this.#isOver()) return;
    this.#phase = "over";
    this.leg.end();
    if (decision === "deliver") this.exchange.fail(error);
  }

  #cutError(): unknown {
    const { context, config } = this.exchange;
    return cutError(context.axios, config, this.request);
  }

  /** The core may stop an attempt from within whatever it is told. */
  #isOver(): boolean {
    return this.#phase === "over";
  }
}
