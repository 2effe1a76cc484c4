import axios from "axios";
import got from "got";
import { getGlobalDispatcher, setGlobalDispatcher } from "undici";
import { axiosAdapter } from "@multihome/axios-adapter";
import type { ExitPool } from "@multihome/core";
import { gotHooks } from "@multihome/got-hooks";
import { ExitDispatcher } from "@multihome/undici-dispatcher";
import { sendByAxios, sendByFetch, sendByGot } from "./clients.ts";
import type { Meter } from "./meters.ts";
import type { RunResult } from "./plain.ts";
import { showProgress } from "./progress.ts";
import type { Stage } from "./stage.ts";
import { say } from "./terminal.ts";
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
export async function runPooled(stage: Stage, pace: Pace): Promise<PooledResult> {
  const { exchange, pool, ways } = stage;
  announce(ways);
  stage.openLog();
  const tally: Tally = { asked: 0, served: 0, refused: 0, failed: 0 };
  await pool.ready();
  await sendThrough(stage, "pooled", pace, tally);
  const proxies = reportProxies(pool, ways);
  const localCount = ways.local.length;
  // The dead proxy's address is nobody's, and the exchange never sees it.
  const addresses = localCount + (ways.proxiesHaveAddresses ? 3 : 1);
  return { name: "through the pool", addresses, books: exchange.books(), tally, localCount, proxies };
}

/** Goes on sending for whoever looks at the page, until the program is ended. */
export async function sendOn(stage: Stage, pace: Pace): Promise<never> {
  for (let round = 1; ; round++) await sendThrough(stage, `on-${round}`, pace, { asked: 0, served: 0, refused: 0, failed: 0 });
}

function announce({ local, proxiesHaveAddresses }: WaysOut): void {
  const own = local.length === 0 ? "" : `${local.length} loopback addresses and `;
  say(`  Exits: ${own}four SOCKS5 proxies, one healthy, one slow, one flaky, one dead.`);
  if (local.length === 0) say("  Addresses such as 127.0.1.1 cannot be bound on this machine, so the SOCKS5 proxies are the only exits.");
  if (!proxiesHaveAddresses) say("  They leave by one address, and share what the exchange allows it; most requests will still be waiting at the end.");
}

/** Each client is told of the pool in one line; how it is used afterwards is in clients.ts, and has no part in this. */
async function sendThrough({ exchange, pool, ways }: Stage, run: string, pace: Pace, tally: Tally): Promise<void> {
  const { url } = exchange;
  const before = getGlobalDispatcher();
  const byAxios = sendByAxios(axios.create({ adapter: axiosAdapter(pool) }), url);
  const byGot = sendByGot(got.extend(gotHooks(pool)), url);
  setGlobalDispatcher(new ExitDispatcher(pool));
  const byFetch = sendByFetch(url);

  const stop = showProgress(exchange, () => {
    const { inflight, tasks, targets } = pool.status();
    return { sent: inflight, waiting: tasks.pending, meters: metersOf(targets["binance"].exits, ways) };
  });
  try {
    await runWorkload(run, [byAxios, byGot, byFetch], pace, tally);
  } finally {
    stop();
    setGlobalDispatcher(before);
  }
}

const OUT: ReadonlySet<string> = new Set(["cooldown", "banned", "dead"]);

function metersOf(exits: ReturnType<ExitPool["status"]>["targets"][string]["exits"], { proxies }: WaysOut): Meter[] {
  const names = new Map(Object.entries(proxies).map(([name, url]) => [url, `${name} proxy`]));
  return Object.entries(exits).map(([id, { status, limits }]) => ({ name: names.get(id) ?? id, used: limits[0]?.used ?? 0, state: OUT.has(status) ? status : undefined }));
}

function reportProxies(pool: ExitPool, { proxies }: WaysOut): ExitReport[] {
  const { exits } = pool.status().targets["binance"];
  return Object.entries(proxies).map(([name, url]) => {
    const { success, fail } = exits[url] ?? { success: 0, fail: 0 };
    return { name, success, fail };
  });
}
