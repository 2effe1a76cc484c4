import { Blob } from "node:buffer";
import querystring from "node:querystring";
import type { Hints, RequestInfo } from "@multihome/core";

/** As much of undici's dispatch options as we look at; they are the caller's, who is not obliged to pass what their types say. */
export interface Options {
  readonly origin?: unknown;
  readonly path?: unknown;
  readonly method?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly upgrade?: unknown;
  readonly servername?: unknown;
  readonly socketPath?: unknown;
  readonly dispatcher?: unknown;
  readonly multihome?: Hints;
}

type HeaderRecord = Record<string, string | string[] | undefined>;

/**
 * A request as the core sees it. Everything but the host is worked out when somebody asks, because for most requests nobody
 * does: a target without a weight table looks at no path, and one without accounts at no header. Plain fields, and the base
 * of the exchange instead of an object of its own: one is made for each request.
 */
export class RequestView implements RequestInfo {
  readonly host: string;
  readonly options: Options;
  /** Hints that hold for each request of the dispatcher. */
  readonly common: Hints | undefined;

  constructor(options: Options, host: string, common: Hints | undefined) {
    this.host = host;
    this.options = options;
    this.common = common;
  }

  get method(): string {
    return String(this.options.method ?? "GET");
  }

  get url(): string {
    return String(this.options.origin).replace(/\/$/, "") + this.path;
  }

  get path(): string {
    const { path, query } = this.options;
    const own = typeof path === "string" ? path : "/";
    if (typeof query !== "object" || query === null) return own;
    const added = querystring.stringify(query as querystring.ParsedUrlQueryInput);
    return added === "" ? own : `${own}?${added}`;
  }

  /** undici names the protocol; `CONNECT` is the start of a tunnel. */
  get upgrade(): boolean {
    const { upgrade, method } = this.options;
    return Boolean(upgrade) || method === "CONNECT";
  }

  get headers(): HeaderRecord | undefined {
    return toRecord(this.options.headers);
  }

  get body(): string | Uint8Array | null | undefined {
    const { body } = this.options;
    if (body === null || body === undefined) return null;
    if (typeof body === "string" || body instanceof Uint8Array) return body;
    if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    if (body instanceof ArrayBuffer) return new Uint8Array(body);
    return undefined;
  }

  get replayable(): boolean {
    return isReplayable(this.options.body);
  }

  get hints(): Hints | undefined {
    const { multihome, body } = this.options;
    const { common } = this;
    const given = common === undefined ? multihome : multihome === undefined ? common : { ...common, ...multihome };
    // A connection that becomes the caller's is not raced; nor is a body that cannot be looked at, which the core would take for none.
    const single = this.upgrade || (typeof body === "object" && body !== null && !isBytes(body));
    return single ? { ...given, race: false } : given;
  }
}

/** May the body be sent a second time? Streams and iterators are gone once read, and fetch makes an iterator even of a string. */
export function isReplayable(body: unknown): boolean {
  return body === null || body === undefined || typeof body === "string" || isBytes(body) || body instanceof Blob || isFormData(body);
}

function isBytes(body: unknown): boolean {
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer;
}

function isFormData(body: unknown): boolean {
  return typeof body === "object" && body !== null && (body as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "FormData";
}

/** undici takes an object, names and values alternating, or an iterable of pairs. */
function toRecord(headers: unknown): HeaderRecord | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  if (!Array.isArray(headers) && !(Symbol.iterator in headers)) return headers as HeaderRecord;
  const list = Array.from(headers as Iterable<unknown>);
  const record: HeaderRecord = {};
  if (Array.isArray(list[0])) for (const pair of list) add(record, (pair as unknown[])[0], (pair as unknown[])[1]);
  else for (let index = 0; index + 1 < list.length; index += 2) add(record, list[index], list[index + 1]);
  return record;
}

function add(record: HeaderRecord, name: unknown, value: unknown): void {
  if (value === undefined || value === null) return;
  const key = String(name).toLowerCase();
  const known = record[key];
  const values = Array.isArray(value) ? value.map(String) : [String(value)];
  record[key] = known === undefined && values.length === 1 ? values[0] : [...(known === undefined ? [] : [known].flat()), ...values];
}
