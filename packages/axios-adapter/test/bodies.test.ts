import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import type { ExitPoolOptions } from "@multihome/core";
import { closedPort, startSocksServer } from "@multihome/core/testing";
import axios from "axios";
import type { AxiosRequestConfig } from "axios";
import { client, errorOf, locals, makePool, RACING, server, until } from "./support.ts";

const ONCE: Record<string, () => AxiosRequestConfig> = {
  "a stream": () => ({ data: Readable.from(["one ", "two"]) }),
  "a stream that fails": () => ({
    data: new Readable({
      read() {
        this.destroy(new Error("bad body"));
      },
    }),
  }),
  FormData: () => {
    const data = new FormData();
    data.set("field", "value");
    data.set("file", new Blob(["content"]), "name.txt");
    return { data };
  },
  "form fields": () => ({ data: { field: "value" }, headers: { "content-type": "multipart/form-data" } }),
  "a Blob": () => ({ data: new Blob(["blob"]) }),
};

const RACED_POSTS: ExitPoolOptions = { defaults: { race: { mode: "race", width: 2, methods: ["GET", "POST"] } } };

for (const [legs, options] of [["one leg", {}], ["two legs", RACED_POSTS]] as const) {
  describe(`a body that can be sent once, ${legs}`, () => {
    for (const [kind, make] of Object.entries(ONCE)) {
      test(`is sent once, also where posts may be raced: ${kind}`, async (t) => {
        const target = await server(t);
        const pool = makePool(t, options);

        const sent = client(pool).request({ method: "post", url: `${target.url}/any`, ...make() });

        if (kind === "a stream that fails") {
          const error = await errorOf(sent);
          assert.ok(error instanceof axios.AxiosError);
          assert.equal(error.message, "bad body");
        } else {
          const { data } = await sent;
          assert.match(data.body, /one two|value|blob/);
          assert.equal(target.seen.length, 1);
        }
        await until(() => target.live === 0, "nothing is left running");
      });
    }
  });
}

describe("a stream body", () => {
  test("that fails while its request waits rejects it, and the process lives", async (t) => {
    const target = await server(t);
    const pool = makePool(t, { exits: { local: locals(1) }, defaults: { spacing: "400ms" } });
    const ax = client(pool);
    await ax.get(target.url);
    for (const end of ["destroy", "error", "close"] as const) {
      const body = new Readable({ read() {} });
      const waiting = errorOf(ax.post(target.url, body));
      setImmediate(() => (end === "error" ? body.emit("error", new Error("early")) : body.destroy(end === "destroy" ? new Error("early") : undefined)));
      const error = await waiting;
      assert.ok(error instanceof axios.AxiosError);
      assert.equal(error.message, end === "close" ? "Request stream has been aborted" : "early");
      // Nobody listens any more; a late failure is nobody's.
      if (end === "error") body.destroy(new Error("late"));
    }
    assert.equal(target.seen.length, 1);
  });

  test("that had failed before is not sent", async (t) => {
    const target = await server(t);
    const body = new Readable({ read() {} });
    body.on("error", () => {});
    body.destroy(new Error("long ago"));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await errorOf(client(makePool(t)).post(target.url, body))).message, "long ago");
    const closed = new Readable({ read() {} });
    closed.destroy();
    assert.ok(axios.isCancel(await errorOf(client(makePool(t)).post(target.url, closed))));
    assert.equal(target.seen.length, 0);
  });

  test("that is destroyed in the middle ends its request", async (t) => {
    const target = await server(t);
    const body = new Readable({ read() {} });
    body.push("half");
    const sent = errorOf(client(makePool(t)).post(`${target.url}/echo`, body));
    await until(() => target.seen[0]?.bodyLength === 4, "half of it has arrived");
    body.destroy();
    assert.ok(axios.isCancel(await sent));
    await until(() => target.live === 0, "ended at the server");
  });

  test("reaches the target whole although the first exits are dead", async (t) => {
    const target = await server(t);
    const hung = await startSocksServer({ fault: "hang-connect" });
    const good = await startSocksServer();
    t.after(() => Promise.all([hung.close(), good.close()]));
    const pool = makePool(t, { exits: { proxies: [`socks5://127.0.0.1:${await closedPort()}`, hung.url, good.url] }, defaults: { spacing: 0 }, connectTimeout: "600ms" });
    const ax = client(pool);
    for (let i = 0; i < 4; i++) {
      const body = i % 2 === 0 ? Readable.from([`body `, `${i}`]) : `body ${i}`;
      assert.equal((await ax.post(`${target.url}/any`, body)).data.body, `body ${i}`);
    }
    assert.deepEqual(target.seen.map((seen) => seen.body), ["body 0", "body 1", "body 2", "body 3"], "each once");
  });

  test("is never sent again once its connection stood", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    for (const path of ["/reset", "/disconnect"]) {
      const error = await errorOf(client(pool).post(target.url + path, Readable.from(["body"])));
      assert.equal(error.code, "ECONNRESET");
    }
    const refused = await errorOf(client(pool).post(`${target.url}/status/429`, Readable.from(["body"])));
    assert.equal(refused.response?.status, 429);
    assert.equal(target.seen.length, 3);
    assert.deepEqual(target.seen.map(({ body }) => body).slice(2), ["body"]);
  });

  test("that is answered before it has been read gives the answer", async (t) => {
    const target = await server(t);
    const body = Readable.from((function* chunks() {
      for (let i = 0; i < 200; i++) yield Buffer.alloc(65_536);
    })());
    const error = await errorOf(client(makePool(t)).post(`${target.url}/early-answer`, body));
    assert.ok(error.response?.status === 413 || error.code === "ECONNRESET" || error.code === "EPIPE", String(error.code));
    await until(() => target.live === 0, "nothing is left running");
  });
});

describe("a post", () => {
  test("is sent again after a refusal, with its body and its headers", async (t) => {
    const target = await server(t);
    const ax = client(makePool(t), { baseURL: target.url });
    const { data } = await ax.post("/sequence/429,429,200", { a: 1 }, { headers: { "x-mine": "1" } });
    assert.equal(data.body, '{"a":1}');
    assert.equal(target.seen.length, 3);
    assert.ok(target.seen.every(({ body, headers }) => body === '{"a":1}' && headers["x-mine"] === "1" && headers["content-length"] === "7"));
    assert.equal(new Set(target.seen.map(({ address }) => address)).size, 3);
  });

  test("is written once when its connection breaks", async (t) => {
    const target = await server(t);
    const error = await errorOf(client(makePool(t, RACING)).post(`${target.url}/reset`, "order"));
    assert.equal(error.code, "ECONNRESET");
    assert.ok(error instanceof axios.AxiosError);
    assert.equal(target.seen.length, 1);
  });
});
