import { createServer, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { planAttempt } from "./world-attempt.ts";
import { streamOf } from "./world-chance.ts";
import { HOSTS, type World } from "./world-parameters.ts";
import { Population } from "./world-population.ts";

/** Of a request that meets a host, what its proxy needs for the connection. */
const CONNECT_SHARE = 0.5;
const GREETING = Buffer.from([5, 0]);
const CONNECTED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const GOOD = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx";
const BLOCKED = "HTTP/1.1 403 Forbidden\r\ncontent-length: 1\r\n\r\nx";

/** The hosts of a world by name; its proxies know them, nobody else does. */
export const WORLD_HOSTS: readonly string[] = Array.from({ length: HOSTS }, (_, host) => `h${host}.test`);

/** The proxies of a simulated world as SOCKS5 servers on loopback, their lives and latencies compressed in time; each answers for its hosts itself. */
export class SocksWorld {
  readonly urls: string[] = [];
  /** Requests that a host has seen, as the servers count them. */
  requests = 0;
  readonly #population: Population;
  readonly #random: () => number;
  readonly #factor: number;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #begunAt = performance.now();

  /** @param factor how much quicker than in the world everything goes */
  constructor(world: World, seed: number, factor: number) {
    this.#population = new Population(world, seed);
    this.#random = streamOf(seed, "network");
    this.#factor = factor;
  }

  async start(): Promise<void> {
    for (let proxy = 0; proxy < this.#population.size; proxy++) {
      const host = `127.0.${30 + (proxy >> 7)}.${(proxy & 127) + 1}`;
      const server = createServer({ noDelay: true }, (socket) => this.#accept(proxy, socket));
      await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, host, resolve));
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("A server has no port.");
      this.urls.push(`socks5://${host}:${address.port}`);
      this.#servers.push(server);
    }
    this.#begunAt = performance.now();
  }

  /** Connections that stand. */
  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  get #now(): number {
    return (performance.now() - this.#begunAt) * this.#factor;
  }

  #after(worldMs: number, act: () => void): void {
    if (worldMs !== Infinity) setTimeout(act, worldMs / this.#factor);
  }

  #accept(proxy: number, socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
    if (!this.#population.isUp(proxy, this.#now)) {
      // Read, or its end would not be noticed.
      socket.resume();
      // Half of those that are down refuse, a little later; the others keep whoever comes waiting.
      if (this.#population.refuses[proxy] === 1) this.#after(50 + 400 * this.#random(), () => socket.resetAndDestroy());
      return;
    }
    let read = Buffer.alloc(0);
    let stage: "greeting" | "destination" | "requests" = "greeting";
    let host = 0;
    /** Of the first request: its fate is known when the connection is asked for. */
    let plan: ReturnType<typeof planAttempt> | undefined;
    socket.on("data", (bytes) => {
      read = Buffer.concat([read, bytes]);
      if (stage === "greeting" && read.length >= 2 + read[1]) {
        read = read.subarray(2 + read[1]);
        stage = "destination";
        socket.write(GREETING);
      }
      if (stage === "destination" && read.length >= 5 && read.length >= 7 + read[4]) {
        host = Math.max(0, WORLD_HOSTS.indexOf(read.subarray(5, 5 + read[4]).toString("latin1")));
        read = read.subarray(7 + read[4]);
        stage = "requests";
        plan = planAttempt(this.#population, proxy, host, this.#now, this.#random);
        if (plan.fate !== "silent" && plan.fate !== "refused") this.#after(plan.endsMs * CONNECT_SHARE, () => socket.write(CONNECTED));
        else if (plan.sentMs !== Infinity) this.#after(plan.sentMs, () => socket.write(CONNECTED));
      }
      for (let end = read.indexOf("\r\n\r\n"); stage === "requests" && end >= 0; end = read.indexOf("\r\n\r\n")) {
        read = read.subarray(end + 4);
        this.requests++;
        const { fate, endsMs } = plan ?? planAttempt(this.#population, proxy, host, this.#now, this.#random);
        const waits = plan === undefined ? endsMs : endsMs * (1 - CONNECT_SHARE);
        plan = undefined;
        if (fate === "success" || fate === "blocked") this.#after(waits, () => socket.write(fate === "success" ? GOOD : BLOCKED));
        else if (fate === "refused") this.#after(waits, () => socket.resetAndDestroy());
      }
    });
  }
}
