import type { ClientRequest } from "node:http";

/** So much of a body is kept for a second attempt, in bytes: what a form or an order needs, and what a thousand requests in flight can afford. */
export const KEPT_BYTES_MAX = 65_536;

/** Node's own high water mark of requests (16 KiB): beyond it, `write` answers false. */
export const HIGH_WATER_MARK = 16_384;

export type WriteCallback = (error?: Error | null) => void;
export type BodyChunk = string | Uint8Array;

interface Chunk {
  readonly data: BodyChunk;
  readonly encoding: BufferEncoding | undefined;
  readonly bytes: number;
  callback: WriteCallback | undefined;
  acknowledged: boolean;
}

/**
 * The body that got writes, on its way to one leg after another. A chunk is acknowledged to got when a leg has passed it to
 * the system, so that got waits as it would for one request; a leg that dies before that loses nothing.
 */
export class OutgoingBody {
  readonly #chunks: Chunk[] = [];
  readonly #feeds = new Set<BodyFeed>();
  readonly #onDrain: () => void;
  #keptBytes = 0;
  #openBytes = 0;
  #needDrain = false;
  /** No further leg will want it. */
  #settled = false;
  #lost = false;
  ended = false;

  constructor(onDrain: () => void) {
    this.#onDrain = onDrain;
  }

  /** Is every byte written so far still here? */
  get replayable(): boolean {
    return !this.#lost;
  }

  /** Bytes that no leg has passed on yet. */
  get openBytes(): number {
    return this.#openBytes;
  }

  get needDrain(): boolean {
    return this.#needDrain;
  }

  write(data: BodyChunk, encoding: BufferEncoding | undefined, callback: WriteCallback | undefined): boolean {
    const bytes = typeof data === "string" ? Buffer.byteLength(data, encoding) : data.length;
    this.#chunks.push({ data, encoding, bytes, callback, acknowledged: false });
    this.#keptBytes += bytes;
    this.#openBytes += bytes;
    for (const feed of this.#feeds) feed.pump();
    if (this.#openBytes < HIGH_WATER_MARK) return true;
    this.#needDrain = true;
    return false;
  }

  end(): void {
    this.ended = true;
    for (const feed of this.#feeds) feed.pump();
  }

  /** Gives the body to a leg, from its first byte on. */
  feedTo(request: ClientRequest, onFinish: () => void): BodyFeed {
    const feed = new BodyFeed(this, request, onFinish);
    this.#feeds.add(feed);
    feed.pump();
    return feed;
  }

  /** The answer is here: what a leg has taken need not be kept any more. */
  settle(): void {
    this.#settled = true;
    this.#forget();
  }

  /** Nobody will take the rest; its writers are told so. */
  fail(error: Error): void {
    for (const chunk of this.#chunks) {
      const { callback } = chunk;
      chunk.callback = undefined;
      callback?.(error);
    }
  }

  /** @internal */
  chunkAt(position: number): { readonly data: BodyChunk; readonly encoding: BufferEncoding | undefined } | undefined {
    return this.#chunks[position];
  }

  /** @internal A leg has passed the chunk on. */
  acknowledge(chunk: object): void {
    const taken = chunk as Chunk;
    if (!taken.acknowledged) {
      taken.acknowledged = true;
      this.#openBytes -= taken.bytes;
    }
    this.#forget();
    const { callback } = taken;
    taken.callback = undefined;
    callback?.();
    if (this.#needDrain && this.#openBytes === 0) {
      this.#needDrain = false;
      this.#onDrain();
    }
  }

  /** @internal */
  drop(feed: BodyFeed): void {
    this.#feeds.delete(feed);
  }

  /** What is too much to keep goes once it has been passed on; from then on there is no second attempt. */
  #forget(): void {
    if (!this.#settled && this.#keptBytes <= KEPT_BYTES_MAX) return;
    if (this.#feeds.size > 1) return;
    let count = 0;
    while (count < this.#chunks.length && this.#chunks[count].acknowledged) this.#keptBytes -= this.#chunks[count++].bytes;
    if (count === 0) return;
    this.#lost = true;
    this.#chunks.splice(0, count);
    for (const feed of this.#feeds) feed.position -= count;
  }
}

/** One leg's way through the body. */
export class BodyFeed {
  /** The chunk that it gets next. */
  position = 0;
  readonly #body: OutgoingBody;
  readonly #request: ClientRequest;
  readonly #onFinish: () => void;
  #live = true;

  constructor(body: OutgoingBody, request: ClientRequest, onFinish: () => void) {
    this.#body = body;
    this.#request = request;
    this.#onFinish = onFinish;
  }

  pump(): void {
    if (!this.#live) return;
    const request = this.#request;
    for (let chunk = this.#body.chunkAt(this.position); chunk !== undefined; chunk = this.#body.chunkAt(this.position)) {
      const passed = chunk;
      this.position++;
      request.write(chunk.data, chunk.encoding as BufferEncoding, (error) => {
        if (this.#live && (error === undefined || error === null)) this.#body.acknowledge(passed);
      });
    }
    if (this.#body.ended && !request.writableEnded) request.end(this.#onFinish);
  }

  /** The leg takes no more, and what it has taken without saying so counts as not taken. */
  stop(): void {
    this.#live = false;
    this.#body.drop(this);
  }
}
