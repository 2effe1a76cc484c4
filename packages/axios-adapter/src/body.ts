import { PassThrough } from "node:stream";
import type { Readable } from "node:stream";

/** What axios sends as a stream, by axios's own rule; Node's, and older ones that only know `pipe`. */
export interface BodyStream {
  on(event: string, listener: (...values: never[]) => void): unknown;
  removeListener(event: string, listener: (...values: never[]) => void): unknown;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly readableEnded?: boolean;
  readonly readableDidRead?: boolean;
}

export function isBodyStream(data: unknown): data is BodyStream {
  if (typeof data !== "object" || data === null) return false;
  const { pipe, on } = data as { pipe?: unknown; on?: unknown };
  return typeof pipe === "function" && typeof on === "function";
}

/** The body where it can be looked at; `undefined` where it can only be sent. */
export function visibleBody(data: unknown): string | Uint8Array | null | undefined {
  // axios sends nothing for whatever is falsy.
  if (!data) return null;
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return undefined;
}

export function isReplayable(data: unknown): boolean {
  return !data || typeof data === "string" || ArrayBuffer.isView(data) || data instanceof ArrayBuffer;
}

/** Is the body after an attempt as it was before? Then a further attempt may send it; else it would send an empty one. */
export function isUntouched(data: unknown): boolean {
  if (isReplayable(data)) return true;
  // FormData and Blob: read anew by whoever sends them.
  if (!isBodyStream(data)) return true;
  // Streams older than Node's Readable do not say; form-data's is one.
  return data.readableDidRead === false && data.destroyed === false;
}

/** A stream that stands for the caller's, and `begin`, which lets his flow into it. */
export interface HeldBody {
  readonly body: PassThrough;
  readonly begin: () => void;
}

/**
 * A body that is not touched before its connection stands. axios pipes a stream into its request at once, where it waits for
 * the connection; when that fails the pieces are gone, and no further attempt could be made.
 *
 * `undefined` for what is no stream, and for streams that axios asks for more than their pieces (form-data's).
 */
export function holdBody(data: unknown): HeldBody | undefined {
  if (!isBodyStream(data) || data.readableDidRead !== false || typeof (data as { getHeaders?: unknown }).getHeaders === "function") return undefined;
  const source = data as unknown as Readable;
  const body = new PassThrough();
  // Its failures are the request's, who hears of them elsewhere.
  body.on("error", () => {});
  const begin = (): void => {
    source.once("close", () => {
      if (!source.readableEnded) body.destroy();
    });
    source.pipe(body);
  };
  return { body, begin };
}
