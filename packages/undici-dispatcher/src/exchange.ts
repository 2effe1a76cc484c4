import type { Duplex } from "node:stream";
import type { Dispatch, Driver, Leg } from "@multihome/core";
import type { Origin } from "@multihome/core/connect";
import { forCaller, throwLater } from "./errors.ts";
import { LegacyHandler } from "./legacy-handler.ts";
import type { LegHandler } from "./leg-handler.ts";
import { hostOf } from "./origins.ts";
import { RequestView, type Options } from "./request-view.ts";
import type { Sender } from "./sender.ts";
import type { Controller, Handler, Headers, RawHeaders } from "./undici.ts";

const NO_HEADERS: Headers = {};

interface BodyStream {
  on(event: "error", listener: (error: unknown) => void): unknown;
  off?(event: "error", listener: (error: unknown) => void): unknown;
  readonly closed?: boolean;
  readonly readableEnded?: boolean;
}

/**
 * One dispatch: what the core drives, and the only controller that the caller's handler ever sees, however many legs there
 * are behind it. Plain fields: one of these is made for each request.
 */
export class Exchange extends RequestView implements Driver, Controller {
  aborted = false;
  reason: unknown = null;
  paused = false;
  rawHeaders: RawHeaders = null;
  rawTrailers: RawHeaders = null;
  /** The caller has been told how it ended, or been handed the connection. */
  over = false;
  readonly origin: Origin;
  readonly sender: Sender;
  readonly handler: Handler;
  job: Dispatch | undefined = undefined;
  winner: LegHandler | undefined = undefined;
  draining: LegHandler[] | undefined = undefined;
  /** Neighbours among those that run. */
  previous: Exchange | undefined = undefined;
  next: Exchange | undefined = undefined;
  unwatch: (() => void) | undefined = undefined;

  constructor(sender: Sender, options: Options, handler: Handler, origin: Origin) {
    super(options, hostOf(origin, options.servername), sender.common);
    this.sender = sender;
    this.handler = handler;
    this.origin = origin;
  }

  /** One leg at most: what it reports on the way may go straight through. Also while the core has not said so yet. */
  get single(): boolean {
    return this.job === undefined || this.job.width === 1;
  }

  /** There is nothing to wait for behind the head. */
  get bodiless(): boolean {
    const { method, upgrade } = this.options;
    return method === "HEAD" || method === "CONNECT" || Boolean(upgrade);
  }

  /** What is ours or the outer API's is not for the dispatcher beneath. */
  get innerOptions(): Options {
    return withoutOurs(this.options);
  }

  /** Announced before there is a lease: whoever aborts while it waits is heard. */
  begin(): void {
    try {
      this.handler.onRequestStart?.(this, this.sender.context);
    } catch (error) {
      this.abort(error);
    }
    if (this.over) return;
    this.watchBody();
    this.sender.add(this);
    try {
      const job = this.sender.pool.drive(this, this);
      this.job = job;
      if (this.aborted) job.abort(this.reason);
    } catch (error) {
      this.reject(error);
    }
  }

  // ── the core's side ────────────────────────────────────────────────────────────────────────────────────────────────

  start(leg: Leg): void {
    if (this.over) {
      leg.release();
      return;
    }
    let handler: LegHandler;
    try {
      handler = this.sender.open(this, leg);
    } catch (error) {
      leg.release();
      this.abort(error);
      return;
    }
    leg.driverState = handler;
    handler.send();
  }

  stop(leg: Leg, reason: unknown): void {
    const handler = leg.driverState as LegHandler | undefined;
    if (handler === undefined) {
      leg.release();
      return;
    }
    const untold = handler === this.winner && !this.over;
    handler.stop(reason);
    if (untold) this.reject(reason);
  }

  deliver(leg: Leg): void {
    (leg.driverState as LegHandler).promote();
  }

  reject(error: unknown): void {
    if (this.over) return;
    this.settle();
    this.tellError(forCaller(error, this.sender.undici));
  }

  // ── the caller's side ──────────────────────────────────────────────────────────────────────────────────────────────

  pause(): void {
    this.paused = true;
    this.winner?.pauseBody();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.winner?.resume();
  }

  abort(reason?: unknown): void {
    if (this.over) return;
    this.aborted = true;
    this.reason = reason ?? new this.sender.undici.errors.RequestAbortedError();
    this.giveUp(this.reason);
  }

  /** The dispatcher has been destroyed. */
  destroy(error: Error): void {
    if (!this.over) this.giveUp(error);
  }

  // ── the legs' side ─────────────────────────────────────────────────────────────────────────────────────────────────

  tellInformation(leg: LegHandler, status: number, statusText: string | undefined): void {
    if (this.over) return;
    this.rawHeaders = leg.rawHeaders;
    try {
      this.handler.onResponseStart?.(this, status, this.headersOf(leg), statusText);
    } catch (error) {
      this.abort(error);
    }
  }

  tellHead(leg: LegHandler, status: number, statusText: string | undefined): void {
    this.winner = leg;
    this.rawHeaders = leg.rawHeaders;
    try {
      this.handler.onResponseStart?.(this, status, this.headersOf(leg), statusText);
    } catch (error) {
      this.abort(error);
    }
  }

  tellData(chunk: Buffer): void {
    if (this.over) return;
    try {
      this.handler.onResponseData?.(this, chunk);
    } catch (error) {
      this.abort(error);
    }
  }

  tellEnd(leg: LegHandler): void {
    if (this.over) return;
    this.rawTrailers = leg.rawTrailers;
    this.settle();
    try {
      this.handler.onResponseEnd?.(this, this.handler instanceof LegacyHandler && Array.isArray(leg.rawTrailers) ? NO_HEADERS : leg.parsedTrailers());
    } catch (error) {
      this.tellError(error);
    }
  }

  /** The body of the answer that was handed over has been cut. */
  tellCut(error: unknown): void {
    if (this.over) return;
    this.settle();
    this.tellError(error);
  }

  /** Not in the turn of its head: built-in fetch would have nobody yet to hear of it, and wait for ever. */
  cutLater(leg: LegHandler, error: unknown): void {
    setImmediate(() => {
      if (leg.state === "won") leg.cut(error);
    });
  }

  tellUpgrade(leg: LegHandler, status: number, socket: Duplex): void {
    this.rawHeaders = leg.rawHeaders;
    this.winner = leg;
    this.settle();
    try {
      this.handler.onRequestUpgrade?.(this, status, this.headersOf(leg), socket);
    } catch (error) {
      socket.destroy();
      this.tellError(error);
    }
  }

  tellStarted(): void {
    if (this.single && !this.over) this.handler.onResponseStarted?.();
  }

  tellBodySent(chunk: unknown): void {
    if (this.single && !this.over) this.handler.onBodySent?.(chunk);
  }

  tellRequestSent(): void {
    if (this.single && !this.over) this.handler.onRequestSent?.();
  }

  /** The rest of a dropped answer flows by, for as long as the request takes. */
  drain(leg: LegHandler): void {
    (this.draining ??= []).push(leg);
  }

  private headersOf(leg: LegHandler): Headers {
    return this.handler instanceof LegacyHandler && Array.isArray(leg.rawHeaders) ? NO_HEADERS : leg.parsedHeaders();
  }

  private giveUp(error: unknown): void {
    this.settle();
    this.job?.abort(error);
    this.tellError(error);
  }

  private settle(): void {
    this.over = true;
    this.sender.remove(this);
    this.unwatch?.();
    if (this.draining === undefined) return;
    for (const leg of this.draining) if (leg.state === "draining") leg.giveUp();
  }

  private tellError(error: unknown): void {
    try {
      if (this.handler.onResponseError === undefined) throw error;
      this.handler.onResponseError(this, error);
    } catch (escaped) {
      throwLater(escaped);
    }
  }

  /** A stream may fail while the request waits, when nobody else listens to it yet: an uncaught error otherwise. */
  private watchBody(): void {
    const body = this.options.body as BodyStream | null | undefined;
    if (typeof body !== "object" || body === null || typeof body.on !== "function") return;
    const onError = (error: unknown): void => this.abort(error);
    body.on("error", onError);
    // One that may still fail keeps its listener, which does nothing any more.
    this.unwatch = () => {
      if (body.closed === true || body.readableEnded === true) body.off?.("error", onError);
    };
  }
}

function withoutOurs(options: Options): Options {
  if (options.dispatcher === undefined && options.multihome === undefined) return options;
  const { dispatcher: _dispatcher, multihome: _multihome, ...rest } = options;
  return rest;
}
