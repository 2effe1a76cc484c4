import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { createExitPool } from "@multihome/core";
import { startHttpServer } from "@multihome/core/testing";
import { okx } from "@multihome/core/venues";
import { axiosClient } from "../support/contract-axios.ts";
import { gotClient } from "../support/contract-got.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

const PACKED = {
  gzip: gzipSync,
  deflate: deflateSync,
  "deflate without its frame": deflateRawSync,
  br: brotliCompressSync,
  "not as it says": (text: string) => Buffer.from(text),
} as const;

// Rule: a refusal is a refusal however its body is packed. Clients ask for compressed answers by themselves, and an exchange that refuses
// with status 200 and a code in the body was not understood when it did as it was asked.
for (const client of [axiosClient, gotClient, undiciClient, fetchClient]) {
  test(`${client.name}: a refusal in a compressed body rests the exit`, async () => {
    for (const [name, pack] of Object.entries(PACKED)) {
      const text = JSON.stringify({ code: "50011", msg: "Too Many Requests" });
      const server = await startHttpServer((_, response) => response.writeHead(200, { "content-type": "application/json", "content-encoding": name === "not as it says" ? "gzip" : name.split(" ")[0] }).end(pack(text)));
      const pool = createExitPool({ exits: { local: ["127.0.0.2"] }, targets: { okx: { ...okx(), hosts: `127.0.0.1:${server.port}` } }, queue: { maxAttempts: 1 } });
      const kinds: string[] = [];
      pool.on("multihome:lease.settled", ({ verdict }) => kinds.push(verdict));

      await client.through(pool).send(`${server.url}/api/v5/market/ticker?instId=BTC-USDT`).catch(() => {});

      assert.deepEqual(kinds, ["rate-limited"], name);
      await pool.close();
      await server.close();
    }
  });
}
