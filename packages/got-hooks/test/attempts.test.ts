import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, it } from "node:test";
import { closedPort, startSocksServer } from "@multihome/core/testing";
import { clients, eventually, failureOf, LOCAL, room } from "./support.ts";
import type { Echo } from "./support.ts";

const RACE = { race: { mode: "race", width: 2 } } as const;

for (const client of clients) {
  describe(`${client.name}: further attempts`, () => {
    it("follow a refusal, by another exit, with the body from its start", async (t) => {
      const { got, server } = await room(t, client);
      const { body, address } = await got.post(`${server.url}/sequence/429,200`, { body: "again" }).json<Echo>();
      assert.equal(body, "again");
      assert.deepEqual(server.seen.map((seen) => seen.body), ["again", "again"]);
      assert.notEqual(address, server.seen[0].address);
    });

    it("follow a refusal of a streamed body, as long as all of it is kept", async (t) => {
      const { got, server } = await room(t, client);
      const stream = got.stream.post(`${server.url}/sequence/429,200`);
      const down = stream.toArray();
      await pipeline(Readable.from(["st", "ream"]), stream);
      const answer = JSON.parse(Buffer.concat((await down) as Buffer[]).toString()) as Echo;
      assert.equal(answer.body, "stream");
      assert.equal(server.seen.length, 2);
    });

    it("do not follow where the body is too large to be kept: the refusal is handed on", async (t) => {
      const { got, server } = await room(t, client);
      const failure = await failureOf(got.post(`${server.url}/sequence/429,200`, { body: "x".repeat(200_000) }));
      assert.equal(failure.response?.statusCode, 429);
      assert.equal(server.seen.length, 1);
    });

    it("are used up, and the last answer is got's to judge", async (t) => {
      const { got, server } = await room(t, client, { pool: { ...LOCAL, queue: { maxAttempts: 2 } } });
      const failure = await failureOf(got(`${server.url}/status/429?retry-after=0`));
      assert.equal(failure.name, "HTTPError");
      assert.equal(failure.response?.statusCode, 429);
      assert.match(String(failure.response?.body), /"address"/);
      const quiet = await got(`${server.url}/status/500`, { throwHttpErrors: false });
      assert.equal(quiet.statusCode, 500);
    });

    it("of got's own are leased and seen each", async (t) => {
      const { got, server } = await room(t, client, { pool: { ...LOCAL, queue: { maxAttempts: 1 } } });
      const response = await got(`${server.url}/sequence/503,503,200`, { retry: { limit: 2, calculateDelay: ({ computedValue }) => (computedValue === 0 ? 0 : 1) } });
      assert.equal(response.retryCount, 2);
      assert.deepEqual(server.seen.map(({ address }) => address), ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    });

    it("follow dead and hung proxies, and a POST is written once", async (t) => {
      const hung = await startSocksServer({ fault: "hang-connect" });
      t.after(() => hung.close());
      const { got, server } = await room(t, client, {
        pool: { exits: { proxies: [`socks5://127.0.0.1:${await closedPort()}`, hung.url], local: ["127.0.0.7"] }, connectTimeout: 150 },
      });
      for (const body of ["a", "b", "c"]) assert.equal((await got.post(server.url, { body }).json<Echo>()).body, body);
      const stream = got.stream.post(server.url);
      const down = stream.toArray();
      await pipeline(Readable.from(["s"]), stream);
      await down;
      assert.deepEqual(server.seen.map(({ body, address }) => [body, address]), ["a", "b", "c", "s"].map((body) => [body, "127.0.0.7"]));
    });

    it("do not follow a POST that may have been processed", async (t) => {
      const { got, server } = await room(t, client);
      assert.equal((await failureOf(got.post(`${server.url}/reset`, { body: "x" }))).code, "ECONNRESET");
      assert.equal(server.seen.length, 1);
    });

    it("reuse the connection of a refusal that was read to its end", async (t) => {
      const { got, server } = await room(t, client, { pool: { exits: { local: ["127.0.0.2"] }, backoff: { rateLimited: 100 } } });
      await got(`${server.url}/sequence/429,200`);
      assert.equal(server.accepted, 1);
    });
  });

  describe(`${client.name}: two legs`, () => {
    it("race, and the loser's connection is closed", async (t) => {
      const { got, server } = await room(t, client, {
        pool: { ...LOCAL, defaults: RACE },
        handler: (request, response) => {
          if (request.socket.remoteAddress === "127.0.0.2") setTimeout(() => response.end("slow"), 5_000).unref();
          else response.end("fast");
        },
      });
      assert.equal((await got(server.url)).body, "fast");
      await eventually(() => server.live === 0, "the loser goes on");
      assert.deepEqual(server.seen.map(({ address }) => address).toSorted(), ["127.0.0.2", "127.0.0.3"]);
    });

    it("hold a refusal back for the answer that is still to come", async (t) => {
      const { got, server } = await room(t, client, {
        pool: { ...LOCAL, defaults: RACE },
        handler: (request, response) => {
          if (request.socket.remoteAddress === "127.0.0.2") response.writeHead(403).end("no");
          else setTimeout(() => response.end("yes"), 60);
        },
      });
      assert.equal((await got(server.url)).body, "yes");
      assert.equal(server.seen.length, 2);
    });

    for (const [what, answer] of [["with a body", "refused"], ["without a body", ""]] as const) {
      it(`deliver the refusal that was held (${what}) when nothing better comes`, async (t) => {
        const { got, server } = await room(t, client, {
          pool: { ...LOCAL, queue: { maxAttempts: 1 }, defaults: RACE },
          handler: (request, response) => {
            if (request.socket.remoteAddress === "127.0.0.2") response.writeHead(403, { "transfer-encoding": "chunked" }).end(answer);
            else setTimeout(() => request.socket.destroy(), 60);
          },
        });
        const failure = await failureOf(got(server.url));
        assert.equal(failure.response?.statusCode, 403);
        assert.equal(failure.response?.body, answer);
      });
    }

    it("are both told of by the server's books, and POST has one", async (t) => {
      const { got, server } = await room(t, client, { pool: { ...LOCAL, defaults: RACE } });
      await got.post(server.url, { body: "one" });
      assert.equal(server.seen.length, 1);
      await got(`${server.url}/two`);
      await eventually(() => server.seen.length >= 2, "no answer");
      await got(server.url, { context: { multihome: { race: false } } });
      assert.equal(server.seen.at(-1)?.url, "/");
    });

    for (const body of ["first", "full"] as const) {
      it(`are judged by their bodies where the target asks for it (${body}), and nothing of these is lost`, async (t) => {
        const judged: [string, boolean | undefined][] = [];
        const { got, server } = await room(t, client, {
          pool: {
            ...LOCAL,
            backoff: { rateLimited: 1 },
            defaults: {
              ...RACE,
              classify: {
                body,
                judge: (response) => {
                  judged.push([Buffer.from(response.body ?? []).toString(), response.complete]);
                  return Buffer.from(response.body ?? []).includes("blocked") ? "blocked" : undefined;
                },
              },
            },
          },
          handler: (request, response) => {
            if (request.url === "/blocked") response.end(request.socket.remoteAddress === "127.0.0.2" ? "blocked" : "fine");
            else if (request.url === "/two-parts") {
              response.write("part one,");
              setTimeout(() => response.end(" part two"), 20);
            } else if (request.url === "/empty") response.writeHead(200, { "transfer-encoding": "chunked" }).end();
            else response.end("y".repeat(400_000));
          },
        });
        assert.equal((await got(`${server.url}/two-parts`)).body, "part one, part two");
        assert.equal((await got(`${server.url}/large`)).body.length, 400_000);
        assert.equal((await got(`${server.url}/blocked`)).body, "fine");
        assert.equal((await got.head(`${server.url}/large`)).statusCode, 200);
        if (body === "full") assert.ok(judged.some(([text, complete]) => text === "part one, part two" && complete === true));
        else assert.ok(judged.some(([text]) => text === "part one,"));
        const stream = got.stream(`${server.url}/two-parts`);
        assert.equal(Buffer.concat((await stream.toArray()) as Buffer[]).toString(), "part one, part two");
      });
    }

    it("pass on no informational answer: nobody knows yet whose it is", async (t) => {
      const { got, server } = await room(t, client, { pool: { ...LOCAL, defaults: RACE } });
      const stream = got.stream(`${server.url}/early-hints`);
      stream.on("information", () => assert.fail("1xx of a leg"));
      assert.ok((await stream.toArray()).length > 0);
    });

    it("end both when a cut comes before the first byte that the pool waits for", async (t) => {
      const { got, server } = await room(t, client, {
        pool: { ...LOCAL, queue: { maxAttempts: 1 }, defaults: RACE },
        handler: (request, response) => {
          response.writeHead(200, { "content-length": "10" });
          response.flushHeaders();
          setTimeout(() => request.socket.destroy(), 20);
        },
      });
      assert.equal((await failureOf(got(server.url))).code, "ECONNRESET");
    });
  });
}
