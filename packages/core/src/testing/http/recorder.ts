import type { IncomingMessage } from "node:http";
import type { SeenRequest } from "./seen.ts";

/** A body beyond that is counted, and no longer kept. */
const KEPT_BYTES_MAX = 16 * 1_048_576;

/** Keeps one request as it comes. */
export class Recorder {
  readonly seen: SeenRequest;
  /** The connection was, or is about to be, ended by the server. */
  endedByUs = false;
  readonly #request: IncomingMessage;
  readonly #onEnd: () => void;
  readonly #kept: Buffer[] = [];
  #length = 0;
  #aborted = false;
  #over = false;

  /** @param reading Whether the body flows at once; else only when somebody asks for it. */
  constructor(request: IncomingMessage, ids: { id: number; connection: number }, reading: boolean, onEnd: () => void) {
    this.#request = request;
    this.#onEnd = onEnd;
    this.seen = this.#describe(request, ids);
    // Paused by word, a stream does not start to flow because of our listener.
    if (!reading) request.pause();
    request.on("data", (chunk: Buffer) => {
      if (this.#length < KEPT_BYTES_MAX) this.#kept.push(chunk);
      this.#length += chunk.length;
    });
    request.on("error", () => undefined);
  }

  /** The whole body; rejects when it is cut. */
  whole(): Promise<Buffer> {
    const request = this.#request;
    return new Promise((resolve, reject) => {
      if (request.readableEnded) return resolve(Buffer.concat(this.#kept));
      if (request.destroyed) return reject(new Error("The body was cut."));
      request.once("end", () => resolve(Buffer.concat(this.#kept)));
      request.once("close", () => reject(new Error("The body was cut.")));
      request.resume();
    });
  }

  /** The exchange has ended; `answered`: with its answer sent. */
  end(answered: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#aborted = !answered && !this.endedByUs;
    this.#onEnd();
  }

  #describe(request: IncomingMessage, ids: { id: number; connection: number }): SeenRequest {
    const { method = "", url = "", headers, rawHeaders, socket } = request;
    const body = (): string => Buffer.concat(this.#kept).toString();
    const bodyLength = (): number => this.#length;
    const aborted = (): boolean => this.#aborted;
    const over = (): boolean => this.#over;
    return {
      ...ids,
      // Read now: a socket that has closed no longer knows whose it was.
      address: (socket.remoteAddress ?? "").replace(/^::ffff:(?=[\d.]+$)/, ""),
      method,
      url,
      path: url.split("?", 1)[0],
      headers,
      rawHeaders,
      get body() {
        return body();
      },
      get bodyLength() {
        return bodyLength();
      },
      get complete() {
        return request.complete;
      },
      get aborted() {
        return aborted();
      },
      get over() {
        return over();
      },
    };
  }
}
