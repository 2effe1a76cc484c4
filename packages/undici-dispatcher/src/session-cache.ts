import type { Socket } from "node:net";

/** As many as undici's own connector keeps for each agent. */
const MOST = 100;

/** TLS sessions of one exit, by server. Of one exit: a session shared by two would tell the server that they belong together. */
export class SessionCache {
  readonly #sessions = new Map<string, Buffer>();
  readonly #most: number;

  constructor(most: number = MOST) {
    this.#most = most;
  }

  get(server: string): Buffer | undefined {
    return this.#sessions.get(server);
  }

  /** Keeps what the server gives this connection for the next one. How it ends does not matter: undici closes each with an error. */
  watch(server: string, socket: Socket): void {
    if (this.#most === 0) return;
    socket.on("session", (session: Buffer) => {
      this.#sessions.delete(server);
      this.#sessions.set(server, session);
      if (this.#sessions.size <= this.#most) return;
      const [oldest] = this.#sessions.keys();
      this.#sessions.delete(oldest);
    });
  }

  delete(server: string): void {
    this.#sessions.delete(server);
  }
}
