import type { Leg, ResponseInfo } from "@multihome/core";
import type { GateOptions, LegAgents } from "@multihome/core/node-http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Exchange } from "./exchange.ts";
import { Head, takeResponse } from "./head.ts";
import { Hop, hopRequest } from "./hop.ts";
import { isOrigin } from "./origin.ts";
import { dropSecrets } from "./redirect-secrets.ts";

/** Who is told what comes of the requests. */
export interface HopsOwner {
  /** The answer that no redirect follows; axios hears of it by `pass`. */
  onHead(head: Head, response: IncomingMessage, pass: () => void): void;
  /** A request has ended, however. */
  onRequestClose(request: ClientRequest): void;
}

type Place = Pick<GateOptions, "protocol" | "host" | "port">;

/** The requests of one attempt: the first, whose lease is the attempt's, and one for each redirect that axios follows. */
export class Hops {
  readonly agents: LegAgents;
  /** The head of the newest answer that was a redirect to follow. */
  redirect: ResponseInfo | undefined;
  readonly #owner: HopsOwner;
  readonly #exchange: Exchange;
  readonly #leg: Leg;
  /** Where the newest request goes. */
  #to: Place | undefined;
  /** The newest, where it is not the first. */
  #hop: Hop | undefined;

  constructor(owner: HopsOwner, exchange: Exchange, leg: Leg) {
    this.#owner = owner;
    this.#exchange = exchange;
    this.#leg = leg;
    const tls: object | undefined = exchange.config.httpsAgent?.options;
    this.agents = exchange.context.agents.view(leg.exit, tls === undefined ? undefined : { tls });
    // Bound, not an arrow function: those that a constructor makes cost V8 ten times as much in garbage collection (Node 20).
    this.agents.gate = this.admit.bind(this);
  }

  /** The newest. */
  get request(): ClientRequest | undefined {
    return this.agents.requests.at(-1);
  }

  /** To be called where axios lets its callers change a redirect's request. */
  beforeRedirect(options: Record<string, unknown>, ...details: unknown[]): void {
    const from = this.#to;
    const to: Place = { protocol: options.protocol as Place["protocol"], host: String(options.hostname), port: Number(options.port) || (options.protocol === "https:" ? 443 : 80) };
    if (from === undefined || from.protocol !== to.protocol || from.host !== to.host || from.port !== to.port) dropSecrets((options.headers ?? {}) as Record<string, unknown>);
    // Last, so that whoever trusts the other origin can put them back.
    const { beforeRedirect } = this.#exchange.config;
    if (beforeRedirect) Reflect.apply(beforeRedirect, undefined, [options, ...details]);
  }

  progress(): void {
    this.#hop?.progress();
  }

  /** Nothing more comes, to the end or (with an error) cut. */
  end(cut: Error | undefined): void {
    this.#hop?.end(cut);
  }

  /** Every request passes here before its agent is given it: the first one at once, a redirect's when it has its lease. */
  admit(to: GateOptions, proceed: (error?: unknown) => void): void {
    const request = this.request as ClientRequest;
    const exchange = this.#exchange;
    // A transport of the user's own may do with its answers what it likes: only the end of it counts.
    if (!exchange.config.transport) {
      takeResponse(request, (response, pass) => this.#onResponse(response, pass));
      request.once("close", () => this.#owner.onRequestClose(request));
    }
    const asLeased = this.#to === undefined && isOrigin(exchange.origin, to);
    this.#to = to;
    if (asLeased) return proceed();
    const hop = new Hop(request, proceed);
    this.#hop = hop;
    hop.begin(exchange.context.pool, hopRequest(to, request, exchange.request, this.#leg));
  }

  #onResponse(response: IncomingMessage, pass: () => void): void {
    const head = new Head(response);
    this.#hop?.respond(head);
    if (!this.#willFollow(response)) return this.#owner.onHead(head, response, pass);
    this.redirect = head;
    this.#hop?.end(undefined);
    this.#hop = undefined;
    pass();
  }

  /** The rule of follow-redirects. */
  #willFollow(response: IncomingMessage): boolean {
    const { statusCode = 0, headers } = response;
    return statusCode >= 300 && statusCode < 400 && !!headers.location && this.#exchange.config.maxRedirects !== 0;
  }
}
