import { fork } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { startExchange, type ExchangeBooks } from "@multihome/core/testing";
import { LIMITS, WEIGHT, type FleetPlan, type WorkerReport } from "./ledger-plan.ts";

const WORKER = fileURLToPath(new URL("ledger-worker.js", import.meta.url));
/** Start of eight processes on a busy machine, until all have met. */
const WARM_UP_MS = 6_000;

export interface FleetOptions {
  readonly processes: number;
  /** Whole ten seconds are judged. */
  readonly seconds: number;
  readonly storeUrl: string;
  readonly onUnavailable: FleetPlan["onUnavailable"];
  readonly exits?: readonly string[];
  /** While the fleet is running. */
  readonly meanwhile?: () => Promise<void>;
}

interface Seen {
  readonly at: number;
  readonly address: string;
}

export interface FleetFigures {
  readonly refused: number;
  readonly bans: number;
  /** The fullest window of each limit, as a share of it. */
  readonly peak: { weight: number; raw: number; orders: number };
  /** What was used of all windows that were judged. */
  readonly used: { weight: number; raw: number; orders: number };
  /** Windows of weight that went over, by the seconds from the beginning of what is judged. */
  readonly over: readonly { at: number; address: string; used: number; refused: number }[];
  readonly reports: readonly WorkerReport[];
  /** The longest that the judge's process stood still, in milliseconds: what arrived meanwhile is counted later than it came. */
  readonly stoodStillMs: number;
}

/** Several processes that share the limits of two addresses and an account, judged by the exchange's books and clock. */
export async function runFleet(options: FleetOptions): Promise<FleetFigures> {
  const { processes, seconds, storeUrl, onUnavailable, exits = ["127.0.41.1", "127.0.41.2"], meanwhile } = options;
  const seen: Seen[] = [];
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const exchange = await startExchange({
    windowMs: LIMITS.weightMs,
    limit: LIMITS.weight,
    rawWindowMs: LIMITS.rawMs,
    rawLimit: LIMITS.raw,
    ordersPer10s: LIMITS.orders,
    weigh: () => ({ weight: WEIGHT, orders: 1 }),
    latencyMs: 4,
    jitterMs: 10,
    // Whoever goes on after a refusal is told so again, and the books count each of them.
    refusalsBeforeBan: 1_000_000,
  });
  try {
    exchange.intercept(({ address }) => {
      seen.push({ at: exchange.serverTime(), address });
      return undefined;
    });
    const from = Math.ceil((Date.now() + WARM_UP_MS) / LIMITS.ordersMs) * LIMITS.ordersMs;
    const to = from + seconds * 1_000;
    const running = Array.from({ length: processes }, () => runWorker({ storeUrl, exchangePort: exchange.port, exits, onUnavailable, loops: 16, until: to + 300 }));
    const chaos = new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, from - Date.now()))).then(meanwhile);
    const reports = await Promise.all(running);
    await chaos;
    return { ...judge(exchange.books(), seen, { from, to, exits: exits.length }, reports), stoodStillMs: Math.round(delay.max / 1e6) };
  } finally {
    delay.disable();
    await exchange.close();
  }
}

function judge(books: ExchangeBooks, seen: readonly Seen[], { from, to, exits }: { from: number; to: number; exits: number }, reports: readonly WorkerReport[]): Omit<FleetFigures, "stoodStillMs"> {
  const { totals } = books;
  const inside = seen.filter(({ at }) => at >= from && at < to).length;
  const used = (ms: number, limit: number, units: number): number => (inside * units) / (((to - from) / ms) * limit);
  return {
    refused: totals.limited + totals.ordersLimited,
    bans: totals.bans,
    peak: {
      // By the exchange's own books, refused requests included.
      weight: Math.max(0, ...Object.values(books.addresses).map(({ peakUsed }) => peakUsed)) / LIMITS.weight,
      raw: fullest(seen) / LIMITS.raw,
      orders: Math.max(0, ...Object.values(books.accounts).map(({ peak10s }) => peak10s)) / LIMITS.orders,
    },
    used: {
      weight: used(LIMITS.weightMs, LIMITS.weight * exits, WEIGHT),
      raw: used(LIMITS.rawMs, LIMITS.raw * exits, 1),
      orders: used(LIMITS.ordersMs, LIMITS.orders, 1),
    },
    over: Object.entries(books.addresses).flatMap(([address, book]) =>
      book.windows.filter((window) => window.used > window.limit || window.limited > 0).map((window) => ({ at: (window.startsAt - from) / 1_000, address, used: window.used, refused: window.limited })),
    ),
    reports,
  };
}

/** The most requests of one address in one window of their number. */
function fullest(seen: readonly Seen[]): number {
  const windows = new Map<string, number>();
  for (const { at, address } of seen) {
    const name = `${address} ${Math.floor(at / LIMITS.rawMs)}`;
    windows.set(name, (windows.get(name) ?? 0) + 1);
  }
  return Math.max(0, ...windows.values());
}

function runWorker(plan: FleetPlan): Promise<WorkerReport> {
  return new Promise((resolve, reject) => {
    const child = fork(WORKER, [JSON.stringify(plan)], { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] });
    const tooLate = setTimeout(() => child.kill("SIGKILL"), plan.until - Date.now() + 15_000);
    let report: WorkerReport | undefined;
    child.on("message", (message) => {
      report = message as WorkerReport;
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      clearTimeout(tooLate);
      if (report === undefined) reject(new Error(`a process of the fleet ended with ${code ?? signal} and no report (${process.version})`));
      else resolve(report);
    });
  });
}
