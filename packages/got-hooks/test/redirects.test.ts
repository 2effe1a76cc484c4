import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTestCertificate, startHttpServer } from "@multihome/core/testing";
import type { HttpServer } from "@multihome/core/testing";
import { clients, failureOf, room } from "./support.ts";
import type { Echo } from "./support.ts";

const SECRETS = {
  authorization: "Bearer a", "proxy-authorization": "Basic b", cookie: "c=d", "x-mbx-apikey": "e", "x-api-key": "f", apikey: "g", "ok-access-key": "h",
  "ok-access-sign": "i", "ok-access-passphrase": "j",
};

for (const client of clients) {
  describe(`${client.name}: redirects`, () => {
    it("are followed, each hop with a lease of its own", async (t) => {
      const { got, server } = await room(t, client);
      const response = await got(`${server.url}/redirect?to=/redirect?to=/end`);
      assert.equal(response.redirectUrls.length, 2);
      assert.deepEqual(server.seen.map(({ address }) => address), ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    });

    it("keep method and body where the status says so, and drop them where it does not", async (t) => {
      const { got, server } = await room(t, client);
      const kept = await got.post(`${server.url}/redirect?to=/end&status=307`, { json: { a: 1 } }).json<Echo>();
      assert.deepEqual([kept.method, kept.body], ["POST", '{"a":1}']);
      const dropped = await got.post(`${server.url}/redirect?to=/end&status=303`, { json: { a: 1 } }).json<Echo>();
      assert.deepEqual([dropped.method, dropped.body], ["GET", ""]);
    });

    it("end where got's own limit is", async (t) => {
      const { got, server } = await room(t, client);
      const failure = await failureOf(got(`${server.url}/redirect-loop`, { maxRedirects: 3 }));
      assert.equal(failure.code, "ERR_TOO_MANY_REDIRECTS");
      assert.equal(server.seen.length, 4);
    });

    it("are not followed where got is told not to", async (t) => {
      const { got, server } = await room(t, client);
      assert.equal((await got(`${server.url}/redirect`, { followRedirect: false })).statusCode, 302);
    });

    it("carry no secret to another origin", async (t) => {
      const { got, server } = await room(t, client);
      const other = await otherServer(t);
      const { headers } = await got(`${server.url}/redirect?to=${encodeURIComponent(`${other.url}/end`)}`, { headers: { ...SECRETS, "x-plain": "k" } }).json<Echo>();
      assert.deepEqual(Object.keys(SECRETS).filter((name) => headers[name] !== undefined), []);
      assert.equal(headers["x-plain"], "k");
      assert.equal(headers.host, new URL(other.url).host);
    });

    it("carry all of them to the same origin", async (t) => {
      const { got, server } = await room(t, client);
      const { headers } = await got(`${server.url}/redirect?to=/end`, { headers: SECRETS }).json<Echo>();
      assert.deepEqual(Object.keys(SECRETS).filter((name) => headers[name] === undefined), []);
    });

    it("carry no secret from https to http, where host and port are the same", async (t) => {
      const certificate = createTestCertificate();
      const secure = await startHttpServer(undefined, { tls: certificate, port: 0, host: "127.0.0.1" });
      t.after(() => secure.close());
      const plain = await startHttpServer(undefined, { host: "127.0.0.201", port: secure.port });
      t.after(() => plain.close());
      const { got } = await room(t, client, {});
      // One name, two addresses: got 14 takes the second for the first one's origin, because host and port are equal.
      const lookup = (_name: string, options: unknown, callback: (error: null, ...answer: unknown[]) => void): void => {
        const all = (options as { all?: boolean }).all === true;
        const address = secured ? "127.0.0.1" : "127.0.0.201";
        secured = false;
        if (all) callback(null, [{ address, family: 4 }]);
        else callback(null, address, 4);
      };
      let secured = true;
      const start = `https://localhost:${secure.port}/redirect?to=${encodeURIComponent(`http://localhost:${secure.port}/end`)}`;
      const { headers } = await got(start, { headers: SECRETS, username: "user", password: "pass", https: { certificateAuthority: certificate.ca }, dnsLookup: lookup as never }).json<Echo>();
      assert.equal(plain.seen.length, 1);
      assert.deepEqual(Object.keys(SECRETS).filter((name) => headers[name] !== undefined), []);
    });

    it("carry what a hook has set for the new origin", async (t) => {
      const { got, server } = await room(t, client);
      const other = await otherServer(t);
      const own = got.extend({ hooks: { beforeRedirect: [(options) => void (options.headers["x-api-key"] = "for the other")] } });
      const { headers } = await own(`${server.url}/redirect?to=${encodeURIComponent(`${other.url}/end`)}`, { headers: { "x-api-key": "for the first" } }).json<Echo>();
      assert.equal(headers["x-api-key"], "for the other");
    });
  });
}

async function otherServer(t: Parameters<typeof room>[0]): Promise<HttpServer> {
  const other = await startHttpServer(undefined, { host: "127.0.0.200" });
  t.after(() => other.close());
  return other;
}
