import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import type { ExitPool, ExitPoolOptions } from "../../src/index.ts";
import { ManualClock, scriptedTransport, seededRandom } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome, post, settle } from "./support.ts";

function proxies(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `socks5://10.0.${i >> 8}.${i & 255}:1080`);
}

/** Nothing but proxies, so everything is as it is by default. */
async function adaptive(count: number, options: ExitPoolOptions = {}, seed = 1): Promise<{ pool: ExitPool; clock: ManualClock; ids: string[] }> {
  const clock = new ManualClock();
  const ids = proxies(count);
  const pool = createExitPool({ clock, random: seededRandom(seed), ...options, exits: { proxies: ids, ...options.exits } });
  await pool.ready();
  return { pool, clock, ids };
}

test("a request through a lone slow proxy is left alone until it answers", async () => {
  const { pool, clock } = await adaptive(1);
  const transport = scriptedTransport([{ afterMs: 7_000 }], { clock });
  const answer = outcome(pool.run(get(), transport));
  await clock.advance(8_000);
  assert.equal(await answer, "answer 200");
  assert.equal(transport.sent.length, 1);
  await pool.close();
});

test("a lone dead proxy is given up within seconds, not at the deadline", async () => {
  const { pool, clock } = await adaptive(1);
  const transport = scriptedTransport([{ error: "ECONNREFUSED", unsent: true }], { clock });
  const answer = outcome(pool.run(get(), transport));
  await clock.advance(10_000);
  assert.equal(await answer, "error ECONNREFUSED");
  assert.ok(transport.sent.length >= 3 && transport.sent.length <= 5, `${transport.sent.length}`);
  await pool.close();
});

test("no request is sent more often than its rounds have legs, however many exits there are", async () => {
  const { pool, clock } = await adaptive(50, { queue: { maxAttempts: 2 }, defaults: { spacing: 0 } });
  const transport = scriptedTransport([{ error: "ECONNREFUSED", unsent: true }], { clock });
  const answer = outcome(pool.submit(get(), transport));
  await clock.advance(60_000);
  assert.equal(await answer, "error MH_ERR_MAX_ATTEMPTS");
  assert.equal(transport.sent.length, 6);
  assert.ok(transport.highWater <= 3);
  await pool.close();
});

test("good proxies among dead ones are found, and then the dead are hardly used", async () => {
  const { pool, clock, ids } = await adaptive(60, { queue: { maxAttempts: 20 } });
  const good = new Set(ids.filter((_, i) => i % 10 === 3));
  const transport = scriptedTransport(({ exit }) => (good.has(exit) ? { afterMs: 300 } : { hang: true }), { clock });
  const run = async (requests: number): Promise<number> => {
    const before = transport.sent.length;
    for (let i = 0; i < requests; i++) {
      const answer = outcome(pool.run(get(), transport));
      await clock.advance(60_000);
      assert.equal(await answer, "answer 200");
    }
    return transport.sent.length - before;
  };
  await run(10);
  assert.ok((await run(20)) <= 60, "at most three attempts a request");
  await pool.close();
});

test("what is written is written once: no race, no cut, no second try of a POST", async () => {
  const { pool, clock } = await adaptive(20, { maxInFlight: 20, defaults: { spacing: 0 } });
  const transport = scriptedTransport((sent) => (sent.index % 3 === 0 ? { error: "ECONNRESET", afterMs: 50 } : { afterMs: 5_000 }), { clock });
  const all = Array.from({ length: 60 }, (_, i) => outcome(pool.run(post(`/${i}`), transport)));
  await clock.advance(60_000);
  await Promise.all(all);
  assert.equal(transport.sent.length, 60);
  assert.equal(new Set(transport.sent.map(({ url }) => url)).size, 60);
  assert.ok(transport.sent.every(({ aborted }) => !aborted));
  await pool.close();
});

test("a further leg goes when an answer takes longer than most, and the first may still win", async () => {
  const { pool, clock } = await adaptive(4, { defaults: { spacing: 0 } });
  const random = seededRandom(9);
  const quick = scriptedTransport(() => ({ afterMs: 60 + 80 * random() }), { clock });
  for (let i = 0; i < 200; i++) {
    const answer = pool.run(get(), quick);
    await clock.advance(500);
    await answer;
  }
  const slow = scriptedTransport([{ afterMs: 1_200 }, { hang: true }], { clock });
  const answer = outcome(pool.run(get(), slow));
  await clock.advance(30);
  assert.ok(slow.sent.length <= 2, "at once at most a test of another exit");
  const early = slow.sent.length;
  await clock.advance(1_000);
  assert.ok(slow.sent.length > early && slow.sent.length <= 4, `${slow.sent.length}`);
  assert.equal(new Set(slow.sent.map(({ exit }) => exit)).size, slow.sent.length);
  await clock.advance(200);
  assert.equal(await answer, "answer 200");
  assert.ok(!slow.sent[0].aborted && slow.sent.slice(1).every(({ aborted }) => aborted));
  await pool.close();
});

test("a failed request goes back to the head of its line, under the documents' policy to the tail", async () => {
  for (const [exits, race, order] of [
    [{ strategy: "adaptive" }, { mode: "off" }, ["/0", "/0", "/1", "/2"]],
    [{ strategy: "score" }, { mode: "off" }, ["/0", "/1", "/2", "/0"]],
  ] as const) {
    const { pool, clock } = await adaptive(8, { exits, maxInFlight: 1, defaults: { spacing: 0, race } });
    const transport = scriptedTransport((sent) => (sent.index === 0 ? { error: "ECONNRESET", afterMs: 10 } : { afterMs: 10 }), { clock });
    const all = [0, 1, 2].map((i) => outcome(pool.run(get(`/${i}`), transport)));
    await clock.advance(5_000);
    assert.deepEqual(await Promise.all(all), ["answer 200", "answer 200", "answer 200"]);
    assert.deepEqual(transport.sent.map(({ url }) => new URL(url).pathname), order, exits.strategy);
    await pool.close();
  }
});

test("while the network is gone a few requests go out to see, and with the first answer everybody does", async () => {
  const { pool, clock } = await adaptive(30, { queue: { timeout: "5m" }, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  let gone = false;
  const transport = scriptedTransport(() => (gone ? { hang: true } : { afterMs: 200 }), { clock });
  const answers: Promise<string>[] = [];
  const load = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds * 5; i++) {
      answers.push(outcome(pool.run(get(), transport)));
      await clock.advance(200);
    }
  };
  await load(60);
  const believed = (): number => Object.values(pool.status().targets["api.test"].exits).filter(({ status }) => status === "active").length;
  const before = believed();
  gone = true;
  await load(10);
  const asked = transport.sent.length;
  await load(20);
  assert.ok(transport.sent.length - asked <= 85, `${transport.sent.length - asked} attempts in 20 s without a network`);
  assert.ok(transport.live <= 8, `${transport.live} at a time`);
  gone = false;
  await clock.advance(20_000);
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(["answer 200"]));
  assert.ok(believed() >= before);
  await pool.close();
});

test("what a request loses with the network is no attempt of its own: it goes as soon as the network is back", async () => {
  const { pool, clock } = await adaptive(30, { queue: { timeout: "5m", maxAttempts: 2 }, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  let gone = false;
  const transport = scriptedTransport(() => (gone ? { hang: true } : { afterMs: 200 }), { clock });
  const answers: Promise<string>[] = [];
  for (let i = 0; i < 300; i++) {
    if (i === 290) gone = true;
    answers.push(outcome(pool.run(get(), transport)));
    await clock.advance(200);
  }
  await clock.advance(60_000);
  // Of ten requests each has been sent some twenty times by now, and was allowed six.
  assert.notEqual(pool.status().outage, undefined);
  const asked = transport.sent.length;
  assert.ok(asked > 300 + 100, `${asked}`);
  gone = false;
  await clock.advance(3_000);
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(["answer 200"]));
  assert.equal(pool.status().inflight, 0);
  assert.equal(pool.status().outage, undefined);
  await pool.close();
  await settle(clock);
  assert.equal(clock.pending, 0);
});

test("what may be sent once only is hardly risked while the network is gone", async () => {
  const { pool, clock } = await adaptive(30, { queue: { timeout: "5m" }, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  let gone = false;
  const transport = scriptedTransport(() => (gone ? { hang: true } : { afterMs: 200 }), { clock });
  for (let i = 0; i < 300; i++) {
    if (i === 280) gone = true;
    void outcome(pool.run(get(), transport));
    await clock.advance(200);
  }
  assert.notEqual(pool.status().outage, undefined);
  const asked = transport.sent.length;
  const written = Array.from({ length: 40 }, (_, i) => outcome(pool.run(post(`/${i}`), transport)));
  await clock.advance(10_000);
  const posts = transport.sent.slice(asked).filter(({ method }) => method === "POST").length;
  assert.ok(posts <= 6, `${posts} lost`);
  gone = false;
  await clock.advance(20_000);
  const answers = await Promise.all(written);
  assert.ok(answers.filter((answer) => answer === "answer 200").length >= 40 - posts, `${answers}`);
  await pool.close();
});

test("own addresses go on in turn, one attempt a request, whatever their answers", async () => {
  const { pool, clock } = await openPool({}, 3);
  const transport = scriptedTransport([{ afterMs: 5 }], { clock });
  const all = Array.from({ length: 9 }, () => outcome(pool.run(get(), transport)));
  await clock.advance(100);
  await Promise.all(all);
  assert.deepEqual(Object.values(transport.sentBy()), [3, 3, 3]);
  await pool.close();
});

test("own addresses that are chosen by worth are trusted from the start, and the slow one is left alone", async () => {
  const { pool, clock } = await openPool({ exits: { local: ["127.0.1.1", "127.0.1.2", "127.0.1.3"], strategy: "adaptive" } }, 3);
  const transport = scriptedTransport(({ exit }) => ({ afterMs: exit === "127.0.1.2" ? 2_000 : 50 }), { clock });
  const first = [1, 2, 3].map(() => outcome(pool.run(get(), transport)));
  assert.equal(transport.sent.length, 3, "nobody waits for a test");
  assert.ok(pool.explain(get()).exits.every(({ belief }) => (belief?.up ?? 0) > 0.8));
  await clock.advance(3_000);
  for (let i = 0; i < 30; i++) {
    const answer = pool.run(get(), transport);
    await clock.advance(3_000);
    await answer;
  }
  assert.deepEqual(new Set(await Promise.all(first)), new Set(["answer 200"]));
  assert.ok((transport.sentBy()["127.0.1.2"] ?? 0) <= 6, JSON.stringify(transport.sentBy()));
  await pool.close();
});

test("own addresses that are chosen by worth share the work evenly as long as nothing tells them apart", async () => {
  for (const [count, atATime, race] of [[3, 1, "off"], [20, 1, "off"], [20, 10, "off"], [10, 5, "adaptive"]] as const) {
    const { pool, clock } = await openPool({ exits: { local: addresses(count), strategy: "adaptive" }, defaults: { race: { mode: race } }, random: seededRandom(3) });
    const random = seededRandom(5);
    // Between 20 and 110 ms: some are lucky for a while.
    const transport = scriptedTransport(() => ({ afterMs: 20 + 90 * random() }), { clock });
    for (let sent = 0; sent < 30 * count; sent += atATime) {
      const answers = Array.from({ length: atATime }, () => pool.run(get(), transport));
      await clock.advance(1_000);
      await Promise.all(answers);
    }
    const each = Object.values(transport.sentBy());
    assert.equal(each.length, count);
    assert.ok(Math.max(...each) <= 1.15 * Math.min(...each), `${count} addresses, ${atATime} at a time: ${each}`);
    await pool.close();
  }
});

test("own addresses may be hedged, and only from what is spare of their limits", async () => {
  const limits = [{ name: "r", unit: "request", limit: 10, per: "1m" }] as const;
  const { pool, clock } = await openPool({ defaults: { race: { mode: "adaptive" }, limits: [...limits] } }, 2);
  const transport = scriptedTransport([{ afterMs: 20_000 }], { clock });
  const first = outcome(pool.run(get(), transport));
  await clock.advance(10_000);
  assert.equal(transport.sent.length, 2);
  const more = Array.from({ length: 15 }, () => outcome(pool.run(get(), transport)));
  await clock.advance(10_000);
  assert.ok(transport.sent.length <= 17, `${transport.sent.length}: no legs above four fifths of a limit`);
  await clock.advance(60_000);
  await Promise.all([first, ...more]);
  await pool.close();
});

test("with one seed everything happens again as it did", async () => {
  const told: string[][] = [];
  for (let run = 0; run < 2; run++) {
    const { pool, clock } = await adaptive(40, { maxInFlight: 10 }, 7);
    const random = seededRandom(8);
    const transport = scriptedTransport(() => (random() < 0.3 ? { afterMs: 100 + 900 * random() } : random() < 0.5 ? { error: "ECONNREFUSED", unsent: true, afterMs: 50 } : { hang: true }), { clock });
    const all = Array.from({ length: 60 }, (_, i) => outcome(pool.run(get(`/${i}`), transport)));
    await clock.advance(120_000);
    await Promise.all(all);
    told.push(transport.sent.map(({ exit, at, url }) => `${at} ${exit} ${url}`));
    await pool.close();
  }
  assert.deepEqual(told[0], told[1]);
});

test("without any exit that works nothing is asked for ever and ever: it sleeps until one is due", async () => {
  const { pool, clock } = await adaptive(3, { queue: { onOpen: "queue", timeout: "10m", maxAttempts: Infinity } });
  const transport = scriptedTransport([{ error: "ECONNREFUSED", unsent: true }], { clock });
  const waiting = outcome(pool.run(get(), transport));
  await clock.advance(120_000);
  const early = transport.sent.length;
  await clock.advance(120_000);
  assert.ok(transport.sent.length - early < 400 && transport.sent.length > 10, `${early} and ${transport.sent.length - early} attempts`);
  await pool.close();
  assert.match(await waiting, /error/);
  assert.equal(clock.pending, 0);
});

test("nothing is left behind: no lease, no timer, no request", async () => {
  const { pool, clock } = await adaptive(20, { maxInFlight: 10 });
  const random = seededRandom(3);
  const transport = scriptedTransport(() => (random() < 0.5 ? { afterMs: 2_000 * random() } : { hang: true }), { clock });
  const controllers = Array.from({ length: 40 }, () => new AbortController());
  const all = controllers.map(({ signal }) => outcome(pool.run(get(), transport, { signal })));
  await clock.advance(500);
  for (const controller of controllers) if (random() < 0.5) controller.abort();
  await clock.advance(90_000);
  await Promise.all(all);
  assert.equal(pool.status().inflight, 0);
  assert.equal(transport.live, 0);
  await pool.close();
  await settle(clock);
  assert.equal(clock.pending, 0);
});
