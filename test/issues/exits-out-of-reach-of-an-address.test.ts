// Rule: no request is given an exit that cannot reach the address it is for. One on a lease of an exit of the other family, and one
// whose affinity key belonged to such an exit, once went there and failed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool, type RequestInfo } from "@multihome/core";
import { scriptedTransport } from "@multihome/core/testing";

const V4: RequestInfo = { method: "GET", url: "http://127.0.0.1/", host: "127.0.0.1", path: "/" };
const V6: RequestInfo = { method: "GET", url: "http://[::1]/", host: "[::1]", path: "/" };

async function open(): Promise<ExitPool> {
  const pool = createExitPool({ exits: { local: ["127.0.1.1", "127.0.1.2", "::1"] }, queue: { maxAttempts: 1 }, targets: { mixed: { hosts: ["127.0.0.1", "[::1]", "api.test"] } } });
  await pool.ready();
  return pool;
}

test("a request on a lease of an exit of the other family is refused at once, with the family that it needs", async () => {
  await using pool = await open();
  const transport = scriptedTransport([{}]);
  const lease = pool.tryAcquire(V6);
  assert.ok(lease.granted);
  assert.equal(lease.lease.exit.id, "::1");
  await assert.rejects(pool.run({ ...V4, hints: { lease: lease.lease } }, transport), { code: "MH_ERR_NO_EXIT", message: /exit ::1 .*cannot reach mixed.*IPv4/ });
  lease.lease.release();
  assert.equal(transport.sent.length, 0);
});

test("a key's exit that cannot reach the address is stood in for by one that can, always the same", async () => {
  await using pool = await open();
  const transport = scriptedTransport([{}]);
  for (let round = 0; round < 2; round++) {
    for (let key = 0; key < 20; key++) {
      await pool.run({ ...V4, hints: { affinity: `key ${key}` } }, transport);
      await pool.run({ ...V6, hints: { affinity: `key ${key}` } }, transport);
    }
  }
  for (const { exit, url } of transport.sent) assert.equal(exit.includes("::"), url.includes("::"), `${url} by ${exit}`);
  const exits = transport.sent.map(({ exit }) => exit);
  assert.deepEqual(exits.slice(0, 40), exits.slice(40));
  assert.equal(new Set(exits).size, 3);
});

test("explain names the exit of a key, and what a request waits for there", async () => {
  await using pool = createExitPool({ exits: { local: ["127.0.1.1", "127.0.1.2"] }, targets: { "api.test": { limits: [{ name: "count", unit: "request", limit: 1, per: "1m" }] } } });
  await pool.ready();
  const request: RequestInfo = { method: "GET", url: "http://api.test/", host: "api.test", path: "/", hints: { affinity: "key" } };
  const before = pool.explain(request).affinity;
  const transport = scriptedTransport([{}]);
  await pool.run(request, transport);
  assert.deepEqual(before, { id: transport.sent[0]?.exit, usable: true });
  const { affinity } = pool.explain(request);
  assert.equal(affinity?.id, before?.id);
  assert.equal(affinity?.reason, "limit:count");
  assert.ok((affinity?.retryAfterMs ?? 0) > 0);
  assert.equal(pool.explain({ ...request, hints: {} }).affinity, undefined);
});
