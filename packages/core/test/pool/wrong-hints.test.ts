import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExitPool, Hints, Logger, RunOptions } from "../../src/index.ts";
import { scriptedTransport } from "../../src/testing/index.ts";
import { get, openPool } from "./support.ts";

async function listening(options: Parameters<typeof openPool>[0] = {}): Promise<{ pool: ExitPool; warnings: string[] }> {
  const warnings: string[] = [];
  const quiet = (): void => {};
  const logger: Logger = { debug: quiet, info: quiet, warn: (_, message) => void warnings.push(message), error: quiet };
  const { pool } = await openPool({ ...options, logger });
  return { pool, warnings };
}

const hints = (wrong: unknown): Hints => wrong as Hints;

test("a hint that there is not, and one that is no hint's value, are said once each and left out", async () => {
  const { pool, warnings } = await listening();
  const transport = scriptedTransport(Array.from({ length: 6 }, () => ({})));
  for (let i = 0; i < 2; i++) {
    await pool.run(get("/", { hints: hints({ prio: 10, priority: "high" }) }), transport);
    await pool.run(get(), transport, { hints: hints({ prio: 11, race: "no" }) });
    await pool.with(hints({ batchId: 7 }), () => pool.run(get(), transport));
  }
  assert.equal(transport.sent.length, 6);
  assert.deepEqual(warnings, [
    "There is no hint `prio`; it is ignored. There are kind, priority, weight, race, target, batchId, affinity, lease.",
    'The hint `priority` is "high", expected a number, higher goes first; it is ignored.',
    'The hint `race` is "no", expected most attempts at once, or false; it is ignored.',
    "The hint `batchId` is 7, expected a string; it is ignored.",
  ]);
  await pool.close();
});

test("right hints are not warned about, absent ones and those of pool.with included", async () => {
  const { pool, warnings } = await listening({ kinds: { orders: {} } });
  const transport = scriptedTransport([{}, {}]);
  await pool.with({ affinity: "avoid-previous" }, () => pool.run(get("/", { hints: { kind: "orders", priority: -1, weight: 0, race: false, batchId: "b", lease: undefined } }), transport));
  await pool.run(get("/", { hints: { race: 2, affinity: "key" } }), transport);
  assert.deepEqual(warnings, []);
  await pool.close();
});

for (const weight of ["5", Number.NaN, -3, Infinity]) {
  test(`a weight of ${JSON.stringify(weight)} (${String(weight)}) counts as what the rules say, and no window is spoilt by it`, async () => {
    const { pool, warnings } = await listening({ targets: { "api.test": { weights: () => 2, limits: [{ name: "w", unit: "weight", limit: 10, per: "1m" }] } } });
    const answer = pool.tryAcquire(get("/", { hints: hints({ weight, kind: "k" }) }));
    assert.ok(answer.granted);
    const [exit] = Object.values(pool.status().targets["api.test"].exits).filter(({ limits }) => limits[0].used > 0);
    assert.equal(exit.limits[0].used, 2);
    assert.equal(warnings.length, 1);
    answer.lease.release();
    await pool.close();
  });
}

test("hints that are no object are said, and a text that may be somebody's key is not repeated", async () => {
  const { pool, warnings } = await listening();
  const transport = scriptedTransport([{}, {}, {}]);
  await pool.run(get("/", { hints: hints("high") }), transport);
  await pool.run(get("/", { hints: hints(null) }), transport);
  await pool.run(get("/", { hints: hints({ priority: "key-0123456789-0123456789" }) }), transport);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0], /^Hints are "high", expected an object/);
  assert.match(warnings[1], /^The hint `priority` is a text,/);
  await pool.close();
});

test("a lease that is none is refused: nobody meant another exit", async () => {
  const { pool } = await listening();
  for (const lease of [null, {}, "lease-1"]) await assert.rejects(pool.run(get("/", { hints: hints({ lease }) }), scriptedTransport([{}])), { code: "MH_ERR_CONFIG", message: /`lease` expects a lease from acquire/ });
  await pool.close();
});

test("wrong options of a call are refused with those that there are", async () => {
  const { pool } = await listening();
  const transport = scriptedTransport([{}]);
  const wrong = (options: object): RunOptions => options;
  await assert.rejects(pool.run(get(), transport, wrong({ timeoutMs: 5 })), { name: "TypeError", message: "`run` has no option `timeoutMs`; there are signal, timeout, hints." });
  await assert.rejects(pool.run(get(), transport, wrong({ priority: 5 })), { name: "TypeError", message: /as a hint it is \{ hints: \{ priority: … \} \}/ });
  await assert.rejects(pool.run(get(), transport, wrong({ timeout: "soon" })), { name: "TypeError", message: /^Expected `timeout` to be a duration such as .*, got `soon`\.$/ });
  await assert.rejects(pool.run(get(), transport, wrong({ signal: {} })), { name: "TypeError", message: /`signal` to be an AbortSignal/ });
  await assert.rejects(pool.submit(get(), transport, wrong({ timeout: -1 })), { name: "RangeError", message: /`timeout`/ });
  await assert.rejects(pool.acquire(get(), wrong({ mode: "share" })), { name: "TypeError", message: 'Expected `mode` to be "ephemeral" or "shared", got `share`.' });
  assert.throws(() => pool.tryAcquire(get(), wrong({ mode: "share" })), { name: "TypeError", message: /"ephemeral" or "shared"/ });
  assert.throws(() => pool.tryAcquireAll([get()], wrong({ modes: "shared" })), { name: "TypeError", message: /no option `modes`; there are signal, timeout, hints, mode/ });
  assert.throws(() => pool.map([1], async () => 1, { limit: 3 } as object), { name: "TypeError", message: /no option `limit`; there are concurrency, ordered, signal/ });
  assert.throws(() => pool.map([1], async () => 1, { concurrency: 0.5 }), { name: "RangeError", message: /`concurrency` to be an integer of at least 1/ });
  assert.equal(pool.status().inflight, 0);
  assert.equal(transport.sent.length, 0);
  await pool.close();
});

test("a URL of another protocol is refused with those that are sent", async () => {
  const { pool } = await listening();
  for (const url of ["ftp://api.test/a", "redis://api.test", "file:///etc/hosts", "localhost:8080/path"]) {
    const error = { name: "TypeError", message: /^Expected a URL of http, https, ws or wss, / };
    const request = { method: "GET", url };
    assert.throws(() => pool.tryAcquire(request), error);
    await assert.rejects(pool.acquire(request), error);
    await assert.rejects(pool.run(request, scriptedTransport([{}])), error);
  }
  const answer = pool.tryAcquire({ method: "GET", url: "wss://api.test/stream" }, { mode: "shared" });
  assert.ok(answer.granted);
  answer.lease.release();
  await pool.close();
});
