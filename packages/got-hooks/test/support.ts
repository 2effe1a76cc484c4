import assert from "node:assert/strict";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import type { TestContext } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions } from "@multihome/core";
import { startHttpServer } from "@multihome/core/testing";
import type { HttpServer, HttpServerHandler, HttpServerOptions } from "@multihome/core/testing";
import type { ExtendOptions, Got } from "got";
import { gotHooks } from "../src/index.ts";

export interface Client {
  readonly name: string;
  readonly version: 14 | 15 | 16;
  readonly got: Got;
}

const [major] = process.versions.node.split(".").map(Number);

/** Every got that this Node can load: 15 and 16 want Node 22. */
export const clients: readonly Client[] = await Promise.all(
  ([["got", 14], ["got15", 15], ["got16", 16]] as const)
    .filter(([, version]) => version === 14 || major >= 22)
    .map(async ([name, version]) => ({ name: `got ${version}`, version, got: ((await import(name)) as { default: Got }).default })),
);

const escaped: unknown[] = [];
process.on("unhandledRejection", (reason) => escaped.push(reason));
process.on("uncaughtExceptionMonitor", (error) => escaped.push(error));
process.on("warning", (warning) => {
  if (warning.name === "MaxListenersExceededWarning") escaped.push(warning);
});

export interface Room {
  readonly pool: ExitPool;
  readonly got: Got;
  readonly server: HttpServer;
}

export const LOCAL: ExitPoolOptions = { exits: { local: ["127.0.0.2", "127.0.0.3", "127.0.0.4"] } };

export interface RoomOptions {
  pool?: ExitPoolOptions;
  server?: HttpServerOptions;
  handler?: HttpServerHandler;
  hooks?: ExtendOptions;
  mode?: "request" | "agent";
}

/** A server, a pool and an instance of got; all given back, and looked after, at the end of the test. */
export async function room(t: TestContext, client: Client, options: RoomOptions = {}): Promise<Room> {
  const server = await startHttpServer(options.handler, options.server);
  const pool = createExitPool(options.pool ?? LOCAL);
  await pool.ready();
  const got = client.got.extend(gotHooks(pool, options.mode === undefined ? {} : { mode: options.mode }), { retry: { limit: 0 } }, options.hooks ?? {});
  t.after(async () => {
    try {
      await eventually(() => pool.status().inflight === 0, "a lease is still out");
      await eventually(() => server.live === 0, "the server still has a live request");
      await pool.close();
      await eventually(() => server.sockets === 0, "a socket is still open");
      assert.deepEqual(escaped.splice(0), []);
    } finally {
      await pool.close();
      await server.close();
    }
  });
  return { pool, got, server };
}

/** Waits for something that is on its way; ten seconds are for a machine that does other things, too. */
export async function eventually(holds: () => boolean, otherwise: string): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 5) {
    if (holds()) return;
    await delay(5);
  }
  assert.fail(otherwise);
}

export interface Failure extends Error {
  readonly code: string;
  readonly event?: string;
  readonly response?: { readonly statusCode: number; readonly body: unknown };
  readonly cause?: { readonly code?: string; readonly message?: string };
}

/** The error that a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof Error, "it should have been rejected");
  return outcome as Failure;
}

export interface Echo {
  readonly id: number;
  readonly connection: number;
  readonly address: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string | undefined>;
  readonly body: string;
}
