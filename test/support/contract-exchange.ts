import { setTimeout as delay } from "node:timers/promises";
import { createExitPool } from "@multihome/core";
import { startExchange, utilisation } from "@multihome/core/testing";
import type { ContractClient } from "./contract-client.ts";

export const WINDOW_MS = 2_000;
/** Weight of an address in a window. */
export const WINDOW_LIMIT = 1_000;
/** Of a request: 200 requests a second over twenty addresses, so that budgets are measured, and not how fast the machine is. */
export const REQUEST_WEIGHT = 50;

export interface WindowFigures {
  readonly client: string;
  readonly exits: number;
  readonly windows: number;
  /** Of `exits` times the limit, over all windows. */
  readonly share: number;
  readonly limited: number;
  readonly banned: number;
  readonly requests: number;
  readonly perSecond: number;
}

/**
 * Requests without a pause through one client and `exits` loopback addresses, against an exchange that limits each address
 * by windows of its own clock. Counted are whole windows, by the exchange's books.
 */
export async function fillWindows(client: ContractClient, exits: number, windows: number): Promise<WindowFigures> {
  const exchange = await startExchange({ windowMs: WINDOW_MS, limit: WINDOW_LIMIT, weigh: () => REQUEST_WEIGHT, latencyMs: 2 });
  const pool = createExitPool({
    exits: { local: Array.from({ length: exits }, (_, index) => `127.0.30.${index + 1}`) },
    defaults: { limits: [{ name: "weight", unit: "weight", limit: WINDOW_LIMIT, per: WINDOW_MS, align: "fixed" }], weights: () => REQUEST_WEIGHT },
  });
  try {
    await pool.ready();
    const sender = client.through(pool);
    const perWindow = (exits * WINDOW_LIMIT) / REQUEST_WEIGHT;
    // The window that has begun is nobody's; the next is the first that counts.
    const from = Math.ceil((Date.now() + 1) / WINDOW_MS) * WINDOW_MS;
    const to = from + windows * WINDOW_MS;
    let requests = 0;
    // Enough are waiting at each turn of a window for what the exits take before any answer is back.
    const workers = Array.from({ length: Math.min(250, perWindow) }, async () => {
      while (Date.now() < to) {
        await sender.send(`${exchange.url}/api/v3/ping`);
        requests += 1;
      }
    });
    await Promise.all([...workers, delay(to - Date.now())]);
    const books = exchange.books();
    const { limited, banned } = books.totals;
    const share = utilisation(books, { from, to, windowMs: WINDOW_MS, limit: WINDOW_LIMIT }, exits);
    return { client: client.name, exits, windows, share, limited, banned, requests, perSecond: (share * perWindow * 1_000) / WINDOW_MS };
  } finally {
    await pool.close();
    await exchange.close();
  }
}
