import { fork } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startExchange, type ExchangeBooks } from "@multihome/core/testing";
import { HEAVY, ORDERS_MS, type FleetLimits, type FleetPlan, type WorkerReport } from "./ledger-plan.ts";

const WORKER = fileURLToPath(new URL("ledger-worker.js", import.meta.url));
/** Start of eight processes on a busy machine, until all have met. */
const WARM_UP_MS = 4_000;

export interface FleetOptions {
  readonly processes: number;
  /** Whole ten seconds are judged. */
  readonly seconds: number;
  readonly storeUrl: string;
  readonly onUnavailable: FleetPlan["onUnavailable"];
  readonly exits?: readonly string[];
  readonly limits?: FleetLimits;
  /** While the fleet is running. */
  readonly meanwhile?: () => Promise<void>;
}

export interface FleetFigures {
  readonly refused: number;
  readonly bans: number;
  /** The fullest window of each limit, as a share of it. */
  readonly peak: { weight: number; raw: number; orders: number };
  /** What was used of all windows that were judged. */
  readonly used: { weight: number; raw: number; orders: number };
  readonly windows: number;
  /** Windows of weight that went over, by the seconds from the beginning of what is judged. */
  readonly over: readonly { at: number; address: string; used: number; refused: number }[];
  readonly reports: readonly WorkerReport[];
}

const LIMITS: FleetLimits = { weight: 600, weightMs: 5_000, raw: 600, rawMs: 10_000, orders: 100 };

/** Several processes that share the limits of some addresses and an account, judged by the exchange's books and clock. */
export async function runFleet(options: FleetOptions): Promise<FleetFigures> {
  const { processes, seconds, storeUrl, onUnavailable, exits = ["127.0.41.1", "127.0.41.2"], limits = LIMITS, meanwhile } = options;
  const seen: { at: number; path: string; address: string; refused: boolean }[] = [];
  const exchange = await startExchange({
    windowMs: limits.weightMs,
    limit: limits.weight,
    rawWindowMs: limits.rawMs,
    rawLimit: limits.raw,
    ordersPer10s: limits.orders,
    weigh: ({ path }) => ({ weight: path === "/heavy" ? HEAVY : 0, orders: path === "/order" ? 1 : 0 }),
    latencyMs: 4,
    jitterMs: 10,
    refusalsBeforeBan: 1_000_000,
    intercept: undefined,
  });
  try {
    exchange.intercept(({ path, address }) => {
      seen.push({ at: exchange.serverTime(), path, address, refused: false });
      return undefined;
    });
    const from = Math.ceil((Date.now() + WARM_UP_MS) / ORDERS_MS) * ORDERS_MS;
    const to = from + seconds * 1_000;
    // What weight and orders leave of the number of requests, and a tenth more.
    const others = (limits.weight / HEAVY) * (limits.rawMs / limits.weightMs) * exits.length + limits.orders;
    const lightPerSecond = ((limits.raw * exits.length - others) * 1.1) / (limits.rawMs / 1_000) / processes;
    const plan: FleetPlan = { storeUrl, exchangePort: exchange.port, exits, limits, onUnavailable, lightPerSecond, heavyLoops: 8, orderLoops: 3, until: to + 300 };
    const running = Array.from({ length: processes }, () => runWorker(plan));
    const chaos = new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, from - Date.now()))).then(meanwhile);
    const reports = await Promise.all(running);
    await chaos;
    return judge(exchange.books(), seen, { from, to, exits: exits.length, limits }, reports);
  } finally {
    await exchange.close();
  }
}

function judge(
  books: ExchangeBooks,
  seen: readonly { at: number; path: string; address: string }[],
  { from, to, exits, limits }: { from: number; to: number; exits: number; limits: FleetLimits },
  reports: readonly WorkerReport[],
): FleetFigures {
  const { totals } = books;
  const inside = seen.filter(({ at }) => at >= from && at < to);
  const weight = tally(inside.filter(({ path }) => path === "/heavy"), limits.weightMs, HEAVY);
  const raw = tally(inside, limits.rawMs, 1);
  const orders = tally(inside.filter(({ path }) => path === "/order").map((one) => ({ ...one, address: "" })), ORDERS_MS, 1);
  const used = (windows: readonly number[], ms: number, limit: number, counters: number): number => sum(windows) / (((to - from) / ms) * limit * counters);
  const peakOf = (values: readonly number[]): number => Math.max(0, ...values);
  return {
    refused: totals.limited + totals.ordersLimited,
    bans: totals.bans,
    peak: {
      // By the exchange's own books, refused requests included.
      weight: peakOf(Object.values(books.addresses).map(({ peakUsed }) => peakUsed)) / limits.weight,
      raw: peakOf(tally(seen, limits.rawMs, 1)) / limits.raw,
      orders: peakOf(Object.values(books.accounts).map(({ peak10s }) => peak10s)) / limits.orders,
    },
    used: {
      weight: used(weight, limits.weightMs, limits.weight, exits),
      raw: used(raw, limits.rawMs, limits.raw, exits),
      orders: used(orders, ORDERS_MS, limits.orders, 1),
    },
    windows: (to - from) / limits.weightMs,
    over: Object.entries(books.addresses).flatMap(([address, book]) =>
      book.windows.filter((window) => window.used > window.limit || window.limited > 0).map((window) => ({ at: (window.startsAt - from) / 1_000, address, used: window.used, refused: window.limited })),
    ),
    reports,
  };
}

/** Units by address and window. */
function tally(list: readonly { at: number; address: string }[], windowMs: number, units: number): number[] {
  const windows = new Map<string, number>();
  for (const { at, address } of list) {
    const name = `${address} ${Math.floor(at / windowMs)}`;
    windows.set(name, (windows.get(name) ?? 0) + units);
  }
  return [...windows.values()];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
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
