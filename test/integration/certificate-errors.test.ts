import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions } from "@multihome/core";
import { createTestCertificate, startHttpServer, startSocksServer } from "@multihome/core/testing";
import type { HttpServer, TestCertificate } from "@multihome/core/testing";
import { axiosClient } from "../support/contract-axios.ts";
import { codesOf } from "../support/contract-client.ts";
import { gotClient } from "../support/contract-got.ts";
import { errorOf } from "../support/contract-room.ts";
import { fetchClient, undiciClient } from "../support/contract-undici.ts";

const NAME = "target.test";
const right = createTestCertificate({ hosts: [NAME] });

/** What is wrong with it, whom the client trusts, and the code that Node gives. */
const WRONG: readonly { what: string; certificate: TestCertificate; ca: string; code: string }[] = [
  { what: "signed by a stranger", certificate: createTestCertificate({ hosts: ["127.0.0.1", NAME] }), ca: right.ca, code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
  ...[createTestCertificate({ hosts: ["127.0.0.1", NAME], expired: true })].map((certificate) => ({ what: "expired", certificate, ca: certificate.ca, code: "CERT_HAS_EXPIRED" })),
  ...[createTestCertificate({ hosts: ["other.test"] })].map((certificate) => ({ what: "of another name", certificate, ca: certificate.ca, code: "ERR_TLS_CERT_ALTNAME_INVALID" })),
];

for (const client of [axiosClient, gotClient, undiciClient, fetchClient]) {
  describe(`certificates with ${client.name}`, () => {
    for (const { what, certificate, ca, code } of WRONG) {
      test(`${what}: by an own address it is the target's fault, and not tried again`, async (t) => {
        const server = await startHttpServer(undefined, { tls: certificate });
        const { pool, verdicts } = open(t, [server], ca, { exits: { local: ["127.0.43.1", "127.0.43.2"] } });

        const error = await errorOf(client.through(pool).send(server.url));

        assert.ok(client.isOwn(error), error.name);
        assert.ok(codesOf(error).includes(code), codesOf(error).join());
        assert.deepEqual(verdicts, ["target-error"]);
        assert.equal(server.accepted, 1);
        assert.equal(server.seen.length, 0);
        assert.ok(Object.values(pool.status().targets).every(({ exits }) => Object.values(exits).every(({ fail }) => fail === 0)));
      });
    }

    test("by a proxy it is the proxy's fault, for it may have led elsewhere: the next one is asked, and the liar heard nothing", async (t) => {
      const server = await startHttpServer(undefined, { tls: right });
      const impostor = await startHttpServer(undefined, { host: "127.0.43.9", port: server.port, tls: WRONG[0].certificate });
      const liar = await startSocksServer({ hosts: { [NAME]: "127.0.43.9" } });
      const honest = await startSocksServer({ hosts: { [NAME]: "127.0.0.1" } });
      const { pool, verdicts } = open(t, [server, impostor, liar, honest], right.ca, { exits: { proxies: [liar.url, honest.url], strategy: "failover" } });

      const { status } = await client.through(pool).send(`https://${NAME}:${server.port}/`, { method: "POST", body: "secret", headers: { authorization: "Bearer secret" } });

      assert.equal(status, 200);
      assert.deepEqual(verdicts.slice(0, 1), ["exit-error"]);
      assert.equal(impostor.accepted, 1);
      assert.equal(impostor.seen.length, 0);
      assert.deepEqual(server.seen.map(({ body }) => body), ["secret"]);
    });
  });
}

function open(t: { after(fn: () => Promise<void>): void }, closing: readonly (Pick<HttpServer, "close">)[], ca: string, options: ExitPoolOptions): { pool: ExitPool; verdicts: string[] } {
  const pool = createExitPool({ ...options, exits: { ...options.exits, agentOptions: () => ({ ca }) }, defaults: { spacing: 0, race: { mode: "off" } } });
  const verdicts: string[] = [];
  pool.on("multihome:lease.settled", ({ verdict }) => verdicts.push(verdict));
  t.after(async () => {
    await pool.close();
    for (const one of closing) await one.close();
  });
  return { pool, verdicts };
}
