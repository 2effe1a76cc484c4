import assert from "node:assert/strict";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import type { TestContext } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions, ExitsOptions } from "@multihome/core";
import { startHttpProxy, startHttpServer, startSocksServer } from "@multihome/core/testing";
import type { HttpServer, HttpServerHandler, HttpServerOptions, ProxyServer } from "@multihome/core/testing";
import type { ContractClient, Sender } from "./contract-client.ts";

export type Way = "local" | "socks5" | "http";

/** By what and by how many legs at once a case's requests leave. */
export interface Variant {
  readonly way: Way;
  readonly legs: 1 | 2;
}

export const ONE_LEG: readonly Variant[] = [{ way: "local", legs: 1 }];
export const TWO_LEGS: readonly Variant[] = [{ way: "local", legs: 2 }];
export const BOTH: readonly Variant[] = [...ONE_LEG, ...TWO_LEGS];
export const EACH_WAY: readonly Variant[] = [...ONE_LEG, { way: "socks5", legs: 1 }, { way: "http", legs: 1 }];
export const PROXIES: readonly Variant[] = EACH_WAY.slice(1);
export const EVERYWHERE: readonly Variant[] = [...EACH_WAY, ...TWO_LEGS, { way: "socks5", legs: 2 }, { way: "http", legs: 2 }];

/** What a server sees of a pool's two exits, whichever way they lead. */
export const FIRST = "127.0.21.1";
export const SECOND = "127.0.21.2";
export const ADDRESSES: readonly string[] = [FIRST, SECOND];

/** A name that only the proxies know. */
export const NAME = "target.test";

export type Fault = "ok" | "hang" | "hang-connect" | "hang-tls" | "refuse" | "reset" | "bad-auth";

const escaped: unknown[] = [];
process.on("unhandledRejection", (reason) => escaped.push(reason));
process.on("uncaughtExceptionMonitor", (error) => escaped.push(error));
process.on("warning", (warning) => {
  if (warning.name === "MaxListenersExceededWarning") escaped.push(warning);
});

export interface Opened {
  readonly pool: ExitPool;
  readonly sender: Sender;
}

/** Servers, proxies and pools of one case. At its end every lease has to be back, and after `pool.close()` every socket closed. */
export class Room {
  readonly client: ContractClient;
  readonly variant: Variant;
  readonly #servers: HttpServer[] = [];
  readonly #proxies: ProxyServer<never>[] = [];
  readonly #pools: ExitPool[] = [];

  constructor(t: TestContext, client: ContractClient, variant: Variant) {
    this.client = client;
    this.variant = variant;
    t.after(() => this.#leave());
  }

  get proxies(): readonly ProxyServer<never>[] {
    return this.#proxies;
  }

  async server(handler?: HttpServerHandler, options?: HttpServerOptions): Promise<HttpServer> {
    const server = await startHttpServer(handler, options);
    this.#servers.push(server);
    return server;
  }

  /** A pool of two exits, unless `options` name others, and the client that leaves by it. */
  async sender(options: ExitPoolOptions = {}): Promise<Opened> {
    const { exits, defaults, ...rest } = options;
    const race = this.variant.legs === 2 ? ({ mode: "race", width: 2 } as const) : ({ mode: "off" } as const);
    const named = exits?.local !== undefined || exits?.proxies !== undefined;
    const pool = createExitPool({ ...rest, exits: { ...(named ? {} : await this.#exits()), ...exits }, defaults: { spacing: 0, race, ...defaults } });
    this.#pools.push(pool);
    return { pool, sender: this.client.through(pool) };
  }

  /** A proxy of the variant's way; a SOCKS5 one where the way is local. */
  async proxy(options: { egress?: string; fault?: Fault; username?: string; password?: string } = {}): Promise<ProxyServer<never>> {
    const hosts = { [NAME]: "127.0.0.1", "other.test": "127.0.0.1" };
    const proxy = this.variant.way === "http" ? await startHttpProxy({ hosts, ...options }) : await startSocksServer({ hosts, ...options });
    this.#proxies.push(proxy);
    return proxy;
  }

  async #exits(): Promise<ExitsOptions> {
    if (this.variant.way === "local") return { local: [...ADDRESSES] };
    const proxies = await Promise.all(ADDRESSES.map((egress) => this.proxy({ egress })));
    return { proxies: proxies.map(({ url }) => url) };
  }

  async #leave(): Promise<void> {
    try {
      for (const pool of this.#pools) await eventually(() => pool.status().inflight === 0, () => `${pool.status().inflight} leases are still out`);
      for (const pool of this.#pools) await pool.close();
      for (const server of this.#servers) {
        await eventually(() => server.sockets === 0 && server.live === 0, () => `the server has ${server.sockets} sockets and ${server.live} live requests`);
      }
      for (const proxy of this.#proxies) await eventually(() => proxy.books().open === 0, () => `a proxy has ${proxy.books().open} connections`);
    } finally {
      for (const pool of this.#pools) await pool.close();
      for (const proxy of this.#proxies) await proxy.close();
      for (const server of this.#servers) await server.close();
      assert.deepEqual(escaped.splice(0), []);
    }
  }
}

/** Waits for what is on its way elsewhere; ten seconds are for a machine that does other things, too. */
export async function eventually(holds: () => boolean, otherwise: string | (() => string)): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > end) assert.fail(typeof otherwise === "string" ? otherwise : otherwise());
    await delay(3);
  }
}

/** What a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then((value) => ({ value }), (error: unknown) => ({ error }));
  assert.ok("error" in outcome, "it should have been rejected");
  assert.ok(outcome.error instanceof Error, `it was rejected with ${String(outcome.error)}`);
  return outcome.error;
}
