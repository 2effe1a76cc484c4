import type { Leg, ResponseInfo } from "@multihome/core";
import type { GateOptions, LegAgents } from "@multihome/core/node-http";
import type { AxiosResponse, InternalAxiosRequestConfig } from "axios";
import type { ClientRequest, IncomingMessage } from "node:http";
import { isUntouched } from "./body.ts";
import { causeOf, cutError, isOwnDoing, isRedirectError, restoreConfig } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { HandSignal } from "./hand-signal.ts";
import { Head, headOf, takeResponse, wasCut } from "./head.ts";
import { Hop, hopRequest } from "./hop.ts";
import { isOrigin } from "./origin.ts";
import { isEventStream, Peek, watchBody } from "./peek.ts";
import { dropSecrets } from "./redirect-secrets.ts";
import { followStream, isReadable } from "./stream.ts";

/**
 * - `sending`: no answer yet.
 * - `peeking`: its head is here, and something of its body has to be seen.
 * - `held`: it waits, unread, in case that nothing better comes.
 * - `delivered`: axios reads it.
 * - `over`: nothing more is to be done with it.
 */
type Phase = "sending" | "peeking" | "held" | "delivered" | "over";

/** One leg: one call of axios's own adapter, which sees nothing but the agents of the leg's exit. */
export class Attempt {
  readonly exchange: Exchange;
  readonly leg: Leg;
  readonly #signal = new HandSignal();
  readonly #agents: LegAgents;
  #phase: Phase = "sending";
  /** Where the newest request goes. */
  #to: GateOptions | undefined;
  #hop: Hop | undefined;
  /** The answer of a request that has been, or is about to be, redirected. */
  #redirect: ResponseInfo | undefined;
  #response: IncomingMessage | undefined;
  #pass: (() => void) | undefined;
  #peek: Peek | undefined;
  /** The whole answer, of a client that could not be looked into. */
  #unseen: AxiosResponse | undefined;

  constructor(exchange: Exchange, leg: Leg) {
    this.exchange = exchange;
    this.leg = leg;
    const tls: object | undefined = exchange.config.httpsAgent?.options;
    this.#agents = exchange.context.agents.view(leg.exit, tls === undefined ? undefined : { tls });
    this.#agents.gate = (to, proceed) => this.#admit(to, proceed);
  }

  /** The newest of its requests, for errors. */
  get request(): ClientRequest | undefined {
    return this.#agents.requests.at(-1);
  }

  begin(headers: InternalAxiosRequestConfig["headers"]): void {
    const { config, context } = this.exchange;
    const inner: InternalAxiosRequestConfig = {
      ...config,
      headers,
      httpAgent: this.#agents.http,
      httpsAgent: this.#agents.https,
      // Else a proxy of the environment would win over the agents.
      proxy: false,
      signal: this.#signal,
      cancelToken: undefined,
      // Both are the whole request's, not one attempt's.
      timeout: 0,
      validateStatus: null,
    };
    if (config.maxRedirects !== 0) inner.beforeRedirect = (...details) => this.#beforeRedirect(...details);
    let sending: Promise<AxiosResponse>;
    try {
      sending = context.send(inner);
    } catch (error) {
      sending = Promise.reject(error as Error);
    }
    sending.then(
      (response) => this.#resolved(response),
      (error: unknown) => this.#rejected(error),
    );
  }

  /** Given up. Its connection is ended, or taken back before it stands; a stream that the caller has gets an error. */
  stop(reason: unknown): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    const unsent = !this.#wasSent();
    const error = reason instanceof Error ? reason : new this.exchange.context.axios.CanceledError(undefined, this.exchange.config);
    this.#agents.abort(error);
    try {
      this.#signal.abort(error);
    } catch {
      // A listener of the stream's reader threw; axios ignores that, too.
    }
    this.request?.destroy(error);
    const data: unknown = this.#unseen?.data;
    if (isReadable(data)) data.destroy(error);
    this.#hop?.end(undefined);
    if (unsent) this.leg.fail(error, false);
    else this.leg.release();
  }

  /** The answer is the one: axios may have it. */
  deliver(): void {
    this.#phase = "delivered";
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

  /** Every request passes here before its agent is given it: the first one at once, a redirect's when it has its lease. */
  #admit(to: GateOptions, proceed: (error?: unknown) => void): void {
    const { request, exchange } = this;
    if (request === undefined || this.#phase === "over") return proceed();
    // A transport of the user's own may do with its answers what it likes: only the end of it counts.
    if (!exchange.config.transport) takeResponse(request, (response, pass) => this.#onHead(response, pass));
    const first = this.#to === undefined && isOrigin(exchange.origin, to);
    this.#to = to;
    if (first) return proceed();
    const hop = new Hop(request, proceed);
    this.#hop = hop;
    hop.begin(exchange.context.pool, hopRequest(to, request, exchange.request, this.leg));
  }

  #beforeRedirect(options: Record<string, unknown>, ...details: unknown[]): void {
    const to = { protocol: String(options.protocol), host: String(options.hostname), port: Number(options.port) || (options.protocol === "https:" ? 443 : 80) };
    const from = this.#to;
    if (from === undefined || from.protocol !== to.protocol || from.host !== to.host || from.port !== to.port) dropSecrets((options.headers ?? {}) as Record<string, unknown>);
    const { beforeRedirect } = this.exchange.config;
    if (beforeRedirect) Reflect.apply(beforeRedirect, undefined, [options, ...details]);
  }

  #onHead(response: IncomingMessage, pass: () => void): void {
    if (this.#phase !== "sending") return void response.destroy();
    const head = new Head(response);
    this.#hop?.respond(head);
    if (this.#willFollow(response)) {
      this.#redirect = head;
      this.#hop?.end(undefined);
      this.#hop = undefined;
      return pass();
    }
    this.#response = response;
    this.#pass = pass;
    response.once("close", () => this.#onClose(response));
    const { peek } = this.leg;
    if (peek !== "none" && !isEventStream(response)) {
      this.#phase = "peeking";
      this.#peek = new Peek(peek);
    }
    watchBody(response, (chunk) => this.#onPiece(response, chunk));
    if (this.#phase === "sending") this.#judge(head);
  }

  #willFollow(response: IncomingMessage): boolean {
    const { statusCode = 0, headers } = response;
    return statusCode >= 300 && statusCode < 400 && !!headers.location && this.exchange.config.maxRedirects !== 0;
  }

  #onPiece(response: IncomingMessage, chunk: Uint8Array | null): boolean {
    this.leg.progress();
    this.#hop?.progress();
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
    this.#hop?.end(undefined);
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
    if (exchange.config.transport && this.#agents.requests.length === 0) {
      const data: unknown = response.data;
      if (isReadable(data)) data.destroy();
      return exchange.refuse("`transport` did not send by the agent that it was given (`options.agent`), so its request did not leave by the exit that was leased for it. Use a transport that does, or { adapter: \"http\" }.");
    }
    this.#unseen = response;
    this.#judge(headOf(response));
  }

  #hand(response: AxiosResponse): void {
    const { exchange, leg } = this;
    const data: unknown = response.data;
    if (!isReadable(data)) {
      this.#phase = "over";
      this.#hop?.end(undefined);
      leg.end();
      exchange.answer(response, true);
      return;
    }
    followStream(data, this.#response, (cut) => {
      if (this.#phase === "over") return;
      this.#phase = "over";
      this.#hop?.end(cut);
      leg.end(cut);
      exchange.ended();
    });
    data.on("error", (error: unknown) => restoreConfig(error, exchange.config));
    exchange.answer(response, false);
  }

  #rejected(error: unknown): void {
    if (this.#phase === "over") return;
    const { exchange, leg } = this;
    const { axios } = exchange.context;
    restoreConfig(error, exchange.config);
    const cause = causeOf(error);
    if (this.#phase === "sending" && this.#redirect !== undefined && isRedirectError(cause)) return this.#failAnswered(this.#redirect, error);
    if (this.#phase === "delivered") {
      this.#phase = "over";
      const cut = this.#response === undefined ? undefined : wasCut(this.#response);
      this.#hop?.end(cut);
      leg.end(cut);
      return exchange.fail(error);
    }
    // Without a request it was never about the network: a header that cannot be sent, a body that is too large.
    if (this.#agents.requests.length === 0 || isOwnDoing(axios, error)) return exchange.cancel(error);
    if (this.#phase === "peeking" && this.#response !== undefined) return this.#judgeCut(this.#response, cause as Error);
    const held = this.#phase === "held";
    this.#phase = "over";
    if (held) return leg.end(cause);
    exchange.failed(cause, error);
    leg.fail(cause, this.#wasSent() || !isUntouched(exchange.config.data));
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

  #wasSent(): boolean {
    return this.#agents.sent;
  }

  /** The core may stop an attempt from within whatever it is told. */
  #isOver(): boolean {
    return this.#phase === "over";
  }
}
