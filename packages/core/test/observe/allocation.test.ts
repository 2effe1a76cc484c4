import assert from "node:assert/strict";
import { Session, type HeapProfiler } from "node:inspector";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import type { Driver, ExitPool } from "../../src/index.ts";
import { prometheusText } from "../../src/metrics.ts";
import { get, openPool } from "../pool/support.ts";

// What is allocated in a function that was inlined counts as its caller's. Optimized otherwise: unoptimized code boxes every fraction.
setFlagsFromString("--no-turbo-inlining");
setFlagsFromString("--no-maglev");

/** A million in the benchmark; as many as a second allows here. */
const REQUESTS = 100_000;
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

/** Bytes a request that were allocated in the files of observers, and altogether: what was collected meanwhile included. */
function allocated(pool: ExitPool): { observers: number; all: number } {
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
    const add = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode): void => {
      sum.all += selfSize / REQUESTS;
      if (OBSERVERS.test(callFrame.url)) sum.observers += selfSize / REQUESTS;
      for (const child of children) add(child);
    };
    assert.ok(profile !== undefined);
    add(profile.head);
    return sum;
  } finally {
    session.disconnect();
  }
}

test("with nobody listening an event allocates nothing, and with somebody its message", async () => {
  const { pool } = await openPool({}, 3);
  const quiet = allocated(pool);
  assert.ok(quiet.all > 50, `the profile sees what requests allocate: ${quiet.all} bytes`);
  assert.ok(quiet.observers < BOXED, `${quiet.observers} bytes a request`);

  const end = pool.on("multihome:lease.acquired", ignore);
  const heard = allocated(pool);
  assert.ok(heard.observers > quiet.observers + 60, `${heard.observers} bytes a request`);
  end();
  assert.ok(allocated(pool).observers < BOXED);
  await pool.close();
});

test("counting durations for metrics allocates nothing for a request", async () => {
  const { pool } = await openPool({}, 3);
  prometheusText(pool);
  const { observers } = allocated(pool);
  // And the sums, which are fractions kept in objects.
  assert.ok(observers < 2 * BOXED, `${observers} bytes a request`);
  await pool.close();
});
