import type { Duplex } from "node:stream";
import type { Controller, Handler, Headers, OldHandler, RawHeaders } from "./undici.ts";

/** A handler of the old dialect, seen as one of today's. Both are spoken in one process: undici 7 and 8, and Node's own fetch. */
export class LegacyHandler implements Handler {
  readonly handler: OldHandler;

  constructor(handler: OldHandler) {
    this.handler = handler;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.handler.onConnect?.((reason) => controller.abort(reason), context);
  }

  onRequestUpgrade(controller: Controller, status: number, headers: Headers, socket: Duplex): void {
    this.handler.onUpgrade?.(status, rawOf(controller.rawHeaders, headers), socket);
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, statusText?: string): void {
    const flowing = this.handler.onHeaders?.(status, rawOf(controller.rawHeaders, headers), () => controller.resume(), statusText);
    // fetch answers `false` to each 1xx, which never meant a pause.
    if (flowing === false && status >= 200) controller.pause();
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.handler.onData?.(chunk) === false) controller.pause();
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    this.handler.onComplete?.(rawOf(controller.rawTrailers, trailers));
  }

  onResponseError(_controller: Controller, error: unknown): void {
    if (this.handler.onError === undefined) throw error;
    this.handler.onError(error);
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onBodySent(chunk: unknown): void {
    this.handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.handler.onRequestSent?.();
  }
}

/** As they came: names keep their spelling, and two Set-Cookie stay two. */
function rawOf(raw: RawHeaders, headers: Headers): RawHeaders {
  return Array.isArray(raw) ? raw : toRaw((raw as Headers | null | undefined) ?? headers);
}

/** HTTP/2 and mocks have no raw headers. */
function toRaw(headers: Headers): Buffer[] {
  const raw: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value ?? []].flat()) raw.push(Buffer.from(name, "latin1"), Buffer.from(String(each), "latin1"));
  }
  return raw;
}
