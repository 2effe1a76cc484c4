import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import { ManualClock, scriptedTransport } from "../../src/testing/index.ts";
import { get, outcome } from "./support.ts";

test("proxies come from sources, a refresh adds to them, and what fails is named", async () => {
  const clock = new ManualClock();
  const lists = [["10.0.0.1:1080", "10.0.0.2:1080", "nonsense line"], ["10.0.0.2:1080", "10.0.0.3:1080"]];
  let reads = 0;
  const source = { name: "mine", read: () => Promise.resolve(lists[Math.min(reads++, 1)]) };
  const pool = createExitPool({ exits: { sources: [source], refreshEvery: "1m" }, clock, defaults: { spacing: 0, race: { mode: "off" } } });
  await pool.ready();
  assert.equal(pool.status().exits.total, 2);
  const transport = scriptedTransport();
  assert.equal(await outcome(pool.run(get(), transport)), "answer 200");
  await clock.advance(60_000);
  await clock.advance(1);
  assert.equal(pool.status().exits.total, 3);
  for (let i = 0; i < 60; i++) await outcome(pool.run(get(), transport));
  assert.equal(Object.keys(transport.sentBy()).length, 3);
  await pool.close();
  assert.equal(clock.pending, 0);

  const broken = createExitPool({ exits: { sources: [{ name: "broken", read: () => Promise.reject(new Error("no list")) }] }, logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } });
  await assert.rejects(broken.ready(), /There is no exit to leave by: broken \(.*no list/);
  await broken.close();
});

test("credentials are not sent in the clear through proxies that a list has named", async () => {
  const options = { sources: [{ name: "mine", read: () => Promise.resolve(["10.0.0.1:1080"]) }] };
  const pool = createExitPool({ exits: options, defaults: { race: { mode: "off" }, spacing: 0 } });
  await pool.ready();
  const transport = scriptedTransport();
  assert.equal(await outcome(pool.run(get("/", { headers: { Authorization: "Bearer x" } }), transport)), "error MH_ERR_PLAIN_CREDENTIALS");
  assert.equal(transport.sent.length, 0);
  assert.equal(await outcome(pool.run(get("/", { headers: { accept: "*/*" } }), transport)), "answer 200");
  assert.equal(await outcome(pool.run(get("/", { url: "https://api.test/", headers: { "X-MBX-APIKEY": "x" } }), transport)), "answer 200");
  await pool.close();

  const allowed = createExitPool({ exits: { ...options, plainCredentials: true }, defaults: { race: { mode: "off" }, spacing: 0 } });
  assert.equal(await outcome(allowed.run(get("/", { headers: { cookie: "a=b" } }), transport)), "answer 200");
  await allowed.close();
});
