import type { Duplex } from "node:stream";
import type { Leg } from "@multihome/core";
import type { ExitAgent, Waiting } from "./exit-agent.ts";
import type { Exchange } from "./exchange.ts";
import { LegHandler } from "./leg-handler.ts";
import { isRawList, parsedHeader, rawHeader } from "./raw-headers.ts";
import type { Controller, Handler, Headers, OldHandler, RawHeaders } from "./undici.ts";

export type LegHandlerClass = new (exchange: Exchange, leg: Leg, agent: ExitAgent, waiting: Waiting | undefined) => LegHandler;

const NONE: Headers = {};

/** What undici 8 and interceptors call. */
export class ModernLegHandler extends LegHandler implements Handler {
  private controller: Controller | undefined = undefined;
  private headers: Headers = NONE;
  private trailers: Headers = NONE;

  // Said, though it says nothing: what a class gets by itself hands its arguments on as a list, at each attempt.
  constructor(exchange: Exchange, leg: Leg, agent: ExitAgent, waiting: Waiting | undefined) {
    super(exchange, leg, agent, waiting);
  }

  onRequestStart(controller: Controller): void {
    this.began();
    this.controller = controller;
  }

  onRequestUpgrade(controller: Controller, status: number, headers: Headers, socket: Duplex): void {
    this.headers = headers;
    this.rawHeaders = controller?.rawHeaders;
    this.upgraded(status, socket);
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, statusText?: string): void {
    this.headers = headers;
    this.rawHeaders = controller?.rawHeaders;
    this.head(status, statusText);
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.data(chunk);
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    this.rawTrailers = controller?.rawTrailers;
    this.trailers = trailers;
    this.end();
  }

  onResponseError(_controller: Controller, error: unknown): void {
    this.failed(error);
  }

  onResponseStarted(): void {
    this.exchange.tellStarted();
  }

  onBodySent(chunk: unknown): void {
    this.exchange.tellBodySent(chunk);
  }

  onRequestSent(): void {
    this.exchange.tellRequestSent();
  }

  header(name: string): string | undefined {
    return parsedHeader(this.headers, name);
  }

  parsedHeaders(): Headers {
    return this.headers;
  }

  parsedTrailers(): Headers {
    return this.trailers;
  }

  pauseBody(): void {
    this.controller?.pause();
  }

  protected resumeBody(): void {
    this.controller?.resume();
  }

  protected abortExchange(reason: unknown): void {
    this.controller?.abort(reason);
  }
}

/**
 * What undici 7 calls among its own. Spoken to it directly, because its translation for today's dialect parses headers that
 * nobody may look at, and leaves out `onBodySent` and `onRequestSent`.
 */
export class OldLegHandler extends LegHandler implements OldHandler {
  private abort: ((reason?: unknown) => void) | undefined = undefined;
  private resumeParser: (() => void) | undefined = undefined;
  private headers: Headers | undefined = undefined;
  private paused = false;

  constructor(exchange: Exchange, leg: Leg, agent: ExitAgent, waiting: Waiting | undefined) {
    super(exchange, leg, agent, waiting);
  }

  onConnect(abort: (reason?: unknown) => void): void {
    this.began();
    this.abort = abort;
  }

  onUpgrade(status: number, rawHeaders: RawHeaders, socket: Duplex): void {
    this.rawHeaders = rawHeaders;
    this.upgraded(status, socket);
  }

  onHeaders(status: number, rawHeaders: RawHeaders, resume: () => void, statusText?: string): boolean {
    this.rawHeaders = rawHeaders;
    this.headers = undefined;
    this.resumeParser = resume;
    this.head(status, statusText);
    return !this.paused;
  }

  onData(chunk: Buffer): boolean {
    this.data(chunk);
    return !this.paused;
  }

  onComplete(rawTrailers: RawHeaders): void {
    this.rawTrailers = rawTrailers;
    this.end();
  }

  onError(error: unknown): void {
    this.failed(error);
  }

  onResponseStarted(): void {
    this.exchange.tellStarted();
  }

  onBodySent(chunk: unknown): void {
    this.exchange.tellBodySent(chunk);
  }

  onRequestSent(): void {
    this.exchange.tellRequestSent();
  }

  header(name: string): string | undefined {
    const raw = this.rawHeaders;
    return isRawList(raw) ? rawHeader(raw, name) : parsedHeader(raw ?? NONE, name);
  }

  parsedHeaders(): Headers {
    return (this.headers ??= this.parse(this.rawHeaders));
  }

  parsedTrailers(): Headers {
    return this.parse(this.rawTrailers);
  }

  pauseBody(): void {
    this.paused = true;
  }

  protected resumeBody(): void {
    if (!this.paused) return;
    this.paused = false;
    this.resumeParser?.();
  }

  protected abortExchange(reason: unknown): void {
    this.abort?.(reason);
  }

  private parse(raw: RawHeaders): Headers {
    return isRawList(raw) ? this.exchange.sender.undici.util.parseHeaders(raw as never) : (raw ?? NONE);
  }
}
