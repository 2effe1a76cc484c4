import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool } from "../../src/index.ts";
import type { ResponseInfo, Transport } from "../../src/index.ts";

const REQUEST = { method: "GET", url: "http://a.test/" };
const ANSWER: ResponseInfo = { status: 200, header: () => undefined };
const inspect = (): ResponseInfo => ANSWER;

test("a transport is handed a signal where it takes one, whichever others the program has", async (t) => {
  const pool = createExitPool({ exits: { local: ["127.0.0.2"] } });
  t.after(() => pool.close());
  const plain: Transport<string> = { send: (...[, signal]) => Promise.resolve(signal === undefined ? "none" : "some"), inspect, discard: () => {} };
  const taking: Transport<string> = { send: (_lease, signal) => Promise.resolve(signal instanceof AbortSignal ? "some" : "none"), inspect, discard: () => {} };

  const told: string[] = [];
  for (const transport of [plain, taking, plain, taking, taking]) told.push(await pool.run(REQUEST, transport));

  assert.deepEqual(told, ["none", "some", "none", "some", "some"]);
});

test("a transport may answer with undefined", async (t) => {
  const pool = createExitPool({ exits: { local: ["127.0.0.2"] } });
  t.after(() => pool.close());
  const discarded: unknown[] = [];
  const silent: Transport<undefined> = { send: () => Promise.resolve(undefined), inspect, discard: (response) => void discarded.push(response) };

  assert.equal(await pool.run(REQUEST, silent), undefined);

  assert.deepEqual(discarded, []);
});
