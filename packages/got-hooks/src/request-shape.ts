import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Stream } from "node:stream";
import type { RequestCall } from "./request-call.ts";
import { allHeaders, changeHeader, headerOf, rawHeaderNames } from "./request-headers.ts";
import { HIGH_WATER_MARK } from "./outgoing-body.ts";

/** What the shape is filled from: the attempts behind it. */
export interface Works {
  readonly call: RequestCall;
  /** Bytes written that have not left yet. */
  readonly openBytes: number;
  readonly needDrain: boolean;
  /** Those of the attempts that are under way. */
  requests(): ClientRequest[];
}

/**
 * Fields and lesser methods of `http.ClientRequest`, for the requests of all attempts at once.
 *
 * Plain fields instead of private ones: one is made for each request.
 */
export abstract class RequestShape<W extends Works> extends Stream {
  readonly method: string;
  readonly protocol: string;
  readonly host: string;
  readonly path: string;
  readonly socketPath: undefined = undefined;
  socket: Socket | null = null;
  res: IncomingMessage | null = null;
  reusedSocket = false;
  readonly shouldKeepAlive: boolean = true;
  timeout: number | undefined = undefined;
  aborted = false;
  readonly writable: boolean = true;
  writableEnded = false;
  writableFinished = false;
  destroyed = false;
  closed = false;
  errored: Error | null = null;
  protected readonly works: W;

  constructor(works: W) {
    super();
    const { call } = works;
    this.works = works;
    this.method = call.method;
    this.protocol = call.secure ? "https:" : "http:";
    this.host = call.hostname;
    this.path = call.path;
  }

  get connection(): Socket | null {
    return this.socket;
  }

  get finished(): boolean {
    return this.writableEnded;
  }

  get headersSent(): boolean {
    return this.res !== null || this.works.requests().some((request) => request.headersSent);
  }

  get writableLength(): number {
    return this.works.openBytes;
  }

  get writableHighWaterMark(): number {
    return HIGH_WATER_MARK;
  }

  get writableNeedDrain(): boolean {
    return !this.destroyed && this.works.needDrain;
  }

  get writableObjectMode(): boolean {
    return false;
  }

  setNoDelay(noDelay = true): void {
    for (const request of this.works.requests()) request.setNoDelay(noDelay);
  }

  setSocketKeepAlive(enable = false, initialDelay = 0): void {
    for (const request of this.works.requests()) request.setSocketKeepAlive(enable, initialDelay);
  }

  flushHeaders(): void {
    for (const request of this.works.requests()) request.flushHeaders();
  }

  cork(): void {}

  uncork(): void {}

  getHeader(name: string): unknown {
    return headerOf(this.works.call.options, name);
  }

  getHeaders(): Record<string, unknown> {
    return allHeaders(this.works.call.options);
  }

  getHeaderNames(): string[] {
    return Object.keys(this.getHeaders());
  }

  getRawHeaderNames(): string[] {
    return rawHeaderNames(this.works.call.options);
  }

  hasHeader(name: string): boolean {
    return this.getHeader(name) !== undefined;
  }

  /** @throws Error `ERR_HTTP_HEADERS_SENT` where an attempt has sent its head */
  setHeader(name: string, value: number | string | readonly string[]): this {
    this.#changeHeader(name, value);
    for (const request of this.works.requests()) request.setHeader(name, value);
    return this;
  }

  /** @throws Error `ERR_HTTP_HEADERS_SENT` where an attempt has sent its head */
  removeHeader(name: string): void {
    this.#changeHeader(name, undefined);
    for (const request of this.works.requests()) request.removeHeader(name);
  }

  #changeHeader(name: string, value: unknown): void {
    if (this.headersSent) throw Object.assign(new Error(`Cannot change the header "${name}" after the headers have been sent.`), { code: "ERR_HTTP_HEADERS_SENT" });
    changeHeader(this.works.call.options, name, value);
  }
}
