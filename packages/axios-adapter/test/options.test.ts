import assert from "node:assert/strict";
import { describe, test } from "node:test";
import axios from "axios";
import type { AxiosProgressEvent } from "axios";
import { axiosAdapter } from "../src/index.ts";
import { client, errorOf, locals, makePool, RACING, server, until } from "./support.ts";

for (const [legs, options] of [["one leg", {}], ["two legs", RACING]] as const) {
  describe(`an axios that leaves through a pool, ${legs}`, () => {
    test("sends every method, with the body that it was given", async (t) => {
      const target = await server(t);
      const ax = client(makePool(t, options), { baseURL: target.url });
      for (const method of ["get", "head", "options", "delete", "post", "put", "patch"]) {
        const body = method.startsWith("p") ? { method } : undefined;
        const response = await ax.request({ method, url: "/any", data: body });
        assert.equal(response.status, 200);
        const seen = target.seen.filter((each) => each.method === method.toUpperCase());
        assert.ok(seen.length > 0);
        assert.ok(locals(3).includes(seen[0].address), seen[0].address);
        if (body !== undefined) assert.deepEqual(seen.map((each) => each.body), [JSON.stringify(body)], "once, whole");
      }
    });

    test("takes params, serializers, baseURL, auth and headers as they are", async (t) => {
      const target = await server(t);
      const ax = client(makePool(t, options), { baseURL: `${target.url}/base/`, auth: { username: "me", password: "secret" }, headers: { "X-One": "1" } });
      await ax.get("path?a=0#fragment", { params: { b: "x y", list: [1, 2] } });
      await ax.get("path", { params: { b: 1 }, paramsSerializer: { serialize: () => "mine=1" } });
      const [first] = target.seen;
      assert.equal(decodeURIComponent(first.url), "/base/path?a=0&b=x+y&list[]=1&list[]=2");
      assert.equal(first.headers.authorization, `Basic ${Buffer.from("me:secret").toString("base64")}`);
      assert.equal(first.headers["x-one"], "1");
      assert.equal(target.seen.at(-1)?.url, "/base/path?mine=1");
    });

    test("decodes, transforms and types answers as without a pool", async (t) => {
      const target = await server(t);
      const ax = client(makePool(t, options), { baseURL: target.url });
      for (const encoding of ["gzip", "deflate", "br"]) assert.deepEqual((await ax.get(`/${encoding}`)).data, { compressed: encoding });
      const raw = await ax.get("/gzip", { decompress: false, responseType: "arraybuffer" });
      assert.equal(raw.headers["content-encoding"], "gzip");
      assert.deepEqual([...(raw.data as Buffer).subarray(0, 2)], [0x1f, 0x8b]);
      assert.equal((await ax.get("/echo", { responseType: "text" })).data, "");
      assert.equal((await ax.get("/any", { transformResponse: [(text: string) => text.length] })).data > 10, true);
      assert.equal((await ax.post("/echo", "a", { transformRequest: [(text: string) => `${text}!`] })).data, "a!");
      assert.equal((await ax.get("/empty")).status, 204);
    });

    test("lets validateStatus decide, of whatever the pool hands on", async (t) => {
      const target = await server(t);
      const ax = client(makePool(t, options), { baseURL: target.url });
      const error = await errorOf(ax.get("/status/404"));
      assert.ok(error instanceof axios.AxiosError);
      assert.equal(error.code, "ERR_BAD_REQUEST");
      assert.equal(error.response?.status, 404);
      assert.equal((error.response?.data as { method: string } | undefined)?.method, "GET", "parsed");
      assert.equal((await errorOf(ax.get("/status/500"))).code, "ERR_BAD_RESPONSE");
      assert.equal((await ax.get("/status/404", { validateStatus: null })).status, 404);
      assert.equal((await ax.get("/status/500", { validateStatus: (status) => status === 500 })).status, 500);
      await errorOf(ax.get("/status/200", { validateStatus: () => false }));
      const thrown = await errorOf(ax.get("/any", { validateStatus: () => { throw new Error("mine"); } }));
      assert.equal(thrown.message, "mine");
    });

    test("limits bodies both ways, once, and blames no exit for it", async (t) => {
      const target = await server(t);
      const pool = makePool(t, options);
      const ax = client(pool, { baseURL: target.url });
      for (const extra of [{}, { responseType: "arraybuffer" as const }, { maxRedirects: 0 }]) {
        const error = await errorOf(ax.get("/big?bytes=200000", { maxContentLength: 1_000, ...extra }));
        assert.equal(error.message, "maxContentLength size of 1000 exceeded");
        assert.equal(error.isAxiosError, true);
      }
      const before = target.seen.length;
      assert.equal((await errorOf(ax.post("/echo", "x".repeat(2_000), { maxBodyLength: 1_000 }))).message, "Request body larger than maxBodyLength limit");
      assert.equal(target.seen.length, before);
      await until(() => target.live === 0, "nothing is left running");
      for (const { fail, consecutiveFails } of Object.values(pool.status().targets["127.0.0.1"].exits)) assert.deepEqual([fail, consecutiveFails], [0, 0]);
    });

    test("reports progress of the one answer that the caller gets", async (t) => {
      const target = await server(t);
      const ax = client(makePool(t, options), { baseURL: target.url });
      const down: AxiosProgressEvent[] = [];
      const up: AxiosProgressEvent[] = [];
      const { data } = await ax.get<string>("/big?bytes=300000", { onDownloadProgress: (event) => down.push(event) });
      assert.equal(data.length, 300_000);
      await until(() => down.at(-1)?.loaded === 300_000, "the last event");
      for (let i = 1; i < down.length; i++) assert.ok(down[i].loaded >= down[i - 1].loaded, "of one answer");
      assert.ok(down.every((event) => event.total === 300_000 && event.download === true));

      const before = target.seen.length;
      await ax.get("/any", { data: "x".repeat(100_000), onUploadProgress: (event) => up.push(event) });
      await until(() => up.at(-1)?.loaded === 100_000, "the last event");
      assert.equal(target.seen.length, before + 1, "one leg");
    });
  });
}

describe("the adapter", () => {
  test("serves an instance, the defaults and a single request", async (t) => {
    const target = await server(t);
    const adapter = axiosAdapter(makePool(t));
    const own = axios.create();
    own.defaults.adapter = adapter;

    assert.ok(locals(3).includes((await axios.create({ adapter }).get(target.url)).data.address));
    assert.ok(locals(3).includes((await own.get(target.url)).data.address));
    assert.ok(locals(3).includes((await axios.get(target.url, { adapter })).data.address));
    assert.equal((await axios.get(target.url)).data.address, "127.0.0.1", "and nobody else");
  });

  test("stands below interceptors, which see what they always saw, and may send again", async (t) => {
    const target = await server(t);
    const ax = client(makePool(t), { baseURL: target.url });
    const seen: string[] = [];
    ax.interceptors.request.use((config) => {
      config.headers.set("X-Tag", "tagged");
      return config;
    });
    ax.interceptors.response.use(
      (response) => {
        seen.push(`ok ${response.status}`);
        return response;
      },
      (error) => {
        // What axios-retry does: the same config, once more.
        seen.push(`failed ${error.response?.status}`);
        assert.equal(error.config.httpAgent, undefined, "nothing of ours in it");
        return ax.request(error.config);
      },
    );

    const response = await ax.post("/sequence/503,503,200", { a: 1 });

    assert.deepEqual(seen, ["failed 503", "failed 503", "ok 200"]);
    assert.equal(response.data.headers["x-tag"], "tagged");
    assert.equal(response.data.body, '{"a":1}');
    assert.equal(response.config.httpAgent, undefined);
    assert.equal(response.config.validateStatus?.(404), false);
    assert.deepEqual(new Set(target.seen.map(({ address }) => address)).size, 3, "three exits");
  });

  test("hands hints to the pool: of the request, of pool.with, and of the instance", async (t) => {
    const target = await server(t);
    const pool = makePool(t, RACING);
    const ax = client(pool, { baseURL: target.url, multihome: { race: false } });
    await ax.get("/instance");
    assert.equal(target.seen.length, 1);
    await axios.get(`${target.url}/own`, { adapter: axiosAdapter(pool), multihome: { race: 1 } });
    assert.equal(target.seen.length, 2);
    const lease = await pool.acquire({ method: "GET", url: target.url });
    const inside = await pool.with({ lease }, async () => [await ax.get("/a"), await ax.get("/b")]);
    lease.release();
    assert.deepEqual(inside.map(({ data }) => data.address), [lease.localAddress, lease.localAddress]);
  });

  test("decodes data: URLs where they are", async (t) => {
    const pool = makePool(t);
    const { data } = await client(pool).get("data:text/plain;base64,aGVsbG8=", { responseType: "text" });
    assert.equal(data, "hello");
    assert.deepEqual(pool.status().targets, {});
  });

  test("completes the caller's headers as axios does", async (t) => {
    const target = await server(t);
    const response = await client(makePool(t)).post(`${target.url}/any`, "hello");
    assert.equal(response.config.headers.get("Content-Length"), "5");
    assert.match(String(response.config.headers.get("User-Agent")), /^axios\//);
    assert.equal(response.request.path, "/any");
    assert.equal(response.request.res.responseUrl, `${target.url}/any`);
    assert.equal(response.statusText, "OK");
  });

  test("keeps to what a request really goes to when its URL is spelt oddly", async (t) => {
    const target = await server(t);
    const pool = makePool(t, { targets: { mine: { hosts: `127.0.0.1:${target.port}` } } });
    const ax = client(pool);
    for (const url of [`http://127.1:${target.port}/`, `HTTP://user:pw@127.0.0.1:${target.port}?x#y`, `http://127.0.0.1:${target.port}\\path`]) {
      assert.equal((await ax.get(url)).status, 200);
    }
    assert.deepEqual(Object.keys(pool.status().targets), ["mine"]);
  });

  test("gives up for a closed pool at once", async (t) => {
    const target = await server(t);
    const pool = makePool(t);
    const ax = client(pool);
    await ax.get(target.url);
    await pool.close();

    const error = await errorOf(ax.get(target.url));

    assert.ok(error instanceof axios.AxiosError);
    assert.equal(error.code, "MH_ERR_CLOSED");
    assert.equal((error.cause as { code: string } | undefined)?.code, "MH_ERR_CLOSED");
    await until(() => target.sockets === 0, "no socket is left");
  });
});
