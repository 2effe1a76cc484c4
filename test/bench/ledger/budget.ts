import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Two linked sliding windows, weights as they come. */
export const WINDOWS = [{ perMs: 1_000, limit: 200 }, { perMs: 5_000, limit: 800 }] as const;
export const WEIGHTS = [1, 1, 2, 5, 10, 20] as const;
/** Of each process. */
export const LANES = 16;
export const ENGINES = ["multihome", "rate-limiter-flexible", "bottleneck"] as const;

export interface ContenderReport {
  readonly log: readonly [at: number, weight: number][];
  readonly waits: readonly number[];
  readonly errors: number;
}

export interface BudgetFigures {
  readonly engine: string;
  /** The fullest span of each length, wherever it begins, as a share of its limit. */
  readonly worst: readonly number[];
  /** Of what the longest window allows. */
  readonly used: number;
  readonly grants: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
}

/** Several processes fight for one budget; judged are all grants together, by the clock of the machine that they share. */
export async function fight(engine: string, processes: number, seconds: number, port: number): Promise<BudgetFigures> {
  const script = fileURLToPath(new URL("contender.js", import.meta.url));
  const children = Array.from({ length: processes }, () => fork(script, [engine, String(port)], { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] }));
  await Promise.all(children.map((child) => new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`a process of ${engine} ended with ${code}`)));
  })));
  // The first calls after the start of eight processes are nobody's measure.
  const began = Date.now() + 200;
  const end = began + seconds * 1_000;
  const reports = await Promise.all(children.map((child) => new Promise<ContenderReport>((resolve, reject) => {
    child.once("message", (report) => resolve(report as ContenderReport));
    child.once("exit", (code) => reject(new Error(`a process of ${engine} ended with ${code}`)));
    child.send(end);
  })));
  const log = reports.flatMap((report) => report.log).sort(([a], [b]) => a - b);
  const waits = Float64Array.from(reports.flatMap((report) => report.waits)).sort();
  const weight = log.reduce((sum, [, units]) => sum + units, 0);
  const longest = WINDOWS[WINDOWS.length - 1];
  // The first window is full at once, and every further one as it drains.
  const offered = longest.limit * (1 + Math.max(0, end - began - longest.perMs) / longest.perMs);
  return {
    engine,
    worst: WINDOWS.map(({ perMs, limit }) => fullest(log, perMs) / limit),
    used: weight / offered,
    grants: log.length,
    errors: reports.reduce((sum, report) => sum + report.errors, 0),
    p50: waits[Math.floor(waits.length * 0.5)],
    p99: waits[Math.floor(waits.length * 0.99)],
  };
}

function fullest(log: readonly (readonly [number, number])[], perMs: number): number {
  let sum = 0;
  let most = 0;
  let first = 0;
  for (const [at, weight] of log) {
    sum += weight;
    while (log[first][0] <= at - perMs) sum -= log[first++][1];
    if (sum > most) most = sum;
  }
  return most;
}
