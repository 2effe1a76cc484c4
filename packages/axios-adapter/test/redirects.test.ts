import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startSocksServer } from "@multihome/core/testing";
import axios from "axios";
import { client, errorOf, locals, makePool, RACING, server, until } from "./support.ts";

for (const [legs, options] of [["one leg", {}], ["two legs", RACING]] as const) {
  describe(`a redirect, ${legs}`, () => {
    test("leaves by the exit that was redirected, however often", async (t) => {
      const target = await server(t);
      const other = await server(t);
      const ax = client(makePool(t, options), { baseURL: target.url });
      const to = encodeURIComponent(`${other.url}/redirect?to=${encodeURIComponent(`${target.url}/end`)}`);
      for (let i = 0; i < 3; i++) {
        const response = await ax.get(`/redirect?to=${to}&i=${i}`);
        assert.equal(response.data.url, "/end");
        assert.equal(response.request.res.responseUrl, `${target.url}/end`);
        const first = target.seen.filter(({ url }) => url.endsWith(`i=${i}`)).map(({ address }) => address);
        assert.ok(first.includes(response.data.address));
      }
      const addresses = new Set(target.seen.map(({ address }) => address));
      assert.ok([...other.seen].every(({ address }) => addresses.has(address) && address !== "127.0.0.1"));
    });

    test("is not followed where maxRedirects is 0, and not for ever", async (t) => {
      const target = await server(t);
      const pool = makePool(t, options);
      const ax = client(pool, { baseURL: target.url });
      const error = await errorOf(ax.get("/redirect", { maxRedirects: 0 }));
      assert.equal(error.response?.status, 302);
      assert.equal((await ax.get("/redirect", { maxRedirects: 0, validateStatus: null })).headers.location, "/");
      const loop = await errorOf(ax.get("/redirect-loop", { maxRedirects: 3 }));
      assert.equal(loop.code, "ERR_FR_TOO_MANY_REDIRECTS");
      assert.equal(loop.config?.url, "/redirect-loop");
      for (const { fail } of Object.values(pool.status().targets["127.0.0.1"].exits)) assert.equal(fail, 0, "no exit is to blame");
    });

    test("keeps method and body by axios's own rules", async (t) => {
      const target = await server(t);
      const ax = client(makePool(t, options), { baseURL: target.url });
      assert.equal((await ax.post("/redirect?status=307&to=/kept", "body")).data.body, "body");
      assert.equal((await ax.post("/redirect?status=303&to=/changed", "body")).data.method, "GET");
    });

    test("to nowhere is an error of axios", async (t) => {
      const target = await server(t);
      const pool = makePool(t, options);
      for (const to of ["ftp://127.0.0.1/", "http://[", `http://127.0.0.1:1/`]) {
        const error = await errorOf(client(pool).get(`${target.url}/redirect?to=${encodeURIComponent(to)}`));
        assert.ok(error instanceof axios.AxiosError, to);
      }
      await until(() => target.live === 0, "nothing is left running");
    });
  });
}

describe("the hops of a redirect", () => {
  test("weigh and reserve each at its own target, waiting there for a window", async (t) => {
    const target = await server(t);
    const other = await server(t);
    const limits = [{ name: "requests", unit: "request", limit: 1, per: "400ms" as const, align: "sliding" as const }];
    const pool = makePool(t, {
      exits: { local: locals(1) },
      targets: { first: { hosts: `127.0.0.1:${target.port}` }, full: { hosts: `127.0.0.1:${other.port}`, limits } },
    });
    const ax = client(pool);
    await ax.get(other.url);
    const started = performance.now();

    const { data } = await ax.get(`${target.url}/redirect?to=${encodeURIComponent(`${other.url}/end`)}`);

    assert.equal(data.url, "/end");
    assert.ok(performance.now() - started > 200, "it waited");
    assert.equal(pool.status().targets.full.exits["127.0.7.1"].limits[0].used, 1);
    const controller = new AbortController();
    const waiting = errorOf(ax.get(`${target.url}/redirect?to=${encodeURIComponent(`${other.url}/never`)}`, { signal: controller.signal }));
    await until(() => target.seen.length === 2 && target.live === 0, "redirected");
    controller.abort();
    assert.ok(axios.isCancel(await waiting));
    assert.ok(!other.seen.some(({ url }) => url === "/never"));
  });

  test("are refused by their target's rules with an AxiosError that says why", async (t) => {
    const target = await server(t);
    const other = await server(t);
    const limits = [{ name: "weight", unit: "weight", limit: 10, per: "1m" as const }];
    const pool = makePool(t, { targets: { other: { hosts: `127.0.0.1:${other.port}`, limits, weights: () => 11 } } });
    const error = await errorOf(client(pool).get(`${target.url}/redirect?to=${encodeURIComponent(other.url)}`));
    assert.equal(error.isAxiosError, true);
    assert.equal(error.code, "MH_ERR_OVER_QUOTA");
    assert.equal(error.target, "other");
    assert.equal(other.seen.length, 0);
  });

  test("tell their own target what they learnt", async (t) => {
    const target = await server(t);
    const other = await server(t);
    const pool = makePool(t, { targets: { first: { hosts: `127.0.0.1:${target.port}` }, second: { hosts: `127.0.0.1:${other.port}` } }, exits: { local: locals(1) } });
    const error = await errorOf(client(pool).get(`${target.url}/redirect?to=${encodeURIComponent(`${other.url}/status/429?retry-after=600`)}`, { multihome: { race: false } }));
    assert.equal(error.response?.status, 429);
    assert.equal(pool.status().targets.second.exits["127.0.7.1"].status, "cooldown");
  });

  test("lose the headers that carry secrets when the origin changes", async (t) => {
    const target = await server(t);
    const other = await server(t);
    const secrets = { "X-MBX-APIKEY": "a", "OK-ACCESS-KEY": "b", "OK-ACCESS-SIGN": "c", "x-api-key": "d", apikey: "e", Authorization: "Bearer f", Cookie: "g=h", "Proxy-Authorization": "i" };
    const ax = client(makePool(t), { headers: { ...secrets, "x-harmless": "kept" } });
    const names = Object.keys(secrets).map((name) => name.toLowerCase());

    await ax.get(`${target.url}/redirect?to=/same`);
    await ax.get(`${target.url}/redirect?to=${encodeURIComponent(`${other.url}/cross`)}`);
    await ax.get(`${target.url}/redirect?to=${encodeURIComponent(`${other.url}/trusted`)}`, {
      beforeRedirect: (redirect) => {
        redirect.headers["X-MBX-APIKEY"] = "a";
      },
    });

    const kept = (path: string, seen = other.seen): string[] => names.filter((name) => seen.find(({ url }) => url === path)?.headers[name] !== undefined);
    assert.deepEqual(kept("/cross"), []);
    assert.deepEqual(kept("/trusted"), ["x-mbx-apikey"]);
    assert.ok(kept("/same", target.seen).includes("x-mbx-apikey"));
    assert.ok([...other.seen, ...target.seen].every(({ headers }) => headers["x-harmless"] === "kept"));
  });

  test("are shown to the caller's beforeRedirect, who may stop them", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    const shown: unknown[] = [];
    await client(pool).get(`${target.url}/redirect?to=/end`, { beforeRedirect: (options, details) => shown.push(options.href, details.statusCode) });
    assert.deepEqual(shown, [`${target.url}/end`, 302]);
    const error = await errorOf(client(pool).get(`${target.url}/redirect?to=/end`, { beforeRedirect: () => { throw new Error("not there"); } }));
    assert.match(error.message, /not there/);
    assert.ok(error instanceof axios.AxiosError);
    assert.equal(target.seen.filter(({ url }) => url === "/end").length, 1);
  });

  test("go through the proxy of their exit", async (t) => {
    const target = await server(t);
    const proxy = await startSocksServer({ egress: "127.0.7.99" });
    t.after(() => proxy.close());
    const pool = makePool(t, { exits: { proxies: [proxy.url] }, defaults: { spacing: 0 } });
    const { data } = await client(pool).get(`${target.url}/redirect?to=/end`);
    assert.equal(data.address, "127.0.7.99");
  });
});
