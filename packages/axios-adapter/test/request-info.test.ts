import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExitPoolOptions, RequestInfo } from "@multihome/core";
import { ManualClock } from "@multihome/core/testing";
import type { AxiosRequestConfig } from "axios";
import { Deadlines } from "../src/deadlines.ts";
import type { DeadlineNode } from "../src/deadlines.ts";
import { client, locals, makePool, server } from "./support.ts";

const CONFIGS: Record<string, AxiosRequestConfig> = {
  "no params": { url: "/a" },
  "a query in the URL": { url: "/a?x=1#fragment" },
  "plain params": { url: "/a", params: { symbol: "BTC/USDT", limit: 100, all: true, none: undefined, nil: null } },
  "params behind a query": { url: "a?x=1#fragment", params: { y: "ä & b" } },
  "no path": { url: "", params: { x: 1 } },
  "lists and objects": { url: "/a", params: { list: [1, 2], deep: { x: 1 }, at: new Date(0) } },
  "URLSearchParams": { url: "/a", params: new URLSearchParams("x=1&x=2") },
  "a serializer": { url: "/a", params: { x: 1 }, paramsSerializer: { serialize: () => "mine=1" } },
  "an absolute URL": { url: "ABSOLUTE/b?x=1" },
};

describe("what a pool's rules are shown of a request", () => {
  for (const [name, config] of Object.entries(CONFIGS)) {
    test(`is what the server sees: ${name}`, async (t) => {
      const target = await server(t);
      const shown: { host?: string; path?: string; url: string }[] = [];
      const pool = makePool(t, rules((request) => shown.push({ host: request.host, path: request.path, url: String(request.url) })));
      const url = config.url?.replace("ABSOLUTE", target.url);

      await client(pool, { baseURL: `${target.url}/base//` }).get(url ?? "", { ...config, url });

      const [seen] = target.seen;
      assert.equal(shown[0].host, `127.0.0.1:${target.port}`);
      assert.deepEqual(parts(shown[0].path), parts(seen.url));
      assert.deepEqual(parts(shown[0].url), parts(seen.url));
    });
  }

  test("has its method, headers and body", async (t) => {
    const target = await server(t);
    const shown: Partial<RequestInfo>[] = [];
    const pool = makePool(t, rules(({ method, headers, body, replayable }) => shown.push({ method, headers, body, replayable })));
    const ax = client(pool, { baseURL: target.url });
    await ax.post("/a", { x: 1 }, { headers: { "X-MBX-APIKEY": "key" } });
    await ax.put("/a", Buffer.from("bytes"), { auth: { username: "me", password: "pw" } });
    await ax.get("/a");
    await ax.post("/a", new FormData());
    const [json, bytes, none, form] = shown;
    assert.deepEqual([json.method, json.body, json.replayable, json.headers?.["X-MBX-APIKEY"]], ["POST", '{"x":1}', true, "key"]);
    assert.deepEqual([bytes.method, Buffer.from(bytes.body as Uint8Array).toString(), bytes.headers?.authorization], ["PUT", "bytes", `Basic ${Buffer.from("me:pw").toString("base64")}`]);
    assert.deepEqual([none.method, none.body, none.replayable], ["GET", null, true]);
    assert.deepEqual([form.body, form.replayable], [undefined, false]);
  });

  test("is typed: a hint of the wrong type is a mistake that the compiler finds", async (t) => {
    const target = await server(t);
    const ax = client(makePool(t, { kinds: { order: { priority: 1 } } }), { multihome: { priority: 1 } });
    assert.equal((await ax.get(target.url, { multihome: { kind: "order", race: false } })).status, 200);
    // @ts-expect-error a kind is a name
    const wrong: AxiosRequestConfig = { multihome: { kind: 1 } };
    assert.ok(wrong);
  });
});

describe("deadlines", () => {
  test("fall due in their order, over one timer for each length", async () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const due: string[] = [];
    const node = (name: string, then?: () => void): DeadlineNode =>
      nodeThat(() => {
        due.push(`${name} ${clock.now()}`);
        then?.();
      });
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => node(name));
    deadlines.add(a, 100);
    deadlines.add(node("again", () => deadlines.add(node("next"), 50)), 50);
    await clock.advance(10);
    deadlines.add(b, 100);
    deadlines.add(c, 100);
    await clock.advance(10);
    deadlines.add(d, 100);
    deadlines.remove(c);
    deadlines.remove(c);

    await clock.advance(200);

    assert.deepEqual(due, ["again 50", "a 100", "next 100", "b 110", "d 120"]);
  });

  test("beyond the longest that a timer can count do not come at once", async () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    let due = 0;
    for (let ms = 1; ms <= 100; ms++) deadlines.add(nodeThat(() => due++), ms === 100 ? 3_000_000_000 : ms);
    await clock.advance(1_000);
    assert.equal(due, 99);
    await clock.advance(3_000_000_000);
    assert.equal(due, 100);
  });
});

function nodeThat(due: () => void): DeadlineNode {
  return { dueAt: 0, lane: undefined, earlier: undefined, later: undefined, due };
}

function rules(look: (request: RequestInfo) => unknown): ExitPoolOptions {
  return {
    exits: { local: locals(1) },
    defaults: {
      limits: [{ name: "weight", unit: "weight", limit: 1_000, per: "1m" }],
      weights: (request) => {
        look(request);
        return 1;
      },
    },
  };
}

function parts(url: string | undefined): [string, [string, string][]] {
  const { pathname, searchParams } = new URL(url ?? "", "http://server");
  return [pathname, [...searchParams]];
}
