import assert from "node:assert/strict";
import process from "node:process";
import type { TestContext } from "node:test";
import { createExitPool, type ExitPool, type ExitPoolOptions } from "@multihome/core";
import { startHttpServer, startSocksServer, type HttpServer, type HttpServerOptions, type HttpServerHandler, type SocksServer, type SocksServerOptions } from "@multihome/core/testing";
import * as undici7 from "undici";
import type { Dispatcher } from "undici";
import { createExitDispatcher, type ExitDispatcherOptions } from "../src/index.ts";

/** Seen through the types of undici 7: what is tested is the same in both. */
export type Undici = typeof undici7;

export interface Version {
  readonly name: string;
  readonly undici: Undici;
}

/** Those that this Node can load: undici 8 asks for 22.19. */
export const versions: readonly Version[] = [{ name: "undici 7", undici: undici7 }, ...(await undici8())];

async function undici8(): Promise<Version[]> {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 19)) return [];
  return [{ name: "undici 8", undici: (await import("undici8")) as unknown as Undici }];
}

export type Fetch = (url: string | URL, init?: object) => Promise<Response>;

export function fetches({ name, undici }: Version): readonly (readonly [string, Fetch])[] {
  return [
    [`fetch of ${name}`, undici.fetch],
    [`built-in fetch under ${name}`, (url, init) => fetch(url, init)],
  ];
}

/** Waits for what happens elsewhere in its own time; a quarter of a minute is for ever, on a busy machine as well. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const started = performance.now();
  while (!condition()) {
    if (performance.now() - started > 15_000) assert.fail(`Never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Bench {
  readonly pool: ExitPool;
  readonly dispatcher: Dispatcher;
  readonly server: HttpServer;
}

export interface BenchOptions extends ExitPoolOptions {
  dispatcher?: ExitDispatcherOptions;
  server?: HttpServerOptions;
  handler?: HttpServerHandler;
}

/**
 * A pool with a dispatcher, and a server. At the end of the test: every lease is back, the pool closes, and the server has
 * no socket left.
 */
export async function bench(t: TestContext, { undici }: Version, options: BenchOptions = {}): Promise<Bench> {
  const { dispatcher: dispatcherOptions, server: serverOptions, handler, ...poolOptions } = options;
  const server = await startHttpServer(handler, serverOptions);
  const pool = createExitPool({ exits: { local: ["127.0.0.2", "127.0.0.3", "127.0.0.4"] }, ...poolOptions });
  const dispatcher = createExitDispatcher(undici, pool, dispatcherOptions);
  await pool.ready();
  t.after(async () => {
    try {
      await until(`no lease is out (${pool.status().inflight})`, () => pool.status().inflight === 0);
      await pool.close();
      await until(`the server has no sockets (${server.sockets})`, () => server.sockets === 0);
      await until("the server serves nobody", () => server.live === 0);
    } finally {
      await pool.close();
      await server.close();
    }
  });
  return { pool, dispatcher, server };
}

export async function socks(t: TestContext, options?: SocksServerOptions): Promise<SocksServer> {
  const proxy = await startSocksServer(options);
  t.after(() => proxy.close());
  return proxy;
}

/** The error that a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  assert.fail("It was not rejected.");
}

/** Two legs for each GET, HEAD and OPTIONS. */
export const TWO_LEGS: ExitPoolOptions = { defaults: { race: { mode: "race", width: 2 } } };

/** Fails the test on anything that escapes. */
export function nothingEscapes(t: TestContext): void {
  const escaped: unknown[] = [];
  const note = (error: unknown): void => void escaped.push(error);
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  t.after(() => {
    process.off("uncaughtException", note);
    process.off("unhandledRejection", note);
    assert.deepEqual(escaped, []);
  });
}
