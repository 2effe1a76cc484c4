import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { createExitPool } from "../../src/index.ts";
import type { Driver } from "../../src/index.ts";

const PASSWORD = "correct-horse-4711";
const KEY = "api-key-4712";

test("neither a proxy's password nor a request's key is in anything that can be printed", async () => {
  const lines: string[] = [];
  const write = (fields: object, message: string): void => void lines.push(message, inspect(fields, { depth: 9 }));
  const pool = createExitPool({ exits: { proxies: [`socks5://user:${PASSWORD}@127.0.0.1:1`] }, logger: { debug: write, info: write, warn: write, error: write } });
  await pool.ready();
  const answer = pool.tryAcquire({ method: "GET", url: "http://api.test/", headers: { "x-mbx-apikey": KEY } });
  assert.ok(answer.granted);
  const { lease } = answer;
  const driver: Driver = { start: (leg) => leg.fail(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }), false), stop: (leg) => leg.release(), deliver: () => {}, reject: (error) => lines.push(inspect(error, { depth: 9 })) };
  const dispatch = pool.drive({ method: "GET", url: "http://api.test/", headers: { "x-mbx-apikey": KEY } }, driver);

  const shown = [lines.join("\n"), ...[pool, lease, lease.exit, dispatch, pool.status()].flatMap((value) => [inspect(value, { depth: 9, showHidden: true }), JSON.stringify(value)])].join("\n");
  for (const secret of [PASSWORD, KEY, Buffer.from(PASSWORD).toString("base64"), Buffer.from(`user:${PASSWORD}`).toString("base64")]) assert.ok(!shown.includes(secret), secret);
  lease.release();
  await pool.close();
});
