// Slots: what a round costs, how exact the rhythm is, and what comes of slots and delays at an exchange.
// npm run bench -- slots [-- rounds]
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ResponseInfo, SlotRun, Transport } from "@multihome/core";
import { createExchangeCore, ManualClock, seededRandom } from "@multihome/core/testing";
import { binanceSpot } from "@multihome/core/venues";
import PQueue from "p-queue";

const ROUNDS = Number(process.argv[2] ?? 40_000);
const SAMPLES = 5;
const SLOTS = 50;
const REQUEST = { method: "GET", url: "http://api.test/", host: "api.test", path: "/" };

const addresses = (count: number): string[] => Array.from({ length: count }, (_, index) => `127.0.${34 + Math.floor(index / 250)}.${(index % 250) + 1}`);
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const quantile = (values: readonly number[], share: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** Microseconds of a round whose worker does nothing: the scheduling alone. */
async function costs(): Promise<Record<string, number>> {
  const pool = createExitPool({ exits: { local: addresses(250) } });
  await pool.ready();
  const items = Array.from({ length: ROUNDS }, (_, index) => index);
  const nothing = async (): Promise<void> => {};
  const contestants: Record<string, () => Promise<unknown>> = {
    "slots, leases that pin": () => pool.slots(items, nothing, { slots: SLOTS }).done,
    "slots, leases that reserve": () => pool.slots(items, nothing, { slots: SLOTS, request: () => REQUEST }).done,
    "p-queue of 50, no exits": () => new PQueue({ concurrency: SLOTS }).addAll(items.map(() => nothing)),
  };
  const taken: Record<string, number[]> = {};
  // One after the other in each sample, so that what the machine does else falls on all of them.
  for (let sample = 0; sample <= SAMPLES; sample++) {
    for (const [name, run] of Object.entries(contestants)) {
      const before = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(before);
      if (sample > 0) (taken[name] ??= []).push((user + system) / ROUNDS);
    }
  }
  await pool.close();
  return Object.fromEntries(Object.entries(taken).map(([name, values]) => [name, median(values)]));
}

/** How late slots begin after their pause, in milliseconds, on the real clock of a machine that may do other things too. */
async function rhythm(): Promise<{ rounds: number; p50: number; p99: number }> {
  const pool = createExitPool({ exits: { local: addresses(250) } });
  await pool.ready();
  const late: number[] = [];
  const lastEnd = new Map<number, number>();
  const run = pool.slots(Array.from({ length: 2_000 }, (_, index) => index), () => new Promise((resolve) => setTimeout(resolve, 10)), { slots: SLOTS, interBatchDelay: 40 });
  for await (const { slot, startedAt, endedAt } of run) {
    const before = lastEnd.get(slot);
    if (before !== undefined) late.push(startedAt - before - 40);
    lastEnd.set(slot, endedAt);
  }
  await pool.close();
  return { rounds: late.length, p50: quantile(late, 0.5), p99: quantile(late, 0.99) };
}

interface Row {
  slots: number;
  delayMs: number;
  perSecond: number;
  perExitPerSecond: number;
  shareOfWindow: number;
  refused: number;
}

/** A pool at a simulated Binance on the manual clock; 40 ms there and back. */
function world(exits: number): { pool: ExitPool; clock: ManualClock; transport: Transport<ResponseInfo>; exchange: ReturnType<typeof createExchangeCore>; refuse: Set<string> } {
  const clock = new ManualClock();
  const exchange = createExchangeCore({ clock });
  const random = seededRandom(7);
  const refuse = new Set<string>();
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, ms));
  const transport: Transport<ResponseInfo> = {
    async send(lease) {
      const ms = 36 + random() * 8;
      await wait(ms / 2);
      const answer = refuse.has(lease.exit.id) ? { status: 429, headers: { "retry-after": "20" } as Record<string, string>, body: "" } : exchange.handle({ address: lease.exit.id, method: "GET", path: "/api/v3/depth", query: "symbol=BTCUSDT&limit=100" });
      await wait(ms / 2);
      return { status: answer.status, header: (name) => answer.headers[name.toLowerCase()] };
    },
    inspect: (response) => response,
    discard: () => undefined,
  };
  const pool = createExitPool({ exits: { local: addresses(exits) }, clock, random, targets: { binance: { ...binanceSpot(), hosts: "api.binance.com" } } });
  return { pool, clock, transport, exchange, refuse };
}

const DEPTH = { method: "GET", url: "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=100", host: "api.binance.com", path: "/api/v3/depth?symbol=BTCUSDT&limit=100" };

function polling({ pool, transport }: ReturnType<typeof world>, slots: number, interBatchDelay: number): SlotRun<number> {
  return pool.slots([1, 2, 3, 4, 5], () => pool.run(DEPTH, transport), { slots, interBatchDelay, cycles: Infinity, request: () => DEPTH });
}

/** Depth of 100 levels costs 5 of 6,000 a minute: an address may ask 20 times a second. */
async function tuning(slots: number, delayMs: number, exits: number): Promise<Row> {
  const there = world(exits);
  const { pool, clock, exchange } = there;
  await pool.ready();
  // Cycles of many items, so that no slot waits for the others at their ends.
  const items = { *[Symbol.iterator]() { for (let i = 0; ; i++) yield i; } };
  const run = pool.slots(items, () => pool.run(DEPTH, there.transport), { slots, interBatchDelay: delayMs, request: () => DEPTH });
  // The first minute brings the windows into step; the second is measured.
  await clock.advance(60_000);
  const before = exchange.books().totals.requests;
  await clock.advance(60_000);
  const { totals } = exchange.books();
  run.abort();
  await pool.close();
  const perSecond = (totals.requests - before) / 60;
  return { slots, delayMs, perSecond, perExitPerSecond: perSecond / exits, shareOfWindow: (perSecond * 60 * 5) / (exits * 6_000), refused: totals.limited + totals.banned };
}

/** Half of the exits are refused for 20 s: what each of the others carries before, meanwhile and after. */
async function backingOff(): Promise<{ before: number; meanwhile: number; after: number }> {
  const there = world(20);
  const { pool, clock, refuse } = there;
  await pool.ready();
  const run = polling(there, 5, 60);
  const perExit = async (ms: number, exits: number): Promise<number> => {
    const { processed } = run.status();
    await clock.advance(ms);
    return (run.status().processed - processed) / exits / (ms / 1_000);
  };
  await clock.advance(5_000);
  const before = await perExit(10_000, 20);
  for (const address of addresses(10)) refuse.add(address);
  await clock.advance(2_000);
  refuse.clear();
  const meanwhile = await perExit(10_000, 10);
  await clock.advance(20_000);
  const after = await perExit(10_000, 20);
  run.abort();
  await pool.close();
  return { before, meanwhile, after };
}

const cost = await costs();
console.log(`a round that does nothing, µs of CPU (median of ${SAMPLES}, ${ROUNDS} rounds, 250 exits, ${SLOTS} slots)`);
for (const [name, us] of Object.entries(cost)) console.log(`  ${name.padEnd(28)} ${us.toFixed(2)}`);

const exact = await rhythm();
console.log(`begins after a pause of 40 ms, ${exact.rounds} rounds of 50 slots: ${exact.p50.toFixed(2)} ms late (median), ${exact.p99.toFixed(2)} (99 %)`);

const rows: Row[] = [];
for (const [slots, delayMs] of [[1, 0], [1, 500], [5, 0], [10, 0], [20, 0], [20, 60]]) rows.push(await tuning(slots, delayMs, 20));
console.log("20 addresses, 40 ms there and back, depth of 100 levels (weight 5 of 6,000 a minute), one minute");
console.log("  slots  delay  requests/s  of each address  of its window  refused");
for (const { slots, delayMs, perSecond, perExitPerSecond, shareOfWindow, refused } of rows) {
  console.log(`  ${String(slots).padStart(5)} ${String(delayMs).padStart(6)} ${perSecond.toFixed(1).padStart(11)} ${perExitPerSecond.toFixed(2).padStart(16)} ${`${(shareOfWindow * 100).toFixed(1)} %`.padStart(14)} ${String(refused).padStart(8)}`);
}

const slower = await backingOff();
console.log(`half of 20 exits backs off, 5 slots: each working exit carries ${slower.before.toFixed(2)} rounds/s before, ${slower.meanwhile.toFixed(2)} meanwhile, ${slower.after.toFixed(2)} after`);

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "slots.json"), `${JSON.stringify({ cost, rhythm: exact, tuning: rows, backingOff: slower }, undefined, 2)}\n`);
}
