import assert from "node:assert/strict";
import { test } from "node:test";
import type { CircuitOpenError } from "../../src/index.ts";
import { createExitPool } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { get, outcome, post, settle } from "./support.ts";

const PROXIES = ["socks5://10.0.0.1:1", "socks5://10.0.0.2:1", "socks5://10.0.0.3:1"];

async function proxied(options: Parameters<typeof createExitPool>[0] = {}, count = 3) {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { proxies: PROXIES.slice(0, count), strategy: "score" }, clock, random: () => 0.5, defaults: { spacing: 0, race: { mode: "off" } }, ...options });
  await pool.ready();
  return { pool, clock };
}

test("a proxy that fails three times in a row at a target rests there, and comes back by one trial", async () => {
  const { pool, clock } = await proxied({ exits: { proxies: PROXIES, strategy: "rotate" }, queue: { maxAttempts: 1 } });
  const changes: string[] = [];
  pool.on("multihome:exit.changed", ({ exit, from, to }) => changes.push(`${exit} ${from} → ${to}`));
  const bad = PROXIES[0];
  const transport = scriptedTransport((sent) => (sent.exit === bad && clock.now() < 31_000 ? { error: "ECONNRESET" } : {}));
  for (let i = 0; i < 40; i++) await outcome(pool.run(get(), transport));
  assert.equal(transport.sentBy()[bad], 3);
  assert.equal(pool.status().targets["api.test"].exits[bad].status, "cooldown");
  assert.deepEqual(changes, [`${bad} healthy → cooldown`]);

  await clock.advance(31_000);
  for (let i = 0; i < 40; i++) await outcome(pool.run(get(), transport));
  assert.ok(transport.sentBy()[bad] > 3);
  assert.deepEqual(changes, [`${bad} healthy → cooldown`, `${bad} cooldown → healthy`]);
  await pool.close();
});

test("with every proxy resting new requests are refused at once and the first one back is probed alone", async () => {
  const { pool, clock } = await proxied({ queue: { maxAttempts: 1 } });
  const breakers: string[] = [];
  pool.on("multihome:breaker.changed", ({ from, to, reason }) => breakers.push(`${from} → ${to} ${reason}`));
  const dead = scriptedTransport([{ error: "ECONNRESET" }]);
  for (let i = 0; i < 9; i++) await outcome(pool.run(get(), dead));
  assert.equal(pool.status().exits.cooldown, 3);
  await assert.rejects(pool.run(get(), dead), (error: CircuitOpenError) => error.code === "MH_ERR_CIRCUIT_OPEN" && error.target === "api.test" && (error.retryAfterMs ?? 0) > 29_000);
  assert.equal(dead.sent.length, 9);
  const refused = pool.tryAcquire(get());
  assert.ok(!refused.granted && refused.reason === "circuit-open");
  assert.equal(pool.status().breakers["api.test"], "open");

  await clock.advance(30_000);
  const slow = scriptedTransport([{ afterMs: 100 }], { clock });
  const probe = outcome(pool.run(get(), slow));
  assert.equal(await outcome(pool.run(get(), slow)), "error MH_ERR_CIRCUIT_OPEN");
  await clock.advance(100);
  assert.equal(await probe, "answer 200");
  assert.equal(pool.status().breakers["api.test"], "closed");
  assert.equal(breakers[0], "closed → open zero_available_proxies");
  assert.match(breakers.at(-1) ?? "", /→ closed/);
  await pool.close();
});

test("a target that fails for everybody opens its breaker, and nobody's exit is blamed", async () => {
  const { pool, clock } = await proxied({ defaults: { spacing: 0, race: { mode: "off" }, breaker: { threshold: 4, probeEvery: "10s" } }, queue: { onOpen: "queue", maxAttempts: 1 } });
  const failing = scriptedTransport([{ status: 500 }]);
  for (let i = 0; i < 4; i++) await outcome(pool.run(get(), failing));
  assert.equal(pool.status().exits.healthy, 3);
  assert.equal(pool.status().breakers["api.test"], "open");

  const well = scriptedTransport([{ afterMs: 10 }], { clock });
  const waiting = [1, 2, 3].map(() => outcome(pool.run(get(), well)));
  await settle(clock);
  assert.equal(well.sent.length, 0);
  await clock.advance(10_000);
  assert.equal(well.sent.length, 1);
  await clock.advance(20);
  assert.deepEqual(await Promise.all(waiting), ["answer 200", "answer 200", "answer 200"]);
  await pool.close();
});

test("an aborted probe gives its place to the next request", async () => {
  const { pool, clock } = await proxied({ defaults: { spacing: 0, race: { mode: "off" }, breaker: { threshold: 1, probeEvery: "10s" } }, queue: { maxAttempts: 1 } });
  await outcome(pool.run(get(), scriptedTransport([{ status: 500 }])));
  await clock.advance(10_000);
  const controller = new AbortController();
  const probe = outcome(pool.run(get(), scriptedTransport([{ hang: true }]), { signal: controller.signal }));
  await settle(clock);
  controller.abort(Object.assign(new Error("no"), { code: "MINE" }));
  assert.equal(await probe, "error MINE");
  assert.equal(await outcome(pool.run(get(), scriptedTransport())), "answer 200");
  await pool.close();
});

test("being rate-limited is not being unavailable: no breaker opens for it", async () => {
  const { pool, clock } = await proxied({ queue: { maxAttempts: 1 } }, 1);
  assert.equal(await outcome(pool.run(get(), scriptedTransport([{ status: 429, headers: { "retry-after": "5" } }]))), "answer 429");
  const waiting = outcome(pool.run(get(), scriptedTransport()));
  await settle(clock);
  assert.equal(pool.status().breakers["api.test"], "closed");
  await clock.advance(5_000);
  assert.equal(await waiting, "answer 200");
  await pool.close();
});

test("a dead exit does not use up the attempts while good ones wait for their spacing", async () => {
  const { pool, clock } = await proxied({ defaults: { spacing: 500, race: { mode: "off" } }, queue: { maxAttempts: 5 } });
  const bad = PROXIES[0];
  const transport = scriptedTransport((sent) => (sent.exit === bad ? { error: "ECONNREFUSED", unsent: true } : {}), { clock });
  const all = Array.from({ length: 20 }, () => outcome(pool.run(post(), transport)));
  await clock.advance(20_000);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
  await pool.close();
});

test("a hedge sends its second leg only when the first has not answered within the delay", async () => {
  const { pool, clock } = await proxied({ defaults: { spacing: 0, race: { mode: "hedge", width: 2, delay: "100ms" } } });
  const quick = scriptedTransport([{ afterMs: 50 }], { clock });
  const first = outcome(pool.run(get(), quick));
  await clock.advance(1_000);
  assert.equal(await first, "answer 200");
  assert.equal(quick.sent.length, 1);

  const slow = scriptedTransport([{ afterMs: 5_000 }, { afterMs: 20 }], { clock });
  const second = outcome(pool.run(get(), slow));
  await clock.advance(120);
  assert.equal(await second, "answer 200");
  assert.deepEqual(slow.sent.map(({ at, aborted }) => [at - slow.sent[0].at, aborted]), [[0, true], [100, false]]);
  assert.equal(clock.pending, 1);
  await pool.close();
});

test("an order that met a server in trouble is never sent twice, whatever it asks for", async () => {
  const { pool } = await proxied();
  const transport = scriptedTransport([{ status: 503, headers: { "retry-after": "0" } }]);
  assert.equal(await outcome(pool.run(post(), transport)), "answer 503");
  assert.equal(transport.sent.length, 1);
  await pool.close();
});

test("a request whose last exit has begun to rest is told what it met, and does not wait for it", async () => {
  const { pool, clock } = await proxied({}, 1);
  const running = outcome(pool.run(get(), scriptedTransport([{ error: "ECONNRESET", afterMs: 5 }], { clock })));
  await clock.advance(100);
  assert.equal(await running, "error ECONNRESET");
  await pool.close();
});
