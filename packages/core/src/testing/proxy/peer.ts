import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ByteReader } from "./byte-reader.ts";
import type { ProxyBooks } from "./books.ts";
import type { CommonFault } from "./faults.ts";
import { resetAfterRead } from "../socket-reset.ts";
import { cutting, say, shapers } from "./shapers.ts";
import type { Shape } from "./shapers.ts";

/** One client of a proxy, from its first byte to the end of its tunnel. */
export class Peer {
  readonly reader: ByteReader;
  /** Counted from 0. */
  readonly connection: number;
  readonly #raw: Socket;
  readonly #socket: Duplex;
  readonly #shape: Shape;
  readonly #random: () => number;
  readonly #books: ProxyBooks;

  /** @param socket What is spoken on: `raw` itself, or the TLS socket on top of it. */
  constructor(raw: Socket, socket: Duplex, options: { connection: number; shape: Shape; random: () => number; books: ProxyBooks }) {
    this.#raw = raw;
    this.#socket = socket;
    this.connection = options.connection;
    this.#shape = options.shape;
    this.#random = options.random;
    this.#books = options.books;
    this.reader = new ByteReader(socket);
    socket.on("error", () => this.destroy());
  }

  get books(): ProxyBooks {
    return this.#books;
  }

  say(bytes: Uint8Array): Promise<void> {
    return say(this.#socket, bytes, this.#shape, this.#random);
  }

  /** Says nothing more, but notices when the client goes. */
  hang(): void {
    this.reader.release();
    this.#socket.once("end", () => this.destroy());
    this.#socket.resume();
  }

  /**
   * Ends in good order after what has been said, then waits for the client to end too: closed at once, the connection
   * would be reset by whatever the client still sends, and a client that forgets to close its side would not be found out.
   */
  end(): void {
    this.hang();
    this.#socket.end();
  }

  /** Writes for as long as the client reads. */
  flood(): void {
    const block = Buffer.alloc(65_536, "A");
    const pour = (): void => {
      while (this.#socket.writable && this.#socket.write(block));
    };
    this.hang();
    this.#socket.on("drain", pour);
    pour();
  }

  /** After the client has read what has been said. */
  reset(): void {
    this.hang();
    resetAfterRead(this.#raw);
  }

  destroy(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  /** Carries bytes both ways until either side ends, in the manner of `fault`. */
  tunnel(upstream: Socket, fault: { readonly kind: string }): void {
    const books = this.#books;
    // Gone while we were connecting: its "close" has been.
    if (this.#socket.destroyed) return void upstream.destroy();
    const common = fault as CommonFault;
    const cut = common.kind === "cut" ? common : undefined;
    const chain = [...(cut === undefined ? [] : [cutting(cut.afterBytes)]), ...shapers(this.#shape, this.#random)];
    books.tunnels += 1;

    const early = this.reader.release();
    if (early.length > 0) upstream.write(early);
    books.bytesUp += early.length;
    this.#socket.on("data", (chunk: Buffer) => (books.bytesUp += chunk.length));
    upstream.on("data", (chunk: Buffer) => (books.bytesDown += chunk.length));

    upstream.on("error", () => this.destroy());
    this.#socket.once("close", () => {
      upstream.destroy();
      for (const shaper of chain) shaper.destroy();
    });
    this.#socket.pipe(upstream);
    let tail: Duplex = upstream;
    for (const shaper of chain) tail = tail.pipe(shaper);
    tail.pipe(this.#socket, { end: cut === undefined });
    if (cut === undefined) return;
    tail.once("end", () => {
      this.#socket.unpipe(upstream);
      upstream.destroy();
      if (cut.how === "reset") this.reset();
      else this.end();
    });
  }
}
