import axios from "axios";
import got from "got";
import { getGlobalDispatcher, setGlobalDispatcher } from "undici";
import { axiosAdapter } from "@multihome/axios-adapter";
import { createExitPool } from "@multihome/core";
import type { ExitPool, Logger } from "@multihome/core";
import type { Exchange } from "@multihome/core/testing";
import { binanceSpot } from "@multihome/core/venues";
import { gotHooks } from "@multihome/got-hooks";
import { ExitDispatcher } from "@multihome/undici-dispatcher";
import { sendByAxios, sendByFetch, sendByGot } from "./clients.ts";
import { startDemoExchange, WINDOW_LIMIT, WINDOW_MS } from "./exchange.ts";
import type { RunResult } from "./plain.ts";
import { showProgress } from "./progress.ts";
import { dim, say } from "./terminal.ts";
import { openWaysOut } from "./ways-out.ts";
import type { WaysOut } from "./ways-out.ts";
import { runWorkload } from "./workload.ts";
import type { Pace, Tally } from "./workload.ts";

/** What one exit did, as the pool saw it. */
export interface ExitReport {
  readonly name: string;
  readonly success: number;
  readonly fail: number;
}

export interface PooledResult extends RunResult {
  readonly localCount: number;
  readonly proxies: readonly ExitReport[];
}

/** The workload by axios, got and fetch in turn, all through one pool. */
export async function runPooled(pace: Pace): Promise<PooledResult> {
  const exchange = await startDemoExchange();
  const ways = await openWaysOut();
  announce(ways);
  const pool = poolOver(ways);
  const tally: Tally = { asked: 0, served: 0, refused: 0, failed: 0 };
  try {
    await pool.ready();
    await sendThrough(pool, exchange, pace, tally);
    const proxies = reportProxies(pool, ways);
    const localCount = ways.local.length;
    // The dead proxy's address is nobody's, and the exchange never sees it.
    const addresses = localCount + (ways.proxiesHaveAddresses ? 3 : 1);
    return { name: "through the pool", addresses, books: exchange.books(), tally, localCount, proxies };
  } finally {
    await pool.close();
    await Promise.all([ways.close(), exchange.close()]);
  }
}

function announce({ local, proxiesHaveAddresses }: WaysOut): void {
  const own = local.length === 0 ? "" : `${local.length} loopback addresses and `;
  say(`  Exits: ${own}four SOCKS5 proxies, one healthy, one slow, one flaky, one dead.`);
  if (local.length === 0) say("  Addresses such as 127.0.1.1 cannot be bound on this machine, so the SOCKS5 proxies are the only exits.");
  if (!proxiesHaveAddresses) say("  They leave by one address, and share what the exchange allows it; most requests will still be waiting at the end.");
}

function poolOver({ local, proxies, proxiesHaveAddresses }: WaysOut): ExitPool {
  const logger: Logger = { debug: silent, info: print, warn: print, error: print };
  return createExitPool({
    exits: {
      local: local.length === 0 ? false : [...local],
      proxies: Object.values(proxies),
      // Without addresses of their own the proxies share what the exchange allows one address.
      ...(proxiesHaveAddresses ? {} : { egress: () => "127.0.0.1" }),
    },
    targets: {
      binance: {
        ...binanceSpot(),
        hosts: "127.0.0.1",
        // A real program takes binanceSpot() as it is; this exchange has shorter windows.
        limits: [
          { name: "weight-2s", unit: "weight", limit: WINDOW_LIMIT, per: WINDOW_MS, align: "fixed" },
          { name: "orders-10s", unit: "order", limit: 100, per: "10s", align: "fixed", scope: "account" },
        ],
        spacing: 0,
      },
    },
    logger,
  });
}

/** Each client is told of the pool in one line; how it is used afterwards is in clients.ts, and has no part in this. */
async function sendThrough(pool: ExitPool, exchange: Exchange, pace: Pace, tally: Tally): Promise<void> {
  const { url } = exchange;
  const before = getGlobalDispatcher();
  const byAxios = sendByAxios(axios.create({ adapter: axiosAdapter(pool) }), url);
  const byGot = sendByGot(got.extend(gotHooks(pool)), url);
  setGlobalDispatcher(new ExitDispatcher(pool));
  const byFetch = sendByFetch(url);

  const stop = showProgress(exchange, () => {
    const { inflight, tasks } = pool.status();
    return { sent: inflight, waiting: tasks.pending };
  });
  try {
    await runWorkload("pooled", [byAxios, byGot, byFetch], pace, tally);
  } finally {
    stop();
    setGlobalDispatcher(before);
  }
}

function reportProxies(pool: ExitPool, { proxies }: WaysOut): ExitReport[] {
  const { exits } = pool.status().targets["binance"];
  return Object.entries(proxies).map(([name, url]) => {
    const { success, fail } = exits[url] ?? { success: 0, fail: 0 };
    return { name, success, fail };
  });
}

function print(_fields: object, message: string): void {
  say(dim(`  ${message}`));
}

function silent(): void {}
