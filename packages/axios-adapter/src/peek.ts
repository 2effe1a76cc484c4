import { IncomingMessage } from "node:http";

/** As much of a body as a judge may see. */
const MOST_SEEN_BYTES = 10 * 1_048_576;

/** Told of every piece of the body as it arrives, and `null` at its end. `true` wants more even when the buffer is full. */
export type BodyWatcher = (chunk: Uint8Array | null) => boolean;

/**
 * Looks at a body without reading it: the parser hands each piece to `push`, and what is pushed stays in the response's
 * buffer for the client, who has not begun to read. Reading and putting back would end an empty body before its time.
 */
export function watchBody(response: IncomingMessage, watcher: BodyWatcher): void {
  response.push = function pushWatched(this: IncomingMessage, chunk: Uint8Array | null, encoding?: BufferEncoding): boolean {
    const more = IncomingMessage.prototype.push.call(this, chunk, encoding);
    return watcher(chunk) || more;
  };
}

/** Gathers what has to be seen of a body before its answer can be judged. */
export class Peek {
  readonly #all: boolean;
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(kind: "first" | "full") {
    this.#all = kind === "full";
  }

  /** @returns true when enough has been seen */
  add(chunk: Uint8Array | null): boolean {
    if (chunk === null) return true;
    if (chunk.length === 0) return false;
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    return !this.#all || this.#length >= MOST_SEEN_BYTES;
  }

  get body(): Uint8Array {
    return this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
  }
}
