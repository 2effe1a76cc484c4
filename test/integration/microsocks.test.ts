import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createExitPool } from "@multihome/core";
import { createTestCertificate, startHttpServer } from "@multihome/core/testing";
import { axiosClient } from "../support/contract-axios.ts";
import { gotClient } from "../support/contract-got.ts";
import { errorOf, eventually } from "../support/contract-room.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";
import { microsocksMissing, startMicrosocks } from "../support/microsocks.ts";

const EXITS = 8;
const PASSWORD = "p@ss:w/rd%";
const missing = microsocksMissing();

describe("through microsocks", { skip: missing ?? false }, () => {
  for (const client of [axiosClient, gotClient, undiciClient, fetchClient]) {
    test(`${client.name}: every proxy carries its share, the target sees the address that was leased`, async (t) => {
      const certificate = createTestCertificate();
      const plain = await startHttpServer();
      const secure = await startHttpServer(undefined, { tls: certificate });
      const proxies = await Promise.all(Array.from({ length: EXITS }, (_, index) => startMicrosocks(`127.0.40.${index + 1}`, "user", PASSWORD)));
      const pool = createExitPool({
        exits: { proxies: proxies.map(({ url }) => url), strategy: "rotate", agentOptions: () => ({ ca: certificate.ca }) },
        defaults: { spacing: 0, race: { mode: "off" } },
      });
      t.after(async () => {
        await pool.close();
        for (const proxy of proxies) await proxy.close();
        await plain.close();
        await secure.close();
      });
      const leased: string[] = [];
      pool.on("multihome:lease.acquired", ({ exit }) => leased.push(exit));
      const egressOf = new Map(proxies.map(({ url, egress }) => [new URL(url).port, egress]));

      const sender = client.through(pool);
      for (const { url, seen } of [plain, secure]) {
        leased.length = 0;
        const answers = [];
        for (let index = 0; index < 2 * EXITS; index++) answers.push(await sender.send(`${url}/number/${index}`));
        assert.deepEqual(answers.map(({ status }) => status), new Array(2 * EXITS).fill(200));
        assert.deepEqual(seen.map(({ address }) => address), leased.map((id) => egressOf.get(new URL(id).port)));
        assert.equal(new Set(seen.map(({ address }) => address)).size, EXITS);
      }
      await pool.close();
      await eventually(() => plain.sockets === 0 && secure.sockets === 0, "a tunnel is still open");
    });
  }

  test("a wrong password is the exit's fault, and stands in no error", async (t) => {
    const server = await startHttpServer();
    const proxy = await startMicrosocks("127.0.40.1", "user", "right");
    const pool = createExitPool({ exits: { proxies: [proxy.url.replace("right", "wr0ng-s3cret")] }, defaults: { race: { mode: "off" } }, queue: { maxAttempts: 1 } });
    t.after(async () => {
      await pool.close();
      await proxy.close();
      await server.close();
    });
    const error = await errorOf(axiosClient.through(pool).send(server.url));
    assert.equal((error as { code?: string }).code, "ERR_PROXY_AUTH");
    assert.doesNotMatch(`${error.stack}`, /wr0ng-s3cret/);
    assert.equal(server.seen.length, 0);
    const [exit] = Object.values(Object.values(pool.status().targets)[0].exits);
    assert.deepEqual({ fail: exit.fail, success: exit.success }, { fail: 1, success: 0 });
  });
});
