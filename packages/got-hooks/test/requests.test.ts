import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { createTestCertificate } from "@multihome/core/testing";
import { clients, failureOf, LOCAL, room } from "./support.ts";
import type { Echo } from "./support.ts";

for (const client of clients) {
  describe(`${client.name}: requests`, () => {
    it("leave by the exits in turn, and the server sees them", async (t) => {
      const { got, server } = await room(t, client);
      for (let i = 0; i < 6; i++) await got(server.url);

      assert.deepEqual(server.seen.map(({ address }) => address), ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.2", "127.0.0.3", "127.0.0.4"]);
      assert.equal(server.accepted, 3, "each exit keeps its connection");
    });

    it("keep the shapes of their results: response, json, text, buffer, body only", async (t) => {
      const { got, server } = await room(t, client);

      const response = await got(server.url);
      assert.equal(response.statusCode, 200);
      assert.equal(response.url, `${server.url}/`);
      assert.equal(response.ip, "127.0.0.1");
      assert.equal(response.retryCount, 0);
      assert.ok((response.timings.phases.total ?? -1) >= 0);
      assert.ok(response.timings.response !== undefined && response.timings.upload !== undefined && response.timings.socket !== undefined);
      assert.equal((await got(server.url).json<Echo>()).method, "GET");
      assert.match(await got(server.url).text(), /"method":"GET"/);
      assert.match(Buffer.from(await got(server.url).buffer()).toString(), /"method":"GET"/);
      assert.match(await got(server.url, { resolveBodyOnly: true }), /"method":"GET"/);
    });

    for (const method of ["get", "head", "post", "put", "patch", "delete"] as const) {
      it(`arrive as ${method.toUpperCase()}`, async (t) => {
        const { got, server } = await room(t, client);
        const response = await got[method](`${server.url}/path?q=1`);
        assert.equal(response.statusCode, 200);
        const [seen] = server.seen;
        assert.deepEqual([seen.method, seen.url, seen.body], [method.toUpperCase(), "/path?q=1", ""]);
        assert.equal(seen.headers["transfer-encoding"], undefined);
      });
    }

    it("carry bodies of every kind", async (t) => {
      const { got, server } = await room(t, client);
      const bodyOf = async (options: object): Promise<string> => (await got.post(server.url, options).json<Echo>()).body;

      assert.equal(await bodyOf({ json: { a: "ü" } }), '{"a":"ü"}');
      assert.equal(await bodyOf({ form: { a: "1", b: "2 3" } }), "a=1&b=2+3");
      assert.equal(await bodyOf({ body: "text" }), "text");
      assert.equal(await bodyOf({ body: Buffer.from("bytes") }), "bytes");
      assert.equal(await bodyOf({ body: new Uint8Array([97, 98]) }), "ab");
      assert.equal(await bodyOf({ body: Readable.from(["st", "re", "am"]) }), "stream");
      assert.equal(await bodyOf({ body: iterate(["it", "er"]) }), "iter");
      assert.equal(await bodyOf({ body: "" }), "");
      const form = new FormData();
      form.set("field", "value");
      assert.match(await bodyOf({ body: form }), /name="field"\r\n\r\nvalue/);
      assert.equal((await got.delete(server.url, { json: { gone: true } }).json<Echo>()).body, '{"gone":true}');
    });

    it("carry a body larger than is ever kept", async (t) => {
      const { got, server } = await room(t, client);
      const { body } = await got.post(`${server.url}/echo`, { body: "x".repeat(1_000_000) });
      assert.equal(body.length, 1_000_000);
    });

    it("do not announce a chunked body where they have none", async (t) => {
      const { got, server } = await room(t, client);
      await got.post(server.url);
      assert.equal(server.seen[0].headers["content-length"], "0");
    });

    it("decompress, and read chunked, empty and bodiless answers", async (t) => {
      const { got, server } = await room(t, client);
      for (const encoding of ["gzip", "deflate", "br"]) assert.deepEqual(await got(`${server.url}/${encoding}`).json(), { compressed: encoding });
      assert.equal((await got(`${server.url}/big?bytes=300000&chunked=1`)).body.length, 300_000);
      assert.equal((await got(`${server.url}/empty`)).statusCode, 204);
      assert.equal((await got(`${server.url}/close`)).statusCode, 200);
      const broken = await failureOf(got(`${server.url}/gzip-broken`));
      assert.equal(broken.name, "ReadError");
    });

    it("speak TLS with the options of got's `https`, and refuse what does not verify", async (t) => {
      const certificate = createTestCertificate();
      const { got, server } = await room(t, client, { server: { tls: certificate } });
      const { url } = server;

      assert.match((await got(url, { https: { certificateAuthority: certificate.ca } }).json<Echo>()).address, /^127\.0\.0\.[234]$/);
      assert.match((await got(url, { https: { rejectUnauthorized: false } }).json<Echo>()).address, /^127\.0\.0\.[234]$/);
      const refused = await failureOf(got(url));
      assert.match(refused.code, /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/);
      const pinned = await failureOf(got(url, { https: { certificateAuthority: certificate.ca, checkServerIdentity: () => new Error("not this one") } }));
      assert.equal(pinned.message, "not this one");
    });

    it("send and keep cookies by got's jar, user and password by its options", async (t) => {
      const { got, server } = await room(t, client);
      const jar = new Map<string, string>();
      const cookieJar = {
        getCookieString: async () => [...jar].map(([name, value]) => `${name}=${value}`).join("; "),
        setCookie: async (cookie: string) => void jar.set(...(cookie.split(";")[0].split("=") as [string, string])),
      };
      await got(`${server.url}/cookie`, { cookieJar });
      const { headers } = await got(server.url, { cookieJar, username: "user", password: "pass" }).json<Echo>();
      assert.equal(headers.cookie, "session=abc; theme=dark");
      assert.equal(headers.authorization, `Basic ${Buffer.from("user:pass").toString("base64")}`);
    });

    it("are answered out of got's cache without a lease", async (t) => {
      const { got, server } = await room(t, client);
      const cache = new Map();
      const url = `${server.url}/status/200?cache-control=max-age%3D60`;
      const first = await got(url, { cache });
      const second = await got(url, { cache });
      assert.deepEqual([first.isFromCache, second.isFromCache], [false, true]);
      assert.equal(second.body, first.body);
      assert.equal(server.seen.length, 1);
      assert.equal(server.seen[0].address, "127.0.0.2");
    });

    it("follow pages, each with a lease of its own", async (t) => {
      const { got, server } = await room(t, client);
      let page = 0;
      const all = await got.paginate.all<string>(`${server.url}/page/0`, {
        responseType: "json",
        pagination: {
          transform: (response) => [(response.body as Echo).url],
          paginate: () => (++page < 3 ? { url: new URL(`${server.url}/page/${page}`) } : false),
        },
      });
      assert.deepEqual(all, ["/page/0", "/page/1", "/page/2"]);
      assert.deepEqual(server.seen.map(({ address }) => address), ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    });

    it("tell the pool what `context.multihome` says, and what pool.with says around them", async (t) => {
      const { got, pool, server } = await room(t, client, { pool: { ...LOCAL, targets: { mine: { hosts: "mine.invalid", limits: [{ name: "weight", unit: "weight", limit: 10, per: "1m" }] } } } });
      await got(server.url, { context: { multihome: { target: "mine", weight: 3 } } });
      await pool.with({ target: "mine", weight: 4 }, () => got(server.url).json());
      const used = Object.values(pool.status().targets.mine.exits).reduce((sum, exit) => sum + (exit.limits.find(({ name }) => name === "weight")?.used ?? 0), 0);
      assert.equal(used, 7);
    });

    it("go on in the caller's async context, whoever's end has let them start", async (t) => {
      const storage = new AsyncLocalStorage<number>();
      const stores: (number | undefined)[] = [];
      const note = (): void => void stores.push(storage.getStore());
      const { got, server } = await room(t, client, {
        pool: { exits: { local: ["127.0.0.2"] }, perExitInFlight: 1 },
        hooks: { hooks: { afterResponse: [
          (response) => {
            note();
            return response;
          },
        ] } },
      });
      await Promise.all([1, 2, 3].map((id) => storage.run(id, async () => got(`${server.url}/delay/10`))));
      assert.deepEqual(stores, [1, 2, 3]);
    });

    it("work through `got.extend` chains and users' own hooks, whatever their order", async (t) => {
      const order: string[] = [];
      const own = client.got.extend({
        headers: { "x-own": "1" },
        hooks: {
          beforeRequest: [() => void order.push("beforeRequest")],
          afterResponse: [
            (response) => {
              order.push("afterResponse");
              return response;
            },
          ],
        },
        handlers: [
          (options, next) => {
            order.push("handler");
            return next(options);
          },
        ],
      });
      const { got, server, pool } = await room(t, client);
      const { gotHooks } = await import("../src/index.ts");
      for (const instance of [got.extend(own), own.extend(gotHooks(pool)), own.extend(gotHooks(pool)).extend({ retry: { limit: 0 } })]) {
        const { address, headers } = await instance(server.url).json<Echo>();
        assert.match(address, /^127\.0\.0\.[234]$/);
        assert.equal(headers["x-own"], "1");
        assert.deepEqual(order.splice(0), ["handler", "beforeRequest", "afterResponse"]);
      }
    });
  });
}

async function* iterate(parts: string[]): AsyncGenerator<string> {
  yield* parts;
}
