import assert from "node:assert/strict";
import { Session, type HeapProfiler } from "node:inspector";
import process from "node:process";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import type { Driver, ExitPool } from "../../src/index.ts";
import { prometheusText } from "../../src/metrics.ts";
import { get, openPool } from "../pool/support.ts";

// What is allocated in a function that was inlined counts as its caller's. Optimized otherwise: unoptimized code boxes every fraction.
setFlagsFromString("--no-turbo-inlining");
setFlagsFromString("--no-maglev");

/** As many as a second allows; `MULTIHOME_REQUESTS=1000000` for the figures in docs/figures.md. */
const REQUESTS = Number(process.env["MULTIHOME_REQUESTS"] ?? 100_000);
/** Every so many bytes a sample is taken. */
const EVERY = 1_024;

/** A fraction that is handed to a function is boxed where the function is not inlined: no part of an event. A message takes 100 bytes and more. */
const BOXED = 24;

/** Where events are made, counted, remembered and told. */
const OBSERVERS = /\/src\/(observe\/.*|race\/(seen\/.*|health-changes|watch-quota))\.js$/;

const ignore = (): void => {};
const answering: Driver = {
  start(leg) {
    leg.respond({ status: 200, header: () => undefined });
    leg.end();
  },
  stop: ignore,
  deliver: ignore,
  reject: ignore,
};

interface Allocated {
  /** Bytes a request that were allocated in the files of observers, and altogether: what was collected meanwhile included. */
  readonly observers: number;
  readonly all: number;
  /** Of the observers' functions, the ones that allocated most. */
  readonly top: string;
}

function allocated(pool: ExitPool): Allocated {
  const request = get();
  for (let i = 0; i < 20_000; i++) pool.drive(request, answering);
  const session = new Session();
  session.connect();
  try {
    session.post("HeapProfiler.startSampling", { samplingInterval: EVERY, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true } as HeapProfiler.StartSamplingParameterType);
    for (let i = 0; i < REQUESTS; i++) pool.drive(request, answering);
    let profile: HeapProfiler.SamplingHeapProfile | undefined;
    session.post("HeapProfiler.stopSampling", (_error, { profile: found }) => {
      profile = found;
    });
    const sum = { observers: 0, all: 0 };
    const byFunction = new Map<string, number>();
    const add = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode): void => {
      sum.all += selfSize / REQUESTS;
      if (OBSERVERS.test(callFrame.url)) {
        sum.observers += selfSize / REQUESTS;
        byFunction.set(callFrame.functionName, (byFunction.get(callFrame.functionName) ?? 0) + selfSize / REQUESTS);
      }
      for (const child of children) add(child);
    };
    assert.ok(profile !== undefined);
    add(profile.head);
    const top = [...byFunction].sort(([, a], [, b]) => b - a).slice(0, 3).map(([name, bytes]) => `${name} ${bytes.toFixed(2)}`).join(", ");
    return { ...sum, top };
  } finally {
    session.disconnect();
  }
}

function figures({ observers, all, top }: Allocated): string {
  return `${observers.toFixed(2)} of ${all.toFixed(0)} bytes a request over ${REQUESTS.toLocaleString("en-US")} requests${top === "" ? "" : ` (${top})`}`;
}

test("with nobody listening an event allocates nothing, and with somebody its message", async (t) => {
  const { pool } = await openPool({}, 3);
  const quiet = allocated(pool);
  t.diagnostic(`nobody listens: ${figures(quiet)}`);
  assert.ok(quiet.all > 50, `the profile sees what requests allocate: ${quiet.all} bytes`);
  assert.ok(quiet.observers < BOXED, `${quiet.observers} bytes a request`);

  const end = pool.on("multihome:lease.acquired", ignore);
  const heard = allocated(pool);
  t.diagnostic(`a listener of lease.acquired: ${figures(heard)}`);
  assert.ok(heard.observers > quiet.observers + 60, `${heard.observers} bytes a request`);
  end();
  assert.ok(allocated(pool).observers < BOXED);
  await pool.close();
});

test("counting durations for metrics allocates nothing for a request", async (t) => {
  const { pool } = await openPool({}, 3);
  prometheusText(pool);
  const counting = allocated(pool);
  const { observers } = counting;
  t.diagnostic(`metrics count durations: ${figures(counting)}`);
  // And the sums, which are fractions kept in objects.
  assert.ok(observers < 2 * BOXED, `${observers} bytes a request`);
  await pool.close();
});
