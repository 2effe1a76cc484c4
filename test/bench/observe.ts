// What it costs to be looked at: a scrape at 20,000 exits × 50 hosts with every cell in use; what a request allocates, and takes,
// with nobody listening, with metrics counting durations, with decisions remembered, and with listeners.
// npm run bench -- observe -- --requests 1000000
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { createExitPool } from "@multihome/core";
import type { Driver, ExitPool, RequestInfo } from "@multihome/core";
import { prometheusText } from "@multihome/core/metrics";
import { answering } from "../support/answering-driver.ts";

const { values: given } = parseArgs({ options: { requests: { type: "string", default: "1000000" }, exits: { type: "string", default: "20000" }, hosts: { type: "string", default: "50" }, scrapes: { type: "string", default: "15" } } });
const REQUESTS = Number(given.requests);
const EXITS = Number(given.exits);
const HOSTS = Number(given.hosts);
const SCRAPES = Number(given.scrapes);

const REFUSED = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
const ignore = (): void => {};
const failing: Driver = { ...answering, start: (leg) => leg.fail(REFUSED, false) };

const collect = globalThis.gc ?? ((): never => {
  throw new Error("Run with --expose-gc.");
});

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function scrapes(): Promise<{ medianMs: number; worstMs: number; cpuMs: number; leastCpuMs: number; bytes: number; lines: number }> {
  const proxies = Array.from({ length: EXITS }, (_, i) => `socks5://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1080`);
  const pool = createExitPool({ exits: { proxies, strategy: "rotate" }, maxInFlight: 1e9, queue: { maxAttempts: 1 }, defaults: { spacing: 0, race: { mode: "off" } } });
  await pool.ready();
  for (let host = 0; host < HOSTS; host++) {
    const name = `host-${host}.example.com`;
    const request: RequestInfo = { method: "GET", url: `http://${name}/`, host: name, path: "/" };
    for (let i = 0; i < EXITS; i++) pool.drive(request, i % 5 === 0 ? failing : answering);
  }
  // Those with series of their own are busy at every host.
  prometheusText(pool);
  for (let host = 0; host < HOSTS; host++) {
    const name = `host-${host}.example.com`;
    for (let i = 0; i < EXITS; i++) pool.drive({ method: "GET", url: `http://${name}/`, host: name, path: "/" }, i % 7 === 0 ? failing : answering);
  }
  const taken: number[] = [];
  const cpu: number[] = [];
  let text = "";
  for (let i = 0; i < SCRAPES; i++) {
    collect();
    const before = process.cpuUsage();
    const from = performance.now();
    text = prometheusText(pool);
    taken.push(performance.now() - from);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1_000);
  }
  await pool.close();
  return { medianMs: median(taken), worstMs: Math.max(...taken), cpuMs: median(cpu), leastCpuMs: Math.min(...cpu), bytes: text.length, lines: text.split("\n").length - 1 };
}

interface Cost {
  readonly name: string;
  readonly bytes: number;
  readonly microseconds: number;
}

/** Bytes and CPU a request, the pool being warm. */
async function cost(name: string, prepare: (pool: ExitPool) => void): Promise<Cost> {
  const pool = createExitPool({ exits: { local: ["127.0.1.1", "127.0.1.2", "127.0.1.3"] } });
  await pool.ready();
  prepare(pool);
  const request: RequestInfo = { method: "GET", url: "http://api.test/", host: "api.test", path: "/" };
  for (let i = 0; i < 50_000; i++) pool.drive(request, answering);
  const step = 5_000;
  let bytes = 0;
  const cpu = process.cpuUsage();
  for (let done = 0; done < REQUESTS; done += step) {
    // New space is far larger than what a step allocates, and is emptied before: nothing is collected in between.
    if (done % (step * 20) === 0) collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < step; i++) pool.drive(request, answering);
    const grown = process.memoryUsage().heapUsed - before;
    if (grown > 0) bytes = bytes === 0 ? grown / step : Math.min(bytes, grown / step);
  }
  const { user } = process.cpuUsage(cpu);
  await pool.close();
  return { name, bytes: Math.round(bytes), microseconds: user / REQUESTS };
}

const scrape = await scrapes();
console.log(`scrape at ${EXITS} exits × ${HOSTS} hosts: ${scrape.medianMs.toFixed(1)} ms (median of ${SCRAPES}; ${scrape.cpuMs.toFixed(1)} ms of CPU, at least ${scrape.leastCpuMs.toFixed(1)}), ${scrape.worstMs.toFixed(1)} ms at most; ${scrape.lines} lines, ${Math.round(scrape.bytes / 1024)} KiB\n`);

const NAMES = ["task.created", "lease.acquired", "lease.settled", "task.settled", "exit.changed", "request.refused"];
const costs = [
  await cost("nobody listens", ignore),
  await cost("metrics count durations", (pool) => void prometheusText(pool)),
  await cost("decisions are remembered", (pool) => void pool.decisions()),
  await cost("a listener on every channel", (pool) => {
    for (const name of NAMES) pool.on(`multihome:${name}`, ignore);
  }),
];
for (const { name, bytes, microseconds } of costs) console.log(`${name.padEnd(30)} ${String(bytes).padStart(6)} bytes ${microseconds.toFixed(2).padStart(6)} µs a request`);

const results = process.env["MULTIHOME_BENCH_RESULTS"];
if (results !== undefined) {
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, "observe.json"), `${JSON.stringify({ node: process.version, scrape, requests: REQUESTS, costs }, undefined, 2)}\n`);
}
