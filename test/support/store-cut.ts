import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * What becomes of the way to the store. `hold`: nothing passes, and all of it arrives late when the way is open again, as after a black hole in
 * a network; `deaf`: commands arrive, answers are held; `reset`: connections are reset, and new ones as soon as they are made.
 */
export type Cut = "open" | "hold" | "deaf" | "reset";

/** The way of some processes to their store, which can be cut off while others still see it. */
export class StoreCut {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [client: Socket, store: Socket]>();
  #cut: Cut = "open";
  port = 0;

  constructor(storePort: number) {
    this.#server = createServer((client) => {
      client.on("error", () => undefined);
      if (this.#cut === "reset") {
        client.resetAndDestroy();
        return;
      }
      const store = connect(storePort, "127.0.0.1");
      const pair = [client, store] as const;
      this.#pairs.add(pair);
      for (const [from, to] of [pair, [store, client] as const]) {
        from.setNoDelay(true);
        from.on("error", () => to.destroy());
        from.on("close", () => {
          this.#pairs.delete(pair);
          to.destroy();
        });
        from.on("data", (data) => to.write(data));
      }
      this.#apply(pair);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.address() as { port: number }).port;
    return this;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  become(cut: Cut): void {
    this.#cut = cut;
    for (const pair of this.#pairs) this.#apply(pair);
  }

  async close(): Promise<void> {
    for (const [client] of this.#pairs) client.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #apply([client, store]: readonly [Socket, Socket]): void {
    const cut = this.#cut;
    switch (cut) {
      case "open":
        client.resume();
        store.resume();
        break;
      case "hold":
        client.pause();
        store.pause();
        break;
      case "deaf":
        client.resume();
        store.pause();
        break;
      case "reset":
        client.resetAndDestroy();
        store.destroy();
        break;
      default:
        cut satisfies never;
    }
  }
}
