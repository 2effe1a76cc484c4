import assert from "node:assert/strict";
import { getEventListeners, setMaxListeners } from "node:events";
import process from "node:process";
import { Readable } from "node:stream";
import { createExitPool } from "@multihome/core";
import type { ExitPool } from "@multihome/core";
import { seededRandom, startHttpServer, startSocksServer } from "@multihome/core/testing";
import { codesOf } from "../support/contract-client.ts";
import type { ContractClient, ContractRequest, Sender } from "../support/contract-client.ts";
import { eventually } from "../support/contract-room.ts";

/** What came of all requests, and what was left of them. */
export interface SoakFigures {
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
  readonly aborted: number;
  readonly timedOut: number;
  readonly leases: { readonly acquired: number; readonly settled: number };
  readonly sockets: { readonly accepted: number; readonly afterClose: number };
  /** Listeners on the one signal that all requests shared. */
  readonly signalListeners: number;
  /** Resources that keep the process alive, before and after. */
  readonly resources: readonly [number, number];
  /** Mebibytes in use after the first tenth and at the end, collected first where the process may. */
  readonly heapMiB: readonly [number, number];
}

const AT_ONCE = Number(process.env["MULTIHOME_SOAK_AT_ONCE"] ?? 24);
const ENDING = [
  "/echo", "/echo", "/echo", "/echo", "/delay/3", "/delay-body/3", "/status/429", "/status/503", "/status/204", "/drip?bytes=5&ms=1", "/redirect?to=/echo", "/big?bytes=200000",
  "/big?bytes=100000&chunked=1", "/reset", "/disconnect", "/cut", "/cut-reset", "/cut-chunked", "/gzip-broken", "/raw?text=nonsense", "/unasked-upgrade",
];
/** Silent ones end by their caller's timeout or abort, those that go on by an abort alone: not every client's timeout is one of the whole. */
const SILENT = ["/hang", "/headers-then-hang", "/body-then-hang"];
const GOING_ON = ["/endless", "/endless-drip?ms=1"];

/** Requests with aborts, timeouts and faults drawn from `seed`, through local exits and through SOCKS5 ones, some raced. Throws where anything is left of them. */
export async function soak(client: ContractClient, requests: number, seed: number): Promise<SoakFigures> {
  const random = seededRandom(seed);
  const server = await startHttpServer();
  const proxies = await Promise.all([1, 2, 3].map((index) => startSocksServer({ egress: `127.0.23.${index}` })));
  const common = { targets: { all: { hosts: `127.0.0.1:${server.port}`, spacing: 0, breaker: { threshold: 1_000_000 } } }, health: { cooldownAfter: 1_000_000 }, backoff: { rateLimited: 1, max: 5, timeout: 1 }, queue: { maxAttempts: 2 }, random } as const;
  const pools = [
    createExitPool({ ...common, exits: { local: ["127.0.22.1", "127.0.22.2", "127.0.22.3"] } }),
    createExitPool({ ...common, exits: { proxies: proxies.map(({ url }) => url), strategy: "rotate" }, defaults: { race: { mode: "race" } }, attemptTimeout: 300 }),
    // It soon believes little of exits on which so much goes wrong, and waits: for the sake of time it waits briefly.
    createExitPool({ ...common, exits: { proxies: proxies.map(({ url }) => url) }, attemptTimeout: 300, queue: { ...common.queue, timeout: 200 } }),
  ];
  let acquired = 0;
  let settled = 0;
  for (const pool of pools) {
    pool.on("multihome:lease.acquired", () => acquired++);
    pool.on("multihome:lease.settled", () => settled++);
  }
  await Promise.all(pools.map((pool) => pool.ready()));
  const resourcesBefore = process.getActiveResourcesInfo().filter(lasting).length;
  const senders = pools.map((pool) => client.through(pool));
  const shared = new AbortController();
  setMaxListeners(AT_ONCE * 4, shared.signal);
  const counts = { answered: 0, failed: 0, aborted: 0, timedOut: 0 };
  let early = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < requests) {
      if (next++ === Math.floor(requests / 10)) early = heap();
      if (next % 500 === 0) server.reset();
      await one(client, senders[Math.floor(random() * senders.length)], server.url, random, shared.signal, counts);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    for (const pool of pools) await eventually(() => pool.status().inflight === 0, () => `${leasesOf(pool)} leases are still out`);
    const signalListeners = getEventListeners(shared.signal, "abort").length;
    server.reset();
    const late = heap();
    await Promise.all(pools.map((pool) => pool.close()));
    await eventually(() => server.sockets === 0 && server.live === 0, () => `the server has ${server.sockets} sockets and ${server.live} live requests`);
    for (const proxy of proxies) await eventually(() => proxy.books().open === 0, () => `a proxy has ${proxy.books().open} connections`);
    const resources = [resourcesBefore, process.getActiveResourcesInfo().filter(lasting).length] as const;
    const figures: SoakFigures = {
      requests, ...counts, leases: { acquired, settled }, sockets: { accepted: server.accepted, afterClose: server.sockets }, signalListeners, resources, heapMiB: [early, late],
    };
    assert.equal(counts.answered + counts.failed + counts.aborted + counts.timedOut, requests, "every request settles once");
    assert.equal(acquired, settled, "as many leases come back as went out");
    if (client.letsGoOfSignals) assert.equal(signalListeners, 0, "a signal that many requests share keeps no listener");
    assert.ok(resources[1] <= resources[0], `${process.getActiveResourcesInfo().join(", ")} are left`);
    return figures;
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
    await Promise.all([server, ...proxies].map((each) => each.close()));
  }
}

async function one(client: ContractClient, sender: Sender, base: string, random: () => number, shared: AbortSignal, counts: { answered: number; failed: number; aborted: number; timedOut: number }): Promise<void> {
  const kind = random();
  const paths = kind < 0.03 ? GOING_ON : kind < 0.1 ? SILENT : ENDING;
  const url = base + paths[Math.floor(random() * paths.length)];
  const chance = random();
  const own = paths === GOING_ON || chance < 0.4 ? new AbortController() : undefined;
  const timed = own === undefined && (paths === SILENT || chance < 0.5);
  const endsBy = 4 + Math.floor(random() * 60);
  const request: ContractRequest = {
    ...methodAndBody(random, client),
    signal: own === undefined ? shared : own.signal,
    ...(timed ? { timeoutMs: endsBy } : {}),
    ...(random() < 0.3 ? { hints: { race: 2 } } : {}),
  };
  const early = random() < 0.05;
  if (early) own?.abort();
  const timer = own === undefined || early ? undefined : setTimeout(() => own.abort(), random() < 0.3 ? 0 : endsBy);
  try {
    if (random() < 0.7) await sender.send(url, request);
    else await readSome(await sender.open(url, request), random, 200);
    counts.answered++;
  } catch (error) {
    assert.ok(error instanceof Error, `rejects with ${String(error)}`);
    if (client.isAbort(error)) counts.aborted++;
    else if (client.isTimeout(error)) counts.timedOut++;
    else counts.failed++;
    assert.ok(!codesOf(error).includes("ERR_ASSERTION"), error.stack);
  } finally {
    clearTimeout(timer);
  }
}

function methodAndBody(random: () => number, client: ContractClient): Pick<ContractRequest, "method" | "body"> {
  const kind = random();
  if (kind < 0.7) return {};
  if (kind < 0.8) return { method: "POST", body: "x".repeat(Math.floor(random() * 2_000)) };
  if (kind < 0.9) return { method: "PUT", body: new Uint8Array(Math.floor(random() * 50_000)) };
  if (kind < 0.95 || !client.hearsBodies) return { method: "HEAD" };
  return { method: "POST", body: Readable.from([Buffer.from("a stream"), Buffer.from(" of two pieces")]) };
}

/** Reads a while, then lets go in the middle or at the end. */
async function readSome({ stream }: { stream: Readable }, random: () => number, endsBy: number): Promise<void> {
  const most = random() < 0.5 ? 20_000 : Infinity;
  const timer = setTimeout(() => stream.destroy(), endsBy);
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > most) break;
    }
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

/** A pool's own timers and what the test runner holds are not a request's. */
function lasting(name: string): boolean {
  return name.startsWith("TCP") || name.startsWith("TLS") || name === "PipeWrap";
}

function heap(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().heapUsed / 1_048_576);
}

function leasesOf(pool: ExitPool): number {
  return pool.status().inflight;
}
