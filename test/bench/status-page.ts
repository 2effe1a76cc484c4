// What it costs to be looked at through the status page: CPU of one second's frame at 20,000 exits while requests go on, what is
// sent for it, and the same with many targets.
// npm run bench -- status-page
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { createExitPool } from "@multihome/core";
import type { ExitPool } from "@multihome/core";
import { ManualClock } from "@multihome/core/testing";
import { statusHandler } from "@multihome/status-page";
import { answering } from "../support/answering-driver.ts";

const { values: given } = parseArgs({ options: { exits: { type: "string", default: "20000" }, seconds: { type: "string", default: "30" }, requests: { type: "string", default: "1000" } } });
const EXITS = Number(given.exits);
const SECONDS = Number(given.seconds);
/** Requests in each of them. */
const REQUESTS = Number(given.requests);


interface Measured {
  readonly targets: number;
  readonly viewers: number;
  /** CPU of `pool.overview()` alone, in milliseconds. */
  readonly overviewMs: number;
  /** CPU of a whole second: the overview, the frame, and what `viewers` ask for. */
  readonly frameMs: number;
  /** The same with nobody looking: what the requests themselves take. */
  readonly idleMs: number;
  readonly frameBytes: number;
  readonly changedBytes: number;
  readonly allBytes: number;
}

async function measure(targets: number, viewers: number): Promise<Measured> {
  const clock = new ManualClock();
  const proxies = Array.from({ length: EXITS }, (_, i) => `socks5://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1080`);
  const pool = createExitPool({ clock, exits: { proxies, strategy: "rotate" }, maxInFlight: 1e9, defaults: { spacing: 0, race: { mode: "off" }, limits: [{ name: "r", unit: "request", limit: 100, per: "1m", align: "fixed" }] } });
  await pool.ready();
  // Every exit has been used at every target.
  for (let target = 0; target < targets; target++) send(pool, target, EXITS);
  const handler = statusHandler(pool);
  const idleMs = await seconds(clock, () => spread(pool, targets));

  const readers = await Promise.all(Array.from({ length: viewers }, async () => ((await handler(new Request("http://127.0.0.1/?data=stream"))).body as ReadableStream<Uint8Array>).getReader()));
  for (const reader of readers) await reader.read();
  const bytes = { frame: 0, changed: 0, all: 0 };
  const ask = async (query: string): Promise<ArrayBuffer> => (await handler(new Request(`http://127.0.0.1/?data=${query}`))).arrayBuffer();
  const whole = await ask("columns");
  bytes.all = whole.byteLength;
  let [, revision, seq] = new Uint32Array(whole, 0, 3);
  const lookedAtMs = await seconds(clock, async () => {
    spread(pool, targets);
    await clock.advance(0);
    for (const reader of readers) bytes.frame = (await reader.read()).value?.byteLength ?? 0;
    for (let viewer = 0; viewer < viewers; viewer++) {
      const changed = await ask(`columns&since=${seq}&revision=${revision}`);
      bytes.changed += changed.byteLength / viewers / SECONDS;
      if (viewer === viewers - 1) [, revision, seq] = new Uint32Array(changed, 0, 3);
    }
  });
  const before = process.cpuUsage();
  for (let i = 0; i < 20; i++) pool.overview();
  const { user, system } = process.cpuUsage(before);
  for (const reader of readers) await reader.cancel();
  await pool.close();
  return { targets, viewers, overviewMs: (user + system) / 20_000, frameMs: lookedAtMs - idleMs, idleMs, frameBytes: bytes.frame, changedBytes: Math.round(bytes.changed), allBytes: bytes.all };
}

/** CPU of one of the pool's seconds, in milliseconds. */
async function seconds(clock: ManualClock, work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let second = 0; second < SECONDS; second++) {
    await clock.advance(1_000);
    await work();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / SECONDS;
}

function spread(pool: ExitPool, targets: number): void {
  for (let target = 0; target < targets; target++) send(pool, target, Math.ceil(REQUESTS / targets));
}

function send(pool: ExitPool, target: number, count: number): void {
  const host = `host-${target}.test`;
  for (let i = 0; i < count; i++) pool.drive({ method: "GET", url: `http://${host}/`, host, path: "/" }, answering);
}

const results: Measured[] = [];
for (const [targets, viewers] of [[1, 1], [1, 10], [10, 1], [50, 1]] as const) {
  const result = await measure(targets, viewers);
  results.push(result);
  const { overviewMs, frameMs, idleMs, frameBytes, changedBytes, allBytes } = result;
  console.log(`${EXITS} exits, ${targets} targets, ${viewers} viewers: a second costs ${frameMs.toFixed(1)} ms of CPU (overview ${overviewMs.toFixed(1)}; ${REQUESTS} requests themselves ${idleMs.toFixed(1)}); frame ${frameBytes} bytes, changed rows ${changedBytes}, all rows ${allBytes}`);
}
const dir = process.env["MULTIHOME_BENCH_RESULTS"];
if (dir !== undefined) {
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, "status-page.json"), `${JSON.stringify({ exits: EXITS, requestsPerSecond: REQUESTS, results }, null, 2)}\n`);
}
