/** As many as Node's https.Agent keeps (`maxCachedSessions`). */
const MOST_SESSIONS = 100;

/** TLS sessions of one exit, by the name of their socket: one shared by two exits would tell the target that they belong together. */
export class SessionCache {
  readonly #sessions = new Map<string, Buffer>();
  readonly #max: number;

  constructor(max: number = MOST_SESSIONS) {
    this.#max = max;
  }

  get(name: string): Buffer | undefined {
    return this.#sessions.get(name);
  }

  set(name: string, session: Buffer): void {
    if (this.#max === 0) return;
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
    if (this.#sessions.size <= this.#max) return;
    const [oldest] = this.#sessions.keys();
    this.#sessions.delete(oldest);
  }

  delete(name: string): void {
    this.#sessions.delete(name);
  }
}
