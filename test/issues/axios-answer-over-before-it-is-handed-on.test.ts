import assert from "node:assert/strict";
import { test } from "node:test";
import type { Readable } from "node:stream";
import { axiosAdapter } from "@multihome/axios-adapter";
import { createExitPool } from "@multihome/core";
import { startHttpServer, startSocksServer } from "@multihome/core/testing";
import axios from "axios";

// Rule: a request settles, whatever its answer is made of. An answer through a proxy is looked at before it is handed on; one that says
// gzip and is none may be over by then, without a socket, and the adapter once asked that socket for a timeout: nobody was told anything.
test("a streamed answer that is over before it can be handed on reaches its caller", async (t) => {
  const server = await startHttpServer();
  const proxy = await startSocksServer({ egress: "127.0.0.5" });
  const pool = createExitPool({ exits: { proxies: [proxy.url] }, defaults: { spacing: 0 } });
  t.after(async () => {
    await pool.close();
    await proxy.close();
    await server.close();
  });
  const client = axios.create({ adapter: axiosAdapter(pool), timeout: 5_000, responseType: "stream" });

  for (let i = 0; i < 30; i++) {
    const outcome = await client.get<Readable>(`${server.url}/gzip-broken`).then(
      ({ data }) =>
        new Promise<string>((resolve) => {
          data.on("error", () => resolve("error"));
          data.on("close", () => resolve("close"));
          data.resume();
        }),
      (error: Error) => error.name,
    );
    assert.match(outcome, /^(error|close|AxiosError)$/);
  }
  assert.equal(pool.status().inflight, 0);
});
