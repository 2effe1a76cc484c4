import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { codesOf } from "../../support/contract-client.ts";
import { BOTH, EACH_WAY, errorOf, eventually, EVERYWHERE, FIRST, SECOND, TWO_LEGS } from "../../support/contract-room.ts";
import type { Case, Group } from "../../support/contract-suite.ts";

/** Refuses the address that comes first, for longer than anybody waits. */
function refusing(status: number): (request: unknown, response: import("node:http").ServerResponse, seen: { address: string }) => void {
  let first: string | undefined;
  return (_request, response, { address }) => {
    first ??= address;
    if (address === first) response.writeHead(status, { "retry-after": "120" }).end("slow down");
    else response.end("welcome");
  };
}

function movesOn(status: number, method: string): Case {
  return {
    title: `${status} with Retry-After moves a ${method} on to another exit, and rests the one that was refused`,
    on: method === "GET" ? EVERYWHERE : EACH_WAY,
    async run(room) {
      const server = await room.server(refusing(status));
      const { sender } = await room.sender();
      const request = method === "GET" ? {} : { method, body: "order" };

      // A body that comes in pieces cannot be sent again, so here the refusal is the answer, once.
      const first = method === "GET" || room.client.replaysText ? undefined : await sender.send(server.url, request);
      const texts: string[] = [];
      for (let i = 0; i < 4; i++) texts.push((await sender.send(server.url, request)).text);

      assert.deepEqual(texts, ["welcome", "welcome", "welcome", "welcome"]);
      if (first !== undefined) assert.deepEqual([first.status, first.text], [status, "slow down"]);
      const refused = server.seen[0].address;
      assert.equal(server.seen.filter(({ address }) => address === refused).length, 1, "it is asked no more");
      if (method !== "GET") assert.ok(server.seen.every(({ body }) => body === "order"));
    },
  };
}

function onlyOnce(method: string, path: string, status?: number): Case {
  return {
    title: `a ${method} to ${path} is written once`,
    on: EVERYWHERE,
    async run(room) {
      const server = await room.server();
      const { sender } = await room.sender();

      const answer = sender.send(server.url + path, { method, body: "order" });

      if (status === undefined) assert.ok(room.client.isOwn(await errorOf(answer)));
      else assert.equal((await answer).status, status);
      assert.equal(server.seen.length, 1);
    },
  };
}

export const refusals: Group = {
  title: "refusals",
  cases: [
    movesOn(429, "GET"),
    movesOn(429, "POST"),
    movesOn(418, "GET"),
    movesOn(418, "POST"),
    {
      title: "429 for every exit is the answer",
      on: BOTH,
      async run(room) {
        const server = await room.server((_request, response) => response.writeHead(429, { "retry-after": "120" }).end("slow down"));
        const { sender } = await room.sender();

        const { status, text } = await sender.send(server.url);

        assert.deepEqual([status, text], [429, "slow down"]);
        assert.equal(server.seen.length, 2, "each exit was asked once");
      },
    },
    {
      title: "429 for a long stream that has been read is the answer, and the stream is sent once",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server(async (request, response) => {
          for await (const _ of request) continue;
          response.writeHead(429, { "retry-after": "120" }).end("slow down");
        });
        const { sender } = await room.sender();

        const { status } = await sender.send(server.url, { method: "POST", body: Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(10_000, "x"))) });

        assert.equal(status, 429);
        assert.deepEqual(server.seen.map(({ bodyLength }) => bodyLength), [200_000]);
      },
    },
    {
      title: "a limit is kept, and what it leaves no room for waits",
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender({ exits: { local: [FIRST] }, perExitInFlight: 1 });

        const answers = await Promise.all(Array.from({ length: 5 }, () => sender.send(`${server.url}/delay/5`)));

        assert.ok(answers.every(({ status }) => status === 200));
        assert.equal(server.highWater, 1);
      },
    },
    {
      title: "a request that is heavier than any window is the client's own error, with ours in it",
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender({ defaults: { limits: [{ name: "weight", unit: "weight", limit: 5, per: "1m" }] } });

        const error = await errorOf(sender.send(server.url, { hints: { weight: 6 } }));

        assert.ok(room.client.isOwn(error), error.name);
        assert.ok(codesOf(error).includes("MH_ERR_OVER_QUOTA"), codesOf(error).join());
        assert.equal(server.seen.length, 0);
        assert.equal((await sender.send(server.url, { hints: { weight: 5 } })).status, 200);
      },
    },
  ],
};

export const repeats: Group = {
  title: "what is sent again",
  cases: [
    onlyOnce("POST", "/reset"),
    onlyOnce("POST", "/disconnect"),
    onlyOnce("PUT", "/reset"),
    onlyOnce("PATCH", "/disconnect"),
    onlyOnce("DELETE", "/reset"),
    onlyOnce("POST", "/status/503", 503),
    onlyOnce("POST", "/status/403", 403),
    onlyOnce("POST", "/cut?bytes=2000"),
    {
      title: "is a GET that was reset before its answer",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        assert.equal((await sender.send(`${server.url}/reset-once`)).text, "ok");

        assert.equal(server.seen.length, 2);
        assert.notEqual(server.seen[0].address, server.seen[1].address);
      },
    },
    {
      title: "is a GET that one exit is blocked for",
      async run(room) {
        const server = await room.server(refusing(403));
        const { sender } = await room.sender();

        assert.equal((await sender.send(server.url)).text, "welcome");

        assert.notEqual(server.seen[0].address, server.seen[1].address);
      },
    },
  ],
};

export const races: Group = {
  title: "of two legs",
  cases: [
    {
      title: "the faster is the answer, and the other's connection is closed",
      on: TWO_LEGS,
      async run(room) {
        const server = await room.server(async (_request, response, { address, url }) => {
          if (address !== FIRST) return;
          await eventually(() => server.seen.filter((seen) => seen.url === url).length === 2, "the other leg has arrived");
          response.end("fast");
        });
        const { sender } = await room.sender();

        for (let i = 0; i < 3; i++) assert.equal((await sender.send(`${server.url}/${i}`)).text, "fast");

        await eventually(() => server.live === 0, "a loser goes on");
        assert.equal(server.seen.length, 6);
        assert.ok(server.seen.every(({ address, aborted }) => aborted === (address === SECOND)));
      },
    },
    {
      title: "a 403 is held while the other may do better",
      on: TWO_LEGS,
      async run(room) {
        const server = await room.server((_request, response, { address }) => {
          if (address === FIRST) response.writeHead(403).end("blocked");
          else setTimeout(() => response.end("welcome"), 60);
        });
        const { sender } = await room.sender();

        const { status, text } = await sender.send(server.url);

        assert.deepEqual([status, text], [200, "welcome"]);
      },
    },
    {
      title: "a 403 that was held is the answer, whole, when nothing better comes",
      on: TWO_LEGS,
      async run(room) {
        const server = await room.server((_request, response, { address }) => {
          if (address === FIRST) response.writeHead(403).end("blocked");
          else setTimeout(() => response.destroy(), 60);
        });
        const { sender } = await room.sender({ queue: { maxAttempts: 1 } });

        const { status, text } = await sender.send(server.url);

        assert.deepEqual([status, text], [403, "blocked"]);
      },
    },
    {
      title: "the winner streams while its body is still being sent",
      on: TWO_LEGS,
      async run(room) {
        let finish: (() => void) | undefined;
        const server = await room.server((_request, response, { address }) => {
          if (address === FIRST) return;
          response.writeHead(200);
          response.write("first ");
          finish = () => response.end("last");
        });
        const { sender } = await room.sender();

        const { stream } = await sender.open(server.url);
        await eventually(() => server.live === 1, "the loser goes on");
        finish?.();

        assert.equal((await stream.toArray()).map((chunk) => Buffer.from(chunk as Uint8Array).toString()).join(""), "first last");
      },
    },
    {
      title: "a POST has one",
      on: TWO_LEGS,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        for (let i = 0; i < 4; i++) await sender.send(server.url, { method: "POST", body: "order" });

        assert.equal(server.seen.length, 4);
      },
    },
    {
      title: "neither is left when both are cut off before their heads",
      on: TWO_LEGS,
      async run(room) {
        const server = await room.server((_request, response) => response.destroy());
        const { sender } = await room.sender({ queue: { maxAttempts: 1 } });

        assert.ok(room.client.isOwn(await errorOf(sender.send(server.url))));

        assert.equal(server.seen.length, 2);
      },
    },
  ],
};
