import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExitPoolOptions } from "@multihome/core";
import axios from "axios";
import type { AxiosRequestConfig } from "axios";
import { client, errorOf, locals, makePool, RACING, server, until } from "./support.ts";

const [FAST, SLOW] = locals(2);
const TWO: ExitPoolOptions = { ...RACING, exits: { local: [FAST, SLOW] } };

/** How a caller may want his answer; a race must give it in each of these ways. */
const WANTED: Record<string, AxiosRequestConfig> = {
  text: {},
  bytes: { responseType: "arraybuffer" },
  "without redirects": { maxRedirects: 0 },
  decompressed: { headers: { "x-gzip": "1" } },
};

describe("a race", () => {
  test("is won by the first head, and the loser is ended before it downloads", async (t) => {
    const target = await server(t, (_request, response, seen) => {
      if (seen.address === SLOW) return void setTimeout(() => response.writeHead(200).flushHeaders(), 200);
      response.writeHead(200, { "content-length": 5_000_000 });
      return void response.end(Buffer.alloc(5_000_000, "x"));
    });
    const ax = client(makePool(t, TWO));
    for (let i = 0; i < 3; i++) assert.equal((await ax.get<string>(target.url)).data.length, 5_000_000);
    await until(() => target.live === 0, "losers have ended");
    assert.equal(target.seen.length, 6);
    assert.ok(target.seen.every(({ address, aborted }) => aborted === (address === SLOW)));
  });

  test("leaves an answer that it holds unread", async (t) => {
    let written = 0;
    const target = await server(t, (_request, response, seen) => {
      if (seen.address === SLOW) return void setTimeout(() => response.end("better"), 300);
      const { socket } = response;
      response.writeHead(403);
      response.once("close", () => (written = socket?.bytesWritten ?? 0));
      const pour = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", pour);
      return pour();
    });
    assert.equal((await client(makePool(t, TWO)).get(target.url)).data, "better");
    await until(() => target.live === 0, "ended at the server");
    // What fits into the system's buffers on loopback; a reader would have taken some hundred times as much.
    assert.ok(written > 0 && written < 30_000_000, `${written} bytes`);
  });

  for (const [name, config] of Object.entries(WANTED)) {
    test(`passes a refusal over for a success that comes later (${name})`, async (t) => {
      const target = await server(t, (_request, response, seen) => {
        setTimeout(() => response.writeHead(seen.address === FAST ? 403 : 200, { connection: "close" }).end(seen.address), seen.address === FAST ? 1 : 60);
      });
      const { data, status } = await client(makePool(t, TWO)).get(target.url, config);
      assert.equal(status, 200);
      assert.equal(String(data), SLOW);
    });

    test(`hands the refusal that it held on when nothing better comes (${name})`, async (t) => {
      const target = await server(t, (_request, response, seen) => {
        if (seen.address === SLOW) return void setTimeout(() => response.destroy(), 60);
        // Whole, and its connection closed, long before it is wanted.
        return void response.writeHead(403, { connection: "close", "content-type": "text/plain" }).end("refused");
      });
      const pool = makePool(t, { ...TWO, queue: { maxAttempts: 1 } });
      const error = await errorOf(client(pool).get(target.url, config));
      assert.equal(error.response?.status, 403);
      assert.equal(String(error.response?.data), "refused");
    });

    test(`hands on a held refusal without a body (${name})`, async (t) => {
      const target = await server(t, (_request, response, seen) => {
        if (seen.address === SLOW) return void setTimeout(() => response.destroy(), 60);
        return void response.writeHead(403).end();
      });
      const pool = makePool(t, { ...TWO, queue: { maxAttempts: 1 } });
      const error = await errorOf(client(pool).get(target.url, config));
      assert.equal(error.response?.status, 403);
      assert.equal(String(error.response?.data), "");
    });
  }

  test("forgets a held refusal whose connection was cut", async (t) => {
    const target = await server(t, (_request, response, seen) => {
      if (seen.address === SLOW) return void setTimeout(() => response.destroy(), 80);
      response.writeHead(403, { "content-length": 1_000 }).write("half");
      return void setTimeout(() => response.destroy(), 20);
    });
    const pool = makePool(t, { ...TWO, queue: { maxAttempts: 1 } });
    const error = await errorOf(client(pool).get(target.url));
    assert.ok(error instanceof axios.AxiosError);
    await until(() => target.live === 0, "nothing is left running");
  });

  test("is not won by an answer that is cut before its first byte", async (t) => {
    const target = await server(t, (_request, response, seen) => {
      if (seen.address === SLOW) return void setTimeout(() => response.end("whole"), 80);
      response.writeHead(200, { "content-length": 100 }).flushHeaders();
      return void setTimeout(() => response.destroy(), 20);
    });
    assert.equal((await client(makePool(t, TWO)).get(target.url)).data, "whole");
  });

  test("lets empty answers, HEAD and 204 win", async (t) => {
    const target = await server(t, (request, response) => {
      if (request.url === "/chunked") response.writeHead(200, { "transfer-encoding": "chunked" }).end();
      else response.writeHead(request.url === "/204" ? 204 : 200).end();
    });
    const ax = client(makePool(t, TWO), { baseURL: target.url });
    for (const path of ["/", "/204", "/chunked"]) {
      assert.equal((await ax.get(path)).data, "");
      assert.equal((await ax.head(path)).data, "");
    }
  });

  test("gives the winner's stream, from its first byte", async (t) => {
    const target = await server(t, (_request, response, seen) => {
      response.write(`${seen.address} `);
      setTimeout(() => response.end("end"), 50);
    });
    const { data } = await client(makePool(t, TWO)).get(target.url, { responseType: "stream" });
    const text = Buffer.concat(await data.toArray()).toString();
    assert.match(text, /^127\.0\.7\.\d end$/);
  });

  test("does not wait for the first event of an event stream", async (t) => {
    const target = await server(t);
    const pool = makePool(t, TWO);
    const { data } = await client(pool).get(`${target.url}/sse?events=2&ms=30`, { responseType: "stream" });
    assert.match(Buffer.concat(await data.toArray()).toString(), /data: event 2/);
    const never = await client(pool).get(`${target.url}/sse?events=1&ms=100000000`, { responseType: "stream" });
    never.data.destroy();
    await until(() => target.live === 0, "ended at the server");
  });

  test("sends each leg its own headers", async (t) => {
    const target = await server(t);
    await client(makePool(t, TWO)).get(`${target.url}/delay/40`, { headers: { "x-mine": "1" } });
    assert.equal(target.seen.length, 2);
    assert.ok(target.seen.every(({ headers }) => headers["x-mine"] === "1"));
  });
});

describe("a judge who has to see the body", () => {
  for (const [legs, race] of [["one leg", undefined], ["two legs", RACING.defaults?.race]] as const) {
    for (const body of ["first", "full"] as const) {
      test(`is shown it (${body}, ${legs}), and the caller gets all of it`, async (t) => {
        const lengths: number[] = [];
        const target = await server(t, (_request, response, seen) => {
          if (seen.address === FAST) return void response.end("please solve this captcha");
          response.write("x".repeat(100));
          return void setTimeout(() => response.end("y".repeat(300_000)), 20);
        });
        const pool = makePool(t, {
          exits: { local: [FAST, SLOW] },
          defaults: {
            race,
            classify: {
              body,
              judge: (response) => {
                lengths.push(response.body?.length ?? -1);
                return Buffer.from(response.body ?? []).includes("captcha") ? "blocked" : undefined;
              },
            },
          },
        });
        for (const responseType of ["text", "stream"] as const) {
          for (let i = 0; i < 2; i++) {
            const { data } = await client(pool).get(target.url, { responseType });
            const text = responseType === "text" ? (data as string) : Buffer.concat(await data.toArray()).toString();
            assert.equal(text.length, 300_100);
          }
        }
        assert.ok(lengths.includes(body === "full" ? 300_100 : 100), lengths.join(" "));
        assert.ok(lengths.every((length) => length > 0));
      });
    }
  }
});
