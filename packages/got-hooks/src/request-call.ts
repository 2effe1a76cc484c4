import http from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import https from "node:https";
import tls from "node:tls";
import type { LegAgents } from "@multihome/core/node-http";

/** What got hands to its request function, as far as it is looked at here. */
export interface NativeOptions extends https.RequestOptions {
  /** Of an HTTP/2 session that the user has opened. */
  h2session?: unknown;
}

export type ResponseListener = (response: IncomingMessage) => void;

/**
 * What one call of got's request function asks for. got calls it with a URL and options; its cache (`cacheable-request`)
 * with options alone, which say everything.
 */
export class RequestCall {
  readonly url: URL | undefined;
  readonly options: NativeOptions;
  readonly callback: ResponseListener | undefined;
  readonly secure: boolean;
  readonly method: string;
  /** With the port, unless it is the scheme's own. */
  readonly host: string;
  readonly path: string;

  constructor(first: URL | NativeOptions, second?: NativeOptions | ResponseListener, third?: ResponseListener) {
    if (first instanceof URL) {
      this.url = first;
      this.options = (second ?? {}) as NativeOptions;
      this.callback = third;
      this.secure = first.protocol === "https:";
      this.host = first.host;
      this.path = first.pathname + first.search;
    } else {
      this.url = undefined;
      this.options = first;
      this.callback = typeof second === "function" ? second : third;
      this.secure = first.protocol === "https:";
      this.host = withPort(this.hostname, first.port, this.secure ? 443 : 80);
      this.path = first.path ?? "/";
    }
    this.method = (this.options.method ?? "GET").toUpperCase();
  }

  /** Name or address, without the port. */
  get hostname(): string {
    return this.url?.hostname ?? bracketed(this.options.hostname ?? this.options.host ?? "localhost");
  }

  get href(): string | URL {
    return this.url ?? `${this.secure ? "https:" : "http:"}//${this.host}${this.path}`;
  }

  /** May bytes follow the head? Read off the head, because got writes them later. */
  get mayHaveBody(): boolean {
    const { headers } = this.options as { headers?: Record<string, unknown> };
    if (headers !== undefined && (Number(headers["content-length"]) > 0 || headers["transfer-encoding"] !== undefined)) return true;
    return !BODILESS.has(this.method);
  }

  header(name: string): unknown {
    return (this.options.headers as Record<string, unknown> | undefined)?.[name];
  }

  /**
   * Node's own request, through the agents of a leg. The options are written to: they were made for this one call, Node
   * copies them, and copying forty of them once more costs two microseconds.
   *
   * @throws what Node throws for headers and paths that cannot be sent
   */
  open(agents: LegAgents): ClientRequest {
    const { options, url } = this;
    if (!this.secure) {
      options.agent = agents.http;
      return url === undefined ? http.request(options) : http.request(url, options);
    }
    options.agent = agents.https;
    // Always given by got, also where it is Node's own. Only without one may a TLS session be resumed, which skips that check.
    if (options.checkServerIdentity === tls.checkServerIdentity) delete options.checkServerIdentity;
    return url === undefined ? https.request(options) : https.request(url, options);
  }
}

/** Methods that got sends without a body unless a header announces one. */
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT"]);

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

function withPort(host: string, port: number | string | null | undefined, own: number): string {
  return port === undefined || port === null || port === "" || Number(port) === own ? host : `${host}:${port}`;
}
