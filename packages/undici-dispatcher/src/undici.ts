import type { Duplex } from "node:stream";
import { MultihomeError } from "@multihome/core";
import { inTheirWords } from "./errors.ts";

/** Header names and values alternate. */
export type RawList = readonly (Buffer | string | readonly (Buffer | string)[])[];
/** A list (HTTP/1.1) or an object (HTTP/2). */
export type RawHeaders = RawList | Headers | null | undefined;
export type Headers = Record<string, string | string[] | undefined>;

/** What a handler of today's dialect is given to steer its response with. */
export interface Controller {
  readonly aborted: boolean;
  readonly reason: unknown;
  readonly paused: boolean;
  rawHeaders?: RawHeaders;
  rawTrailers?: RawHeaders;
  abort(reason?: unknown): void;
  pause(): void;
  resume(): void;
}

/** Today's dialect of handlers: the only one of undici 8, and what interceptors of undici 7 speak. */
export interface Handler {
  onRequestStart?(controller: Controller, context: unknown): void;
  onRequestUpgrade?(controller: Controller, status: number, headers: Headers, socket: Duplex): void;
  onResponseStart?(controller: Controller, status: number, headers: Headers, statusText?: string): void;
  onResponseData?(controller: Controller, chunk: Buffer): void;
  onResponseEnd?(controller: Controller, trailers: Headers): void;
  onResponseError?(controller: Controller, error: unknown): void;
  onResponseStarted?(): void;
  onBodySent?(chunk: unknown): void;
  onRequestSent?(): void;
}

/** The dialect of undici 6, which undici 7's own API and the fetch of Node 20 to 24 still speak. */
export interface OldHandler {
  onConnect?(abort: (reason?: unknown) => void, context: unknown): void;
  onUpgrade?(status: number, rawHeaders: RawHeaders, socket: Duplex): void;
  onHeaders?(status: number, rawHeaders: RawHeaders, resume: () => void, statusText?: string): boolean | void;
  onData?(chunk: Buffer): boolean | void;
  onComplete?(rawTrailers: RawHeaders): void;
  onError?(error: unknown): void;
  onResponseStarted?(): void;
  onBodySent?(chunk: unknown): void;
  onRequestSent?(): void;
}

/** As much of a dispatcher as is needed of those beneath ours; of any version. */
export interface InnerDispatcher {
  dispatch(options: never, handler: never): boolean;
  close(): Promise<void>;
  destroy(error?: Error | null): Promise<void>;
  on?(event: never, listener: never): unknown;
  readonly isMockActive?: boolean;
  readonly webSocketOptions?: unknown;
  readonly eventSourceOptions?: unknown;
}

type ErrorClass = new (message?: string) => Error;

/** As much of the module "undici" as is needed, so that any supported version fits. */
export interface UndiciModule<D extends object = object> {
  readonly Dispatcher: abstract new () => D;
  readonly Agent: new (options?: never) => InnerDispatcher;
  readonly errors: {
    readonly InvalidArgumentError: ErrorClass;
    readonly NotSupportedError: ErrorClass;
    readonly RequestAbortedError: ErrorClass;
    readonly ClientClosedError: ErrorClass;
    readonly ClientDestroyedError: ErrorClass;
  };
  readonly util: { parseHeaders(raw: never): Headers };
}

export type Dialect = "old" | "new";

/**
 * Which dialect the agents of this undici speak among themselves. undici 7 takes both and translates today's into the old
 * one at some cost; undici 8 knows only today's. Asked of it by an argument error, which causes no I/O.
 */
export function dialectOf(undici: UndiciModule): Dialect {
  let dialect: Dialect = "new";
  const probe = {
    onError: () => {
      dialect = "old";
    },
    onResponseError: () => {},
  };
  new undici.Agent().dispatch({} as never, probe as never);
  return dialect;
}

/** @throws MultihomeError `MH_ERR_CONFIG`: it has no error class of its own to throw */
export function assertUndici(module: UndiciModule): void {
  const isUndici = typeof module?.Agent === "function" && typeof module.Dispatcher === "function" && typeof module.errors?.NotSupportedError === "function";
  if (!isUndici) throw new MultihomeError("MH_ERR_CONFIG", 'Expected the module undici (`import * as undici from "undici"`), got something else.');
}

/**
 * Refuses an undici before 7.30: older ones lose answers under the built-in fetch of newer Nodes. Where the version is not
 * known, what gives most of them away is that they have no limits of EventSource to report.
 *
 * @throws NotSupportedError of that undici, with ours as its cause
 */
export function assertSupported(undici: UndiciModule, version: string | undefined): void {
  const tooOld = version === undefined ? !("eventSourceOptions" in (undici.Agent.prototype as object)) : isBefore730(version);
  if (!tooOld) return;
  const named = version === undefined ? "This version of undici" : `undici ${version}`;
  const cause = new MultihomeError("MH_ERR_CONFIG", `${named} is not supported. Install undici 7.30 or newer, or undici 8: npm install undici@7`);
  throw inTheirWords(undici.errors.NotSupportedError, cause);
}

function isBefore730(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  return major < 7 || (major === 7 && minor < 30);
}
