// Rule: a fetch whose answer breaks off settles. Where a first byte is waited for and the body fails instead, the head and its
// failure were told in one turn; built-in fetch had no listener yet, and neither the failure nor an abort ended it.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { createExitPool } from "@multihome/core";
import { listen, startSocksServer } from "@multihome/core/testing";
import { errorOf } from "../support/contract-room.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

const BROKEN = {
  "a chunk of no size": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxxx\r\n0\r\n\r\n",
  "nothing of the body": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
};

for (const client of [fetchClient, undiciClient]) {
  for (const [what, answer] of Object.entries(BROKEN)) {
    test(`${client.name}: ${what}`, async (t) => {
      const target = await listen(createServer((socket) => void socket.once("data", () => socket.end(answer))));
      const proxy = await startSocksServer();
      const pool = createExitPool({ exits: { proxies: [proxy.url] }, defaults: { race: { mode: "off" } }, queue: { maxAttempts: 1 } });
      t.after(async () => {
        await pool.close();
        await proxy.close();
        await target.close();
      });

      const error = await errorOf(client.through(pool).send(`http://127.0.0.1:${target.port}/`));

      assert.ok(client.isOwn(error), error.name);
      const [exit] = Object.values(pool.status().targets["127.0.0.1"].exits);
      assert.deepEqual({ fail: exit.fail, success: exit.success, out: pool.status().inflight }, { fail: 1, success: 0, out: 0 });
    });
  }
}
