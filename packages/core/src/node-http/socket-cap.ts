import type { Socket } from "node:net";

/**
 * Counts the sockets of all exits together. Above the cap, the ones that have been idle longest go; those in use are never
 * closed and never refused: how many requests may be in flight is the pool's decision, not ours.
 */
export class SocketCap {
  readonly #max: number;
  readonly #open = new Set<Socket>();
  /** In the order in which they became idle. */
  readonly #idle = new Set<Socket>();
  readonly #connecting = new Set<(reason: unknown) => void>();
  #closed: Error | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** Open, idle ones included, and on their way. */
  get size(): number {
    return this.#open.size + this.#connecting.size;
  }

  /** Why nothing may be opened any more. */
  get closed(): Error | undefined {
    return this.#closed;
  }

  /** A connection is on its way, and can be given up by `abort`. */
  connecting(abort: (reason: unknown) => void): void {
    this.#connecting.add(abort);
    this.#shrink();
  }

  /** It has come to an end: with a socket, or without. */
  connected(abort: (reason: unknown) => void, socket: Socket | undefined): void {
    this.#connecting.delete(abort);
    if (socket === undefined) return;
    this.#open.add(socket);
    socket.once("close", () => this.forget(socket));
  }

  /** May the socket stay open, now that nobody uses it? */
  keep(socket: Socket): boolean {
    if (this.#closed !== undefined) return false;
    this.#idle.add(socket);
    this.#shrink();
    return this.#idle.has(socket);
  }

  use(socket: Socket): void {
    this.#idle.delete(socket);
  }

  /** It is destroyed. Told at once rather than by its "close" in a later turn: until then another would have to go in its place. */
  forget(socket: Socket): void {
    this.#open.delete(socket);
    this.#idle.delete(socket);
  }

  destroy(socket: Socket): void {
    this.forget(socket);
    socket.destroy();
  }

  close(reason: Error): void {
    this.#closed = reason;
    for (const abort of [...this.#connecting]) abort(reason);
    for (const socket of [...this.#open]) this.destroy(socket);
  }

  #shrink(): void {
    for (const socket of this.#idle) {
      if (this.size <= this.#max) return;
      this.destroy(socket);
    }
  }
}
