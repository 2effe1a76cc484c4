import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome, settle } from "./support.ts";

test("a window that is full lets requests wait for its turn, and sends them then", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": { serverOffset: 0, limits: [{ name: "w", unit: "weight", limit: 10, per: "10s", align: "fixed" }] } } }, 2);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 45 }, () => outcome(pool.run(get(), transport)));
  await settle(clock);
  assert.equal(transport.sent.length, 20);
  await clock.advance(10_000);
  assert.equal(transport.sent.length, 40);
  await clock.advance(10_000);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
  assert.deepEqual(transport.sentBy(), { [addresses(1)[0]]: 23, [addresses(2)[1]]: 22 });
  await pool.close();
});

test("sliding windows free exactly what has left them", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": { limits: [{ name: "r", unit: "request", limit: 3, per: 1_000 }] } } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const steps = [
    { at: 0, sent: 2 }, { at: 500, sent: 3 }, { at: 999, sent: 3 }, { at: 1_000, sent: 5 }, { at: 1_499, sent: 5 }, { at: 1_500, sent: 6 }, { at: 2_000, sent: 8 },
  ];
  const all = [outcome(pool.run(get(), transport)), outcome(pool.run(get(), transport))];
  for (const { at, sent } of steps) {
    await clock.advance(at - clock.now());
    if (at === 500) for (let i = 0; i < 6; i++) all.push(outcome(pool.run(get(), transport)));
    await settle(clock);
    assert.equal(transport.sent.length, sent, `at ${at}`);
  }
  await Promise.all(all);
  await pool.close();
});

test("a request that is light enough for what is left of the window passes one that is too heavy", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": { serverOffset: 0, weights: (request) => Number(request.headers?.weight), limits: [{ name: "w", unit: "weight", limit: 10, per: "1m", align: "fixed" }] } } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const weigh = (weight: number): Promise<string> => outcome(pool.run(get("/", { headers: { weight: String(weight) } }), transport, { timeout: false }));
  const all = [weigh(7), weigh(5), weigh(2), weigh(2), weigh(1)];
  await settle(clock);
  assert.deepEqual(transport.sent.map((sent) => sent.weight), [7, 2, 1]);
  await clock.advance(60_000);
  assert.deepEqual(transport.sent.map((sent) => sent.weight), [7, 2, 1, 5, 2]);
  await Promise.all(all);
  await pool.close();
});

test("several limits are reserved together or not at all", async () => {
  const limits = [
    { name: "second", unit: "request", limit: 2, per: "1s", align: "fixed" },
    { name: "minute", unit: "request", limit: 5, per: "1m", align: "fixed" },
  ] as const;
  const { pool, clock } = await openPool({ targets: { "api.test": { serverOffset: 0, limits: [...limits] } } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 6 }, () => outcome(pool.run(get(), transport, { timeout: false })));
  const seen: number[] = [];
  for (let second = 0; second < 5; second++) {
    await settle(clock);
    seen.push(transport.sent.length);
    await clock.advance(1_000);
  }
  assert.deepEqual(seen, [2, 4, 5, 5, 5]);
  const refused = pool.tryAcquire(get());
  assert.ok(!refused.granted && refused.reason === "limit:minute", JSON.stringify(refused));
  await clock.advance(55_000);
  await Promise.all(all);
  await pool.close();
});

test("explain says by which exits a request could leave now, and why not by the others", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": { serverOffset: 0, limits: [{ name: "r", unit: "request", limit: 1, per: "1m", align: "fixed" }] } } }, 3);
  await pool.run(get(), scriptedTransport());
  await pool.run(get(), scriptedTransport([{ status: 418, headers: { "retry-after": "300" } }, {}]));
  const [first, second, third] = addresses(3);
  const { exits, wouldWaitMs, queued, target } = pool.explain(get());
  assert.deepEqual(exits.map(({ id, usable, reason, retryAfterMs }) => ({ id, usable, reason, retryAfterMs })), [
    { id: first, usable: false, reason: "limit:r", retryAfterMs: 60_000 },
    { id: second, usable: false, reason: "banned", retryAfterMs: 300_000 },
    { id: third, usable: false, reason: "limit:r", retryAfterMs: 60_000 },
  ]);
  assert.deepEqual({ wouldWaitMs, queued, target }, { wouldWaitMs: 60_000, queued: 0, target: "api.test" });
  await clock.advance(60_000);
  assert.equal(pool.explain(get()).wouldWaitMs, 0);
  await pool.close();
});

test("a request heavier than any window is refused at once", async () => {
  const { pool } = await openPool({ targets: { "api.test": { weights: () => 11, limits: [{ name: "w", unit: "weight", limit: 10, per: "1m" }] } } }, 1);
  assert.equal(await outcome(pool.run(get(), scriptedTransport())), "error MH_ERR_OVER_QUOTA");
  assert.deepEqual(pool.tryAcquire(get()), { granted: false, reason: "over-quota", retryAfterMs: Infinity });
  await pool.close();
});

test("spacing keeps two sends of one exit apart, and only of that one", async () => {
  const { pool, clock } = await openPool({ defaults: { spacing: 500 } }, 2);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 6 }, () => outcome(pool.run(get(), transport)));
  for (let i = 0; i < 3; i++) await clock.advance(500);
  await Promise.all(all);
  assert.deepEqual(transport.sent.map(({ at }) => at), [0, 0, 500, 500, 1_000, 1_000]);
  await pool.close();
});

test("perExitInFlight and maxInFlight hold, and every request is served as places come back", async () => {
  for (const options of [{ perExitInFlight: 2 }, { maxInFlight: 4 }]) {
    const { pool, clock } = await openPool(options, 2);
    const transport = scriptedTransport([{ afterMs: 10 }], { clock });
    const all = Array.from({ length: 30 }, () => outcome(pool.run(get(), transport)));
    await clock.advance(200);
    assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
    assert.equal(transport.highWater, 4, JSON.stringify(options));
    await pool.close();
  }
});

test("maxInFlight is shared fairly between targets", async () => {
  const { pool, clock } = await openPool({ maxInFlight: 1 }, 2);
  const transport = scriptedTransport([{ afterMs: 10 }], { clock });
  const all = Array.from({ length: 8 }, () => outcome(pool.run(get(), transport)));
  all.push(outcome(pool.run({ method: "GET", url: "http://rare.test/", host: "rare.test", path: "/" }, transport)));
  await clock.advance(200);
  await Promise.all(all);
  assert.ok(transport.sent.findIndex(({ target }) => target === "rare.test") <= 2, "the rare target waited for the busy one");
  await pool.close();
});

test("a body that nobody reads gives its place in maxInFlight back after ten seconds", async () => {
  const { pool, clock } = await openPool({ maxInFlight: 1 }, 1);
  const transport = scriptedTransport([{ bodyMs: 60_000 }, {}], { clock });
  await pool.run(get(), transport);
  const second = outcome(pool.run(get(), transport, { timeout: false }));
  await clock.advance(9_999);
  assert.equal(transport.sent.length, 1);
  await clock.advance(1);
  assert.equal(await second, "answer 200");
  await clock.advance(60_000);
  assert.equal(pool.status().inflight, 0);
  await pool.close();
});

test("on local exits the deadline covers the waiting alone", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1, queue: { timeout: "1s" } }, 1);
  const transport = scriptedTransport([{ afterMs: 5_000 }], { clock });
  const slow = outcome(pool.run(get(), transport));
  const late = outcome(pool.run(get(), transport));
  await clock.advance(1_000);
  assert.equal(await late, "error MH_ERR_TIMEOUT");
  await clock.advance(5_000);
  assert.equal(await slow, "answer 200");
  await pool.close();
});

test("more requests than the queue holds wait outside it in order, and their deadline begins with their place", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1, queue: { capacity: 2, timeout: "3s" } }, 1);
  const transport = scriptedTransport([{ afterMs: 1_000 }], { clock });
  const all = Array.from({ length: 8 }, (_, i) => outcome(pool.run(get(`/${i}`), transport)));
  await settle(clock);
  assert.equal(pool.status().tasks.pending, 7);
  await clock.advance(10_000);
  assert.deepEqual(new Set(await Promise.all(all)), new Set(["answer 200"]));
  assert.deepEqual(transport.sent.map(({ url }) => url.at(-1)), ["0", "1", "2", "3", "4", "5", "6", "7"]);
  await pool.close();
});

test("higher priorities go first", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 1 }, 1);
  const transport = scriptedTransport([{ afterMs: 10 }], { clock });
  const all = [0, 0, 5, 0, 5].map((priority, i) => outcome(pool.run(get(`/${i}`), transport, { hints: { priority } })));
  await clock.advance(100);
  await Promise.all(all);
  assert.deepEqual(transport.sent.map(({ url }) => url.at(-1)), ["0", "2", "4", "1", "3"]);
  await pool.close();
});

test("a sleeping pool sets one timer, and none when nobody waits", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": { serverOffset: 0, limits: [{ name: "r", unit: "request", limit: 1, per: "1m", align: "fixed" }] } } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 200 }, () => outcome(pool.run(get(), transport, { timeout: "90s" })));
  await settle(clock);
  assert.equal(clock.pending, 1);
  await clock.advance(90_000);
  assert.equal((await Promise.all(all)).filter((answer) => answer === "answer 200").length, 2);
  await pool.close();
  assert.equal(clock.pending, 0);
});

test("a lease by hand reserves, is settled by its holder, and counts as aborted when it is only released", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": { serverOffset: 0, limits: [{ name: "r", unit: "request", limit: 2, per: "1m", align: "fixed" }] } } }, 1);
  const first = pool.tryAcquire(get());
  assert.ok(first.granted);
  assert.equal(first.lease.localAddress, addresses(1)[0]);
  first.lease.settle("success");
  first.lease.release();
  first.lease.release();
  const second = await pool.acquire(get());
  second.release();

  const refused = pool.tryAcquire(get());
  assert.deepEqual({ ...refused, retryAfterMs: 0 }, { granted: false, reason: "limit:r", retryAfterMs: 0 });
  const { success, fail } = pool.status().targets["api.test"].exits[addresses(1)[0]];
  assert.deepEqual({ success, fail }, { success: 1, fail: 0 });

  const controller = new AbortController();
  const third = outcome(pool.acquire(get(), { signal: controller.signal }));
  await settle(clock);
  controller.abort(Object.assign(new Error("no"), { code: "MINE" }));
  assert.equal(await third, "error MINE");
  assert.equal(await outcome(Promise.all([pool.acquire(get(), { timeout: 10 }), clock.advance(10)])), "error MH_ERR_TIMEOUT");
  assert.equal(pool.status().inflight, 0);
  await pool.close();
});

test("requests of a lease leave by its exit, use its reservation and its place, and never wait for a second one", async () => {
  const { pool } = await openPool({ maxInFlight: 1, targets: { "api.test": { serverOffset: 0, backendLimit: 1, limits: [{ name: "r", unit: "request", limit: 3, per: "1m", align: "fixed" }] } } }, 2);
  const transport = scriptedTransport();
  const lease = await pool.acquire(get());
  for (let i = 0; i < 3; i++) assert.equal(await outcome(pool.run(get(), transport, { hints: { lease } })), "answer 200");
  assert.deepEqual(new Set(transport.sent.map(({ exit }) => exit)), new Set([lease.exit.id]));
  const limits = (): number => pool.status().targets["api.test"].exits[lease.exit.id].limits[0].used;
  assert.equal(limits(), 3);
  lease.release();
  assert.equal(limits(), 3);
  assert.equal(pool.status().inflight, 0);
  await pool.close();
});

test("what was observed of an answer before does not keep the answer itself from being judged", async () => {
  const { pool } = await openPool({}, 1);
  const info = { status: 200, header: () => undefined };
  let decision = "";
  pool.drive(get(), {
    start(leg) {
      leg.observe({ status: 302, header: () => undefined });
      decision = leg.respond(info);
      leg.end();
    },
    stop: (leg) => leg.release(),
    deliver: () => {},
    reject: () => {},
  });
  assert.equal(decision, "deliver");
  await pool.close();
});

test("a light request that comes later passes a heavy one that waits, although nothing else happens meanwhile", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": { serverOffset: 0, weights: (request) => Number(request.headers?.weight), limits: [{ name: "w", unit: "weight", limit: 10, per: "1m", align: "fixed" }] } } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const weigh = (weight: number): Promise<string> => outcome(pool.run(get("/", { headers: { weight: String(weight) } }), transport, { timeout: false }));
  const all = [weigh(7), weigh(5)];
  await clock.advance(1_000);

  all.push(weigh(2));
  await settle(clock);

  assert.deepEqual(transport.sent.map((sent) => sent.weight), [7, 2]);
  await clock.advance(60_000);
  await Promise.all(all);
  await pool.close();
});

test("a long-lived lease that is granted at once does not make the target forget when others are to be served", async () => {
  const { pool, clock } = await openPool({ targets: { "api.test": { serverOffset: 0, weights: () => 6, limits: [{ name: "w", unit: "weight", limit: 10, per: "1m", align: "fixed" }] }, streams: { hosts: "stream.test" } } }, 1);
  const transport = scriptedTransport([{}], { clock });
  const all = [outcome(pool.run(get(), transport, { timeout: false })), outcome(pool.run(get(), transport, { timeout: false }))];
  await clock.advance(1_000);

  const lease = await pool.acquire(get("/", { hints: { weight: 1 } }), { mode: "shared" });
  all.push(outcome(pool.run(get(), transport, { timeout: false })));
  await clock.advance(60_000);

  assert.equal(transport.sent.length, 2);
  lease.release();
  await clock.advance(60_000);
  await Promise.all(all);
  await pool.close();
});
