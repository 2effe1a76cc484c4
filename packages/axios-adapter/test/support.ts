import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions } from "@multihome/core";
import { startHttpServer } from "@multihome/core/testing";
import type { HttpServer, HttpServerHandler, HttpServerOptions } from "@multihome/core/testing";
import axios from "axios";
import type { AxiosInstance, CreateAxiosDefaults } from "axios";
import { axiosAdapter } from "../src/index.ts";

export async function server(t: TestContext, handler?: HttpServerHandler, options?: HttpServerOptions): Promise<HttpServer> {
  const running = await startHttpServer(handler, options);
  t.after(() => running.close());
  return running;
}

/** A pool that has to be empty at the end of its test: every lease back, before it is closed. */
export function makePool(t: TestContext, options: ExitPoolOptions = {}): ExitPool {
  const pool = createExitPool({ exits: { local: locals(3) }, ...options });
  t.after(async () => {
    try {
      await until(() => pool.status().inflight === 0, `every lease comes back, ${pool.status().inflight} are out`);
    } finally {
      await pool.close();
    }
  });
  return pool;
}

export function client(pool: ExitPool, defaults: CreateAxiosDefaults = {}): AxiosInstance {
  return axios.create({ adapter: axiosAdapter(pool), ...defaults });
}

export function locals(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, i) => `127.0.7.${from + i}`);
}

/** Two legs for every request that may have them. */
export const RACING: Pick<ExitPoolOptions, "defaults"> = { defaults: { race: { mode: "race", width: 2 } } };

/** Resolves when `condition` holds; fails loudly when it does not within ten seconds, which is for ever here. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<AnyError> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    assert.ok(error instanceof Error, `rejected with ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: `expected a rejection, got ${String((value as { status?: unknown } | undefined)?.status ?? value).slice(0, 100)}` });
}

export interface AnyError extends Error {
  code?: string;
  isAxiosError?: boolean;
  config?: { url?: string; httpAgent?: unknown; headers?: unknown };
  request?: unknown;
  response?: { status: number; data: unknown; config: unknown };
  cause?: unknown;
  target?: string;
}
