import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, isMultihomeError } from "../../src/index.ts";
import type { ExitPoolOptions, MultihomeError } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { addresses, get, openPool, outcome, settle } from "./support.ts";

test("requests made before the exits are known wait for them", async () => {
  const pool = createExitPool({ exits: { local: addresses(2) } });
  const transport = scriptedTransport();
  assert.deepEqual(pool.tryAcquire(get()), { granted: false, reason: "not-ready", retryAfterMs: 0 });
  assert.equal(await outcome(pool.run(get(), transport)), "answer 200");
  await pool.close();
});

test("a pool without a usable exit says so, at ready() and to every request", async () => {
  const pool = createExitPool({ exits: { local: ["192.0.2.1"] } });
  const early = outcome(pool.run(get(), scriptedTransport()));
  await assert.rejects(pool.ready(), (error: MultihomeError) => error.code === "MH_ERR_NO_EXIT" && error.message.includes("192.0.2.1"));
  assert.equal(await early, "error MH_ERR_NO_EXIT");
  assert.equal(await outcome(pool.run(get(), scriptedTransport())), "error MH_ERR_NO_EXIT");
  assert.equal(pool.tryAcquire(get()).granted, false);
  await pool.close();
});

test("an address that cannot be bound is left out and named", async () => {
  const lines: string[] = [];
  const logger = { debug: () => {}, info: (_fields: object, message: string) => void lines.push(message), warn: () => {}, error: () => {} };
  const pool = createExitPool({ exits: { local: ["127.0.1.1", "192.0.2.1"] }, logger });
  await pool.ready();
  assert.equal(pool.status().exits.total, 1);
  assert.match(lines.join("\n"), /192\.0\.2\.1 \(.*EADDRNOTAVAIL/);
  await pool.close();
});

test("every wrong option is in one error, with its path, what was given and what is allowed", () => {
  const options = {
    exits: { local: ["10.0.0.0/33", "127.0.0.1"], proxies: ["socks4://1.2.3.4:1"], strategy: "fastest" },
    queue: { capacity: -1, timeout: "soon" },
    targets: {
      a: { hosts: "x.test", limits: [{ name: "l", unit: "weight", limit: 0, per: "1m" }, { name: "m", unit: "weight", limit: 5, per: 0, align: "loose" }] },
      b: { weights: { rules: 5 } },
    },
    interval: "500",
    perExitInFlight: 0,
  } as unknown as ExitPoolOptions;
  assert.throws(
    () => createExitPool(options),
    (error: MultihomeError) => {
      assert.ok(isMultihomeError(error));
      assert.equal(error.code, "MH_ERR_CONFIG");
      for (const path of ["exits.local[0]", "exits.proxies[0]", "exits.strategy", "queue.capacity", "queue.timeout", "targets.a.limits[0].limit", "targets.a.limits[1].per", "targets.a.limits[1].align", "targets.b.weights", "interval", "perExitInFlight"]) {
        assert.ok(error.message.includes(`  ${path}: got `), `${path} is missing in\n${error.message}`);
      }
      return true;
    },
  );
});

test("contradicting options are told apart from wrong ones", () => {
  const wrong: [ExitPoolOptions, RegExp][] = [
    [{ exits: { local: false } }, /exits: got local: false and neither proxies nor sources, expected at least one way out/],
    [{ exits: { local: [] } }, /at least one way out/],
    [{ targets: { a: { hosts: "x.test" }, b: { hosts: ["y.test", "X.test"] } } }, /targets\.b\.hosts: got "X.test", expected a host that no other target names \(targets\.a does\)/],
    [{ health: { cooldownBase: "10m" , cooldownMax: "1m" } }, /health\.cooldownMax/],
    [{ targets: { a: { limits: [{ name: "x", unit: "weight", limit: 1, per: 1 }, { name: "x", unit: "request", limit: 1, per: 1 }] } } }, /limits\[1\]\.name/],
  ];
  for (const [options, message] of wrong) assert.throws(() => createExitPool(options), message);
});

test("an option error never shows a password", () => {
  assert.throws(() => createExitPool({ exits: { proxies: ["socks9://user:hunter2@host:1080"] } }), (error: Error) => !error.message.includes("hunter2"));
  assert.throws(() => createExitPool({ exits: { local: "socks5://user:hunter2@host:1080" as never } }), (error: Error) => !error.message.includes("hunter2"));
});

test("a target is found by port, then name, then the longest wildcard", async () => {
  const { pool } = await openPool({ targets: { port: { hosts: "127.0.0.1:8080" }, name: { hosts: "127.0.0.1" }, wide: { hosts: "*.test" }, deep: { hosts: "*.b.test" }, exact: { hosts: "a.b.test" } } }, 1);
  const targetOf = (url: string): string => {
    const answer = pool.tryAcquire({ method: "GET", url });
    assert.ok(answer.granted);
    using lease = answer.lease;
    return lease.target;
  };
  assert.equal(targetOf("http://127.0.0.1:8080/"), "port");
  assert.equal(targetOf("http://127.0.0.1:9090/"), "name");
  assert.equal(targetOf("https://A.B.Test/x"), "exact");
  assert.equal(targetOf("https://c.b.test:444/x"), "deep");
  assert.equal(targetOf("https://b.test/x"), "wide");
  assert.equal(targetOf("https://test/x"), "test");
  assert.equal(targetOf("https://Other.example:81/x"), "other.example");
  await pool.close();
});

test("close refuses what waits, lets what runs end for a while, and stops the rest", async () => {
  const { pool, clock } = await openPool({ perExitInFlight: 2 }, 1);
  const transport = scriptedTransport([{ afterMs: 100 }, { hang: true }], { clock });
  const soon = outcome(pool.run(get(), transport));
  const never = outcome(pool.run(get(), transport));
  const waiting = outcome(pool.run(get(), transport));
  const byHand = pool.acquire(get(), { mode: "shared" });
  const lease = await byHand;
  const closing = pool.close({ drain: "1s" });
  assert.equal(pool.close(), closing);
  assert.equal(await waiting, "error MH_ERR_CLOSED");
  assert.equal(await outcome(pool.run(get(), transport)), "error MH_ERR_CLOSED");
  await clock.advance(100);
  assert.equal(await soon, "answer 200");
  await clock.advance(900);
  assert.equal(await never, "error MH_ERR_CLOSED");
  await closing;
  lease.release();
  assert.equal(pool.status().inflight, 0);
  assert.equal(clock.pending, 0);
});

test("close ends at once when nothing runs", async () => {
  const clock = new ManualClock();
  const pool = createExitPool({ exits: { local: addresses(1) }, clock });
  await pool.close();
  assert.equal(await outcome(pool.ready()), "error MH_ERR_CLOSED");
});

test("update changes limits without losing what was counted", async () => {
  const limits = (limit: number): ExitPoolOptions => ({ targets: { "api.test": { limits: [{ name: "r", unit: "request", limit, per: "1m", align: "sliding" }] } } });
  const { pool, clock } = await openPool(limits(2), 1);
  const transport = scriptedTransport([{}], { clock });
  const all = Array.from({ length: 4 }, () => outcome(pool.run(get(), transport, { timeout: false })));
  await settle(clock);
  assert.equal(transport.sent.length, 2);
  pool.update(limits(3));
  await settle(clock);
  assert.equal(transport.sent.length, 3);
  assert.throws(() => pool.update({ clock: new ManualClock() }), /clock: got another one, expected no change/);
  assert.throws(() => pool.update({ queue: { capacity: 0 } }), /queue.capacity/);
  await clock.advance(60_000);
  await Promise.all(all);
  await pool.close();
});

test("hints of pool.with reach every request inside, however deep, and a request's own hints win", async () => {
  const { pool } = await openPool({ targets: { one: { hosts: "one.test" }, two: { hosts: "two.test" } } }, 1);
  const transport = scriptedTransport();
  await pool.with({ target: "one" }, async () => {
    await Promise.resolve();
    await pool.run(get(), transport);
    await pool.with({ priority: 3 }, () => pool.run(get(), transport));
    await pool.run(get(), transport, { hints: { target: "two" } });
  });
  await pool.run(get(), transport);
  assert.deepEqual(transport.sent.map(({ target }) => target), ["one", "one", "two", "api.test"]);
  await assert.rejects(pool.run(get(), transport, { hints: { target: "nowhere" } }), TypeError);
  await pool.close();
});
