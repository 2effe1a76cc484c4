import { createExitPool } from "../../src/index.ts";
import type { ExitPool, ExitPoolOptions, RequestInfo } from "../../src/index.ts";
import { ManualClock } from "../../src/testing/index.ts";

export const HOST = "api.test";

export function get(path = "/", more: Partial<RequestInfo> = {}): RequestInfo {
  return { method: "GET", url: `http://${HOST}${path}`, host: HOST, path, ...more };
}

export function post(path = "/", more: Partial<RequestInfo> = {}): RequestInfo {
  return { method: "POST", url: `http://${HOST}${path}`, host: HOST, path, body: "x", ...more };
}

/** `count` loopback addresses: the only real thing here is that they are bound once. */
export function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `127.0.1.${i + 1}`);
}

/** A pool on a manual clock whose exits are known. */
export async function openPool(options: ExitPoolOptions & { exits?: ExitPoolOptions["exits"] }, count = 3): Promise<{ pool: ExitPool; clock: ManualClock }> {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: addresses(count) }, clock, random: () => 0.5, ...options });
  await pool.ready();
  return { pool, clock };
}

/** Runs what has been started until nothing moves any more. */
export async function settle(clock: ManualClock): Promise<void> {
  await clock.advance(0);
}

/** The outcome of a promise as data. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    const value = await promise;
    return `answer ${(value as { status?: number }).status ?? String(value)}`;
  } catch (error) {
    return `error ${(error as { code?: string }).code ?? String(error)}`;
  }
}
