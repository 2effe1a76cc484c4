import assert from "node:assert/strict";
import http from "node:http";
import { describe, it } from "node:test";
import { isMultihomeError } from "@multihome/core";
import { gotHooks } from "../src/index.ts";
import { clients, failureOf, LOCAL, room } from "./support.ts";
import type { Echo, Failure } from "./support.ts";

/** got's own error, with ours as its cause. */
function refusedFor(failure: Failure, what: RegExp): void {
  assert.equal(failure.name, "RequestError");
  assert.equal(failure.code, "MH_ERR_CONFIG");
  assert.ok(isMultihomeError(failure.cause));
  assert.match(failure.message, what);
}

for (const client of clients) {
  describe(`${client.name}: what cannot be bound to an exit`, () => {
    for (const [index, [what, options]] of ([
      ["agent", { agent: { http: new http.Agent() } }],
      ["agent", { agent: { http: false } }],
      ["localAddress", { localAddress: "127.0.0.9" }],
      ["createConnection", { createConnection: () => assert.fail("it was used") }],
      ["h2session", { h2session: {} }],
      ["request", { request: http.request }],
      ["multihome", { context: { multihome: 5 } }],
    ] as const).entries()) {
      it(`is refused by name, unsent: ${what} (${index})`, async (t) => {
        const { got, server, pool } = await room(t, client);
        refusedFor(await failureOf(got(server.url, options as never)), new RegExp(what));
        assert.equal(server.accepted, 0);
        assert.equal(pool.status().inflight, 0);
      });
    }

    it("is HTTP/2 over TLS; over plain HTTP the option means nothing, for got as well", async (t) => {
      const { got, server } = await room(t, client);
      refusedFor(await failureOf(got("https://127.0.0.1:1/", { http2: true })), /http2/);
      assert.equal((await got(server.url, { http2: true })).statusCode, 200);
    });

    it("is a Unix socket", async (t) => {
      const { got, server } = await room(t, client);
      refusedFor(await failureOf(got("http://unix:/tmp/none.sock:/path", { enableUnixSockets: true })), /Unix socket/);
      assert.equal(server.accepted, 0);
    });

    it("is what a hook asks for after all", async (t) => {
      const { got, server } = await room(t, client);
      const own = got.extend({ hooks: { beforeRequest: [(options) => void (options.localAddress = "127.0.0.9")] } });
      refusedFor(await failureOf(own(server.url)), /localAddress/);
      assert.equal(server.accepted, 0);
    });

    it("is not tried again", async (t) => {
      const { got, server } = await room(t, client);
      let retries = 0;
      const failure = await failureOf(got(server.url, { localAddress: "127.0.0.9", retry: { limit: 3 }, hooks: { beforeRetry: [() => void retries++] } }));
      assert.equal(failure.code, "MH_ERR_CONFIG");
      assert.equal(retries, 0);
    });

    it("is an instance that has a request function of its own: got.extend says so", async (t) => {
      const { pool } = await room(t, client);
      assert.throws(() => client.got.extend({ request: http.request as never }).extend(gotHooks(pool)), { code: "MH_ERR_CONFIG", message: /request/ });
      assert.throws(() => gotHooks(pool, { mode: "other" as never }), { code: "MH_ERR_CONFIG" });
    });
  });

  describe(`${client.name}: two pools`, () => {
    it("over one instance: the one that came last sends", async (t) => {
      const first = await room(t, client);
      const second = await room(t, client, { pool: { exits: { local: ["127.0.0.77"] } } });
      const both = first.got.extend(gotHooks(second.pool));
      assert.equal((await both(first.server.url).json<Echo>()).address, "127.0.0.77");
      await second.pool.close();
    });

    it("never mix, and the same hooks twice are no harm", async (t) => {
      const { got, pool, server } = await room(t, client, { pool: { exits: { local: ["127.0.0.78"] } } });
      const twice = got.extend(gotHooks(pool), gotHooks(pool));
      assert.equal((await twice(`${server.url}/redirect?to=/end`).json<Echo>()).address, "127.0.0.78");
      assert.equal(server.seen.length, 2);
    });

    it("bind also where a handler has thrown the hooks away", async (t) => {
      const { got, server } = await room(t, client, { pool: LOCAL });
      const bare = got.extend({
        handlers: [
          (options, next) => {
            options.hooks.beforeRedirect = [];
            return next(options);
          },
        ],
      });
      assert.match((await bare(`${server.url}/redirect?to=/end`).json<Echo>()).address, /^127\.0\.0\.[234]$/);
    });
  });
}
