import { connect, createServer, type Server, type Socket } from "node:net";

/** What goes wrong between a ledger and its store. */
export interface ProxyFaults {
  /** Nothing passes any more, and nothing is closed. */
  blackHole: boolean;
  /** Commands arrive, and no answer does. */
  deaf: boolean;
  /** Of the bytes on their way back. */
  corruptDown: number;
  corruptUp: number;
  /** Each way. */
  latencyMs: number;
}

/** A TCP proxy of a few lines that can do all of this. */
export class FaultyProxy {
  readonly faults: ProxyFaults = { blackHole: false, deaf: false, corruptDown: 0, corruptUp: 0, latencyMs: 0 };
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #random: () => number;
  port = 0;
  accepted = 0;

  constructor(target: number, random: () => number = Math.random) {
    this.#random = random;
    this.#server = createServer((client) => {
      this.accepted++;
      const upstream = connect(target, "127.0.0.1");
      this.#pass(client, upstream, () => this.faults.corruptUp, () => this.faults.blackHole);
      this.#pass(upstream, client, () => this.faults.corruptDown, () => this.faults.blackHole || this.faults.deaf);
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

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(from: Socket, to: Socket, corrupt: () => number, loses: () => boolean): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on("data", (data) => {
      const { latencyMs } = this.faults;
      if (loses()) return;
      const share = corrupt();
      if (share > 0) for (let i = 0; i < data.length; i++) if (this.#random() < share) data[i] ^= 1 << Math.floor(this.#random() * 7);
      if (latencyMs === 0) to.write(data);
      else setTimeout(() => to.writable && to.write(data), latencyMs);
    });
  }
}
