// One budget for many processes: overshoot and use beside rate-limiter-flexible and bottleneck; reservations a second from one
// process with slices and without; what a reservation from a slice costs.
// npm run bench -- ledger -- --seconds 20 --processes 8
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { noRedis, RedisServer } from "@multihome/core/testing";
import type { Counter } from "@multihome/core";
import { redisLedger, type RedisLedger } from "@multihome/redis-ledger";
import { ENGINES, fight, WINDOWS, type BudgetFigures } from "./ledger/budget.ts";

const { values: given } = parseArgs({ options: { seconds: { type: "string", default: "15" }, processes: { type: "string", default: "8" }, calls: { type: "string", default: "100000" } } });
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

interface Speed {
  readonly what: string;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly roundTrips: number;
}

function counters(key: string): Counter[] {
  return [
    { key: `exit:10.0.0.1|${key}|weight`, units: 2, limit: 2_000_000_000, perMs: 60_000, align: "fixed" },
    { key: `exit:10.0.0.1|${key}|raw`, units: 1, limit: 1_000_000_000, perMs: 300_000, align: "sliding" },
    { key: `account:me|${key}|orders`, units: 1, limit: 1_000_000_000, perMs: 10_000, align: "fixed" },
  ];
}

async function take(ledger: RedisLedger, wanted: Counter[]): Promise<boolean> {
  const now = ledger.tryReserve(wanted, performance.now());
  const answer = now === "unknown" ? await ledger.reserve(wanted) : now;
  if (answer.ok) ledger.settle(answer.token, wanted.map(({ units }) => units), true);
  return answer.ok;
}

/** @param spread over so many exits and targets that none is asked for often enough for a slice */
async function speed(what: string, ledger: RedisLedger, calls: number, lanes: number, spread: number): Promise<Speed> {
  const before = ledger.status().roundTrips;
  const waits = new Float64Array(calls);
  let next = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (next < calls) {
      const i = next++;
      const from = performance.now();
      await take(ledger, counters(spread === 1 ? "api" : `api${i % spread}`));
      waits[i] = performance.now() - from;
    }
  }));
  const ms = performance.now() - began;
  waits.sort();
  return { what, perSecond: (calls / ms) * 1_000, p50: waits[Math.floor(calls * 0.5)], p99: waits[Math.floor(calls * 0.99)], roundTrips: ledger.status().roundTrips - before };
}

/** CPU of tryReserve and settle together, from a slice that is there. */
function cost(ledger: RedisLedger, calls: number): number {
  const wanted = counters("api");
  const units = wanted.map((one) => one.units);
  let granted = 0;
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) {
    const answer = ledger.tryReserve(wanted, 0);
    if (answer === "unknown" || !answer.ok) continue;
    granted++;
    ledger.settle(answer.token, units, true);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / Math.max(1, granted);
}

async function main(): Promise<void> {
  const processes = Number(given.processes);
  const seconds = Number(given.seconds);
  const calls = Number(given.calls);
  const fights: BudgetFigures[] = [];
  console.log(`${processes} processes for ${seconds} s, ${WINDOWS.map(({ limit, perMs }) => `${limit} in ${perMs / 1_000} s`).join(" and ")}, wherever the span begins`);
  for (const engine of ENGINES) {
    const server = await RedisServer.start();
    try {
      const figures = await fight(engine, processes, seconds, server.port);
      fights.push(figures);
      console.log(`  ${engine.padEnd(22)} fullest ${figures.worst.map(percent).join(" and ").padEnd(16)} used ${percent(figures.used).padEnd(6)} grants ${String(figures.grants).padEnd(6)} errors ${String(figures.errors).padEnd(5)} a call p50 ${figures.p50.toFixed(2)} ms, p99 ${figures.p99.toFixed(1)} ms`);
    } finally {
      await server.stop();
    }
  }

  const server = await RedisServer.start();
  const ledger = redisLedger({ url: server.url, deadline: "2s", onUnavailable: "closed" });
  await ledger.ready();
  const speeds: Speed[] = [];
  console.log("\none process, three counters a reservation");
  for (const [what, count, lanes, spread] of [["asking each time, one after another", calls / 20, 1, 5_000], ["asking each time, 64 at once", calls / 4, 64, 5_000], ["with slices, 64 at once", calls * 5, 64, 1]] as const) {
    const figures = await speed(what, ledger, count, lanes, spread);
    speeds.push(figures);
    console.log(`  ${what.padEnd(36)} ${Math.round(figures.perSecond).toLocaleString("en").padStart(10)} a second, p50 ${(figures.p50 * 1_000).toFixed(1)} µs, p99 ${(figures.p99 * 1_000).toFixed(1)} µs, ${figures.roundTrips} round trips for ${count}`);
  }
  const costs: number[] = [];
  for (let round = 0; round < 15; round++) {
    await speed("", ledger, 20_000, 16, 1);
    costs.push(cost(ledger, 20_000));
  }
  costs.sort((a, b) => a - b);
  console.log(`  a reservation from a slice, settled: ${costs[0].toFixed(2)} µs of CPU at best, ${costs[7].toFixed(2)} in the middle of 15 rounds`);
  await ledger.close();
  await server.stop();

  const results = process.env["MULTIHOME_BENCH_RESULTS"];
  if (results !== undefined) {
    mkdirSync(results, { recursive: true });
    writeFileSync(path.join(results, "ledger.json"), `${JSON.stringify({ node: process.version, processes, seconds, fights, speeds, costUs: costs }, undefined, 2)}\n`);
  }
}

if (noRedis() !== false) console.log(`skipped: ${noRedis()}`);
else await main();
