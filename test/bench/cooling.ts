// What a pool costs while every exit rests and 1,000 tasks wait, on the real clock: share of a core, wake-ups; how soon it
// sends once the first exit is back, and how much of the rate that its spacing allows it then reaches. Beside it a queue that
// looks every 50 ms whether it may send, as programs do.
// npm run bench -- cooling
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { createExitPool } from "@multihome/core";
import type { Clock } from "@multihome/core";
import { scriptedTransport } from "@multihome/core/testing";

const TASKS = 1_000;
const EXITS = 1_000;
const REST_MS = 8_000;
const SPACING_MS = 50;
const RATE_FOR_MS = 4_000;

/** The system's, and says how often it has woken somebody. */
class CountingClock implements Clock {
  fired = 0;
  now = (): number => performance.now();
  wallTime = (): number => Date.now();
  setTimeout = (callback: () => void, ms: number): unknown =>
    setTimeout(() => {
      this.fired++;
      callback();
    }, ms);
  clearTimeout = (handle: unknown): void => clearTimeout(handle as NodeJS.Timeout);
}

interface Quiet {
  readonly cpuShare: number;
  readonly wakeUpsPerSecond: number;
}

async function quiet(until: number, fired: () => number): Promise<Quiet> {
  const startedAt = performance.now();
  const before = { cpu: process.cpuUsage(), fired: fired() };
  await delay(until - startedAt);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(before.cpu);
  return { cpuShare: (user + system) / 1e6 / seconds, wakeUpsPerSecond: (fired() - before.fired) / seconds };
}

async function ours(): Promise<Quiet & { firstAfterMs: number; rateShare: number }> {
  const clock = new CountingClock();
  const pool = createExitPool({
    exits: { proxies: Array.from({ length: EXITS }, (_, index) => `socks5://10.0.${index >> 8}.${index & 255}:1080`), strategy: "score" },
    queue: { onOpen: "queue", timeout: false, maxAttempts: Infinity, capacity: TASKS },
    health: { cooldownBase: REST_MS, cooldownMax: "1h", cooldownAfter: 1 },
    defaults: { spacing: SPACING_MS, race: { mode: "off" }, breaker: { probeEvery: "1h" } },
    summaryEvery: false,
    clock,
  });
  await pool.ready();
  let restsUntil = Infinity;
  let resting = 0;
  pool.on("multihome:exit.changed", ({ to, at, cooldownMs = 0 }) => {
    if (to !== "cooldown") return;
    resting++;
    restsUntil = Math.min(restsUntil, at + cooldownMs);
  });
  let works = "";
  const transport = scriptedTransport(({ exit, at }) => {
    if (at >= restsUntil && works === "") works = exit;
    return exit === works ? {} : { error: "ECONNREFUSED", unsent: true };
  });
  for (let task = 0; task < TASKS; task++) pool.run({ method: "GET", url: `http://target.test/${task}` }, transport).catch(() => undefined);
  while (resting < EXITS) await delay(10);
  const sent = transport.sent.length;
  await delay(200);

  const asleep = await quiet(restsUntil - 200, () => clock.fired);
  if (transport.sent.length !== sent) throw new Error("Something was sent through an exit that rests.");
  await delay(restsUntil + 1_000 - performance.now());
  const firstAfterMs = (transport.sent[sent]?.at ?? Infinity) - restsUntil;
  // The others have failed their trials by now, and rest again.
  const served = transport.sentBy()[works] ?? 0;
  const from = performance.now();
  await delay(RATE_FOR_MS);
  const rateShare = ((transport.sentBy()[works] ?? 0) - served) / ((performance.now() - from) / SPACING_MS);
  await pool.close({ drain: 0 });
  return { ...asleep, firstAfterMs, rateShare };
}

async function polling(): Promise<Quiet> {
  const waiting = Array.from({ length: TASKS }, (_, task) => task);
  const readyAt = new Float64Array(EXITS).fill(performance.now() + REST_MS);
  let fired = 0;
  let found = 0;
  const timer = setInterval(() => {
    fired++;
    const now = performance.now();
    for (const _task of waiting) found += readyAt.findIndex((at) => at <= now) + 1;
  }, 50);
  const cost = await quiet(performance.now() + 2_000, () => fired);
  clearInterval(timer);
  if (found > 0) throw new Error("An exit is back too soon.");
  return cost;
}

const pool = await ours();
const queue = await polling();
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 2 : 0)} %`;
console.log(`${EXITS} exits rest, ${TASKS} tasks wait`);
console.log(`  ours              ${percent(pool.cpuShare).padStart(8)} of a core   ${pool.wakeUpsPerSecond.toFixed(1).padStart(5)} wake-ups a second`);
console.log(`  polls every 50 ms ${percent(queue.cpuShare).padStart(8)} of a core   ${queue.wakeUpsPerSecond.toFixed(1).padStart(5)} wake-ups a second`);
console.log(`  first send ${pool.firstAfterMs.toFixed(1)} ms after the first exit is back, then ${percent(pool.rateShare)} of what its spacing allows`);

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "cooling.json"), `${JSON.stringify({ node: process.version, exits: EXITS, tasks: TASKS, ours: pool, polling: queue }, undefined, 2)}\n`);
}
