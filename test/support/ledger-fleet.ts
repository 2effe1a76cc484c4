import { fork } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { startExchange, type ExchangeBooks } from "@multihome/core/testing";
import { LIMITS, MET, WEIGHT, type FleetPlan, type WorkerReport } from "./ledger-plan.ts";

const WORKER = fileURLToPath(new URL("ledger-worker.js", import.meta.url));
/** From when all have met until the first window that is judged, at least: connections are made, and slices found to be worth their while. */
const WARM_UP_MS = 500;
/** For processes to start and to meet; for one of them to end after its time. */
const MEET_MS = 60_000;
const END_MS = 15_000;

export interface FleetOptions {
  readonly processes: number;
  /** Whole ten seconds are judged. */
  readonly seconds: number;
  /** Of all, or of the process of that number: some may go another way than others. */
  readonly storeUrl: string | ((process: number) => string);
  readonly onUnavailable: FleetPlan["onUnavailable"];
  readonly exits?: readonly string[];
  /** The exchange refuses nothing and says nothing of what is used, so that only the ledger keeps the limits. */
  readonly mute?: boolean;
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
  /** The same of the worst of the fleet. */
  readonly workersStoodStillMs: number;
}

/** Several processes that share the limits of two addresses and an account, judged by the exchange's books and clock. */
export async function runFleet(options: FleetOptions): Promise<FleetFigures> {
  const { processes, seconds, storeUrl, onUnavailable, exits = ["127.0.41.1", "127.0.41.2"], mute = false, meanwhile } = options;
  const seen: Seen[] = [];
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const exchange = await startExchange({
    windowMs: LIMITS.weightMs,
    limit: mute ? 1e9 : LIMITS.weight,
    rawWindowMs: LIMITS.rawMs,
    rawLimit: mute ? 1e9 : LIMITS.raw,
    ordersPer10s: mute ? 1e9 : LIMITS.orders,
    weigh: () => ({ weight: WEIGHT, orders: 1 }),
    latencyMs: 4,
    jitterMs: 10,
    // Whoever goes on after a refusal is told so again, and the books count each of them.
    refusalsBeforeBan: 1_000_000,
  });
  try {
    exchange.intercept(({ address }) => {
      seen.push({ at: exchange.serverTime(), address });
      return mute ? { status: 200, headers: {}, body: "{}" } : undefined;
    });
    const workers = Array.from({ length: processes }, (_, i) =>
      startWorker({ storeUrl: typeof storeUrl === "string" ? storeUrl : storeUrl(i), exchangePort: exchange.port, exits, onUnavailable, loops: 16, processes, mute }),
    );
    await Promise.all(workers.map(({ met }) => met));
    const from = Math.ceil((Date.now() + WARM_UP_MS) / LIMITS.ordersMs) * LIMITS.ordersMs;
    const to = from + seconds * 1_000;
    delay.reset();
    const running = workers.map((worker) => worker.run(to + 300));
    const chaos = new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, from - Date.now()))).then(meanwhile);
    const reports = await Promise.all(running);
    await chaos;
    return { ...judge(exchange.books(), seen, { from, to, exits: exits.length, mute }, reports), stoodStillMs: Math.round(delay.max / 1e6), workersStoodStillMs: most(reports.map(({ stoodStillMs }) => stoodStillMs)) };
  } finally {
    delay.disable();
    await exchange.close();
  }
}

function judge(books: ExchangeBooks, seen: readonly Seen[], { from, to, exits, mute }: { from: number; to: number; exits: number; mute: boolean }, reports: readonly WorkerReport[]): Omit<FleetFigures, "stoodStillMs" | "workersStoodStillMs"> {
  const { totals } = books;
  const inside = seen.filter(({ at }) => at >= from && at < to).length;
  const used = (ms: number, limit: number, units: number): number => (inside * units) / (((to - from) / ms) * limit);
  return {
    refused: totals.limited + totals.ordersLimited,
    bans: totals.bans,
    peak: {
      // By the exchange's own books as well, which hold what it refused.
      weight: Math.max((fullest(seen, LIMITS.weightMs, ({ address }) => address) * WEIGHT) / LIMITS.weight, mute ? 0 : most(Object.values(books.addresses).map(({ peakUsed }) => peakUsed)) / LIMITS.weight),
      raw: fullest(seen, LIMITS.rawMs, ({ address }) => address) / LIMITS.raw,
      orders: Math.max(fullest(seen, LIMITS.ordersMs, () => "account"), most(Object.values(books.accounts).map(({ peak10s }) => peak10s))) / LIMITS.orders,
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

/** The most requests of one in one window, each of which begins with the exchange's clock. */
function fullest(seen: readonly Seen[], perMs: number, whose: (one: Seen) => string): number {
  const windows = new Map<string, number>();
  for (const one of seen) {
    const name = `${whose(one)} ${Math.floor(one.at / perMs)}`;
    windows.set(name, (windows.get(name) ?? 0) + 1);
  }
  return most([...windows.values()]);
}

function most(figures: readonly number[]): number {
  return Math.max(0, ...figures);
}

interface Worker {
  /** It knows of all the others. */
  readonly met: Promise<void>;
  run(until: number): Promise<WorkerReport>;
}

function startWorker(plan: FleetPlan): Worker {
  const child = fork(WORKER, [JSON.stringify(plan)], { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] });
  let timer = setTimeout(() => child.kill("SIGKILL"), MEET_MS);
  let report: WorkerReport | undefined;
  const ended = new Promise<WorkerReport>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      if (report === undefined) reject(new Error(`a process of the fleet ended with ${code ?? signal} and no report (${process.version})`));
      else resolve(report);
    });
  });
  const met = new Promise<void>((resolve, reject) => {
    ended.catch(reject);
    child.on("message", (message) => {
      if (message === MET) resolve();
      else report = message as WorkerReport;
    });
  });
  return {
    met,
    run(until) {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill("SIGKILL"), until - Date.now() + END_MS);
      child.send(until);
      return ended;
    },
  };
}
