import type { Duplex } from "node:stream";

/** Takes a handshake from a socket piece by piece, however its bytes arrive. */
export class ByteReader {
  readonly #socket: Duplex;
  #kept: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onEnd);
  }

  /** Exactly `count` bytes; rejects when the peer ends before. */
  async take(count: number): Promise<Buffer> {
    while (this.#kept.length < count) await this.#more();
    return this.#cut(count);
  }

  /** Up to and with `mark`; rejects when the peer ends, or sends `max` bytes, before. */
  async takeThrough(mark: string, max = 65_536): Promise<Buffer> {
    for (;;) {
      const at = this.#kept.indexOf(mark);
      if (at >= 0) return this.#cut(at + mark.length);
      if (this.#kept.length >= max) throw new Error(`No end of the head within ${max} bytes.`);
      await this.#more();
    }
  }

  /** Gives the socket back, paused, with what was read beyond the handshake. May be called again. */
  release(): Buffer {
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("close", this.#onEnd);
    this.#socket.pause();
    return this.#cut(this.#kept.length);
  }

  #cut(count: number): Buffer {
    const bytes = this.#kept.subarray(0, count);
    this.#kept = this.#kept.subarray(count);
    return bytes;
  }

  async #more(): Promise<void> {
    if (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      return;
    }
    throw new Error("The peer ended in the handshake.");
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
  };
}
