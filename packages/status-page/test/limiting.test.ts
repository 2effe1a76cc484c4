import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool, type RequestInfo } from "@multihome/core";
import { noopTransport, scriptedTransport } from "@multihome/core/testing";
import { limitingOf } from "../src/limiting.ts";
import { get, HOST, openPool } from "./support.ts";

const ignore = (): void => {};
const sentence = (pool: ExitPool): string => limitingOf(pool.overview()).text;
const level = (pool: ExitPool): string => limitingOf(pool.overview()).level;

test("a heavy request that finds no room is not said to have found the limit used up", async () => {
  const minute = { name: "w", unit: "weight", limit: 10, per: "1m", align: "fixed" } as const;
  const { pool, clock } = await openPool({ targets: { [HOST]: { serverOffset: 0, limits: [minute], weights: ({ path }) => (path === "/heavy" ? 6 : 1) } } }, 2);
  await clock.advance(48_000);
  for (let i = 0; i < 2; i++) await pool.run(get("/heavy"), noopTransport());
  const late = pool.run(get("/heavy"), noopTransport());
  assert.match(sentence(pool), /^w has no room for the next request on 2 of 2 exits; the next window turns in 1\d s\. 1 request waits/);
  await clock.advance(60_000);
  await late;
  await pool.close();
});

test("where an account is full or kept away, it is the account that is named, and not the exits", async () => {
  const orders = { name: "orders", unit: "request", limit: 2, per: "1m", align: "fixed", scope: "account" } as const;
  const asks = (key: string): RequestInfo => ({ ...get(), headers: { "x-key": key } });
  const judge = ({ status }: { status: number }): { kind: "rate-limited"; scope: "account"; retryAfterMs: number } | undefined => (status === 429 ? { kind: "rate-limited", scope: "account", retryAfterMs: 9_000 } : undefined);
  const { pool, clock } = await openPool({ queue: { maxAttempts: 1 }, targets: { [HOST]: { serverOffset: 0, limits: [orders], account: ({ headers }) => headers?.["x-key"] as string, classify: { judge } } } }, 3);
  await clock.advance(48_000);
  for (let i = 0; i < 2; i++) await pool.run(asks("CANARY"), noopTransport());
  assert.match(sentence(pool), /^Nothing waits yet, but orders of api\.test is used to 100 % by the only account; it turns in 1\d s\.$/);
  const late = pool.run(asks("CANARY"), noopTransport());
  assert.match(sentence(pool), /^orders of account [\da-f]{8} is used up, whichever exit is taken; it has room again in 1\d s\. 1 request waits for api\.test\.$/);
  await clock.advance(20_000);
  await late;

  await pool.run(asks("OTHER"), scriptedTransport([{ status: 429 }])).catch(ignore);
  assert.match(sentence(pool), /^api\.test keeps account [\da-f]{8} away for another 9 s\. Nothing waits for it\.$/);
  const refused = pool.run(asks("OTHER"), noopTransport());
  assert.match(sentence(pool), /^api\.test keeps account [\da-f]{8} away for another 9 s, whichever exit it leaves by\. 1 request waits/);
  assert.doesNotMatch(sentence(pool), /CANARY|OTHER/);
  await clock.advance(20_000);
  await refused;
  await pool.close();
});

test("what holds a request whichever exit is taken is named: the most in flight, or the one exit that it keeps to", async () => {
  const { pool, clock } = await openPool({ maxInFlight: 3, targets: { [HOST]: { spacing: "10s", backendLimit: 2 } } }, 3);
  const leases = [await pool.acquire(get()), await pool.acquire(get())];
  const late = pool.run(get(), noopTransport());
  assert.equal(sentence(pool), "api.test has as many requests in flight as its `backendLimit` allows. 1 request waits for api.test.");
  for (const lease of leases) lease.release();
  await clock.advance(20_000);
  await late;

  const hints = { affinity: "a" };
  await pool.run(get(), noopTransport(), { hints });
  const own = pool.run(get(), noopTransport(), { hints });
  assert.match(sentence(pool), /^127\.0\.1\.\d keeps its spacing between two requests; the next may go in 10 s\. The first request keeps to that exit\. 1 request waits/);
  await clock.advance(20_000);
  await own;
  await pool.close();
});

test("under the adaptive policy the exits that it chooses are spoken of, and an outage before everything else", async () => {
  const proxies = Array.from({ length: 6 }, (_, i) => `socks5://192.0.2.${i + 1}:1080`);
  const { pool, clock } = await openPool({ exits: { proxies }, targets: { [HOST]: { spacing: "1s" } } });
  const good = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const transport = { ...noopTransport(), send: ({ exit }: { exit: { id: string } }) => (/\.[12]:/.test(exit.id) ? (good.add(exit.id), Promise.resolve({ status: 200, header: () => undefined })) : Promise.reject(Object.assign(new Error("x"), { code: "ECONNREFUSED" }))) };
    void pool.run(get(), transport as never, { timeout: "5s" }).catch(ignore);
    await clock.advance(6_000);
  }
  assert.equal(good.size, 2);
  const { chosen } = pool.overview().targets[0];
  assert.equal(chosen?.asked, 6);
  assert.ok(chosen.exits < 6, `${chosen.exits} chosen`);
  const waiting = Array.from({ length: 8 }, () => pool.run(get(), noopTransport(), { timeout: "5s" }).catch(ignore));
  assert.match(sentence(pool), /chosen exits? keeps? (?:its|their) spacing.*; the others are only tested\. \d requests? waits? for api\.test/);
  assert.match(limitingOf({ ...pool.overview(), outage: { quietMs: 12_000 } }).text, /^Nothing has been heard through any exit for 12 s: one request at a time goes out until something is\. \d requests wait\.$/);
  await clock.advance(10_000);
  await Promise.all(waiting);
  await pool.close();
});

test("attempts that fail, and a ban, are not passed over because nothing waits", async () => {
  const { pool, clock } = await openPool({ queue: { maxAttempts: 1 }, health: { cooldownAfter: 1_000 } }, 3);
  await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "600" } }])).catch(ignore);
  await pool.run(get(), noopTransport());
  assert.equal(sentence(pool), "Nothing limits it now: every request leaves at once. 1 of 3 exits is banned somewhere.");
  assert.equal(level(pool), "good");
  for (let i = 0; i < 20; i++) await pool.run(get(), scriptedTransport([{ error: "ECONNRESET" }])).catch(ignore);
  assert.match(sentence(pool), /^Every request leaves at once, but of 2\d attempts in the last minute only \d % succeeded\.$/);
  assert.equal(level(pool), "warning");
  await clock.advance(1_000);
  await pool.close();
});

test("without an exit it is said which list could not be read", async () => {
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const pool = createExitPool({ exits: { sources: [{ name: "mine", read: () => Promise.reject(new Error("gone")) }] }, logger });
  assert.equal(sentence(pool), "There is no exit to leave by: the proxy lists have not been read yet.");
  await assert.rejects(pool.ready());
  assert.match(sentence(pool), /^There is no exit to leave by: the proxy list mine could not be read \(gone\)\.$/);
  await pool.close();
});

test("when every exit is away it is said for how long", async () => {
  const { pool, clock } = await openPool({ queue: { maxAttempts: 1 } }, 1);
  await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "30" } }])).catch(ignore);
  await clock.advance(1_000);
  assert.equal(sentence(pool), "Nothing can be sent: of 1 exit, 1 banned; the first is back everywhere in 29 s.");
  await clock.advance(1_000);
  await pool.close();
});
