import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { bench, errorOf, fetches, TWO_LEGS, until, versions, type BenchOptions } from "./support.ts";

type Answer = (response: ServerResponse) => void;

/** Two exits that race; what each of them is answered. */
function racing(first: Answer, second: Answer, options: BenchOptions = {}): BenchOptions {
  const answers: Record<string, Answer> = { "127.0.0.2": first, "127.0.0.3": second };
  return {
    exits: { local: ["127.0.0.2", "127.0.0.3"] },
    ...TWO_LEGS,
    queue: { maxAttempts: 1 },
    handler: (_request, response, seen) => answers[seen.address](response),
    ...options,
  };
}

const never: Answer = () => {};
const refuse: Answer = (response) => void response.writeHead(403, { "x-who": "refuser" }).end("refused");
const succeed: Answer = (response) => void response.writeHead(200, { "x-who": "winner" }).end("good");
const after = (ms: number, answer: Answer): Answer => (response) => void setTimeout(() => response.destroyed || answer(response), ms);
const reset: Answer = (response) => void response.socket?.resetAndDestroy();

for (const version of versions) {
  const { name, undici } = version;

  for (const [client, fetch] of fetches(version)) {
    test(`${client}: the first success wins, and the loser's connection is closed`, async (t) => {
      const { dispatcher, server } = await bench(t, version, racing(never, after(20, succeed)));

      const response = await fetch(server.url, { dispatcher });

      assert.equal(response.headers.get("x-who"), "winner");
      assert.equal(await response.text(), "good");
      assert.equal(server.seen.length, 2);
      await until("only the winner's connection is left", () => server.sockets === 1 && server.live === 0);
    });

    test(`${client}: a refusal is held while the other leg may do better`, async (t) => {
      const { dispatcher, server } = await bench(t, version, racing(refuse, after(40, succeed)));

      const response = await fetch(server.url, { dispatcher });

      assert.deepEqual([response.status, await response.text()], [200, "good"]);
    });

    test(`${client}: the refusal that was held is the answer when nothing better comes`, async (t) => {
      const { dispatcher, server } = await bench(t, version, racing(refuse, after(40, reset)));

      const response = await fetch(server.url, { dispatcher });

      assert.deepEqual([response.status, response.headers.get("x-who"), await response.text()], [403, "refuser", "refused"]);
    });

    test(`${client}: of two refusals one is delivered, whole`, async (t) => {
      const { dispatcher, server } = await bench(t, version, racing(refuse, after(20, refuse)));

      const response = await fetch(server.url, { dispatcher });

      assert.deepEqual([response.status, await response.text()], [403, "refused"]);
    });

    test(`${client}: a winner's body streams while it is still being sent`, async (t) => {
      let finish: (() => void) | undefined;
      const drip: Answer = (response) => {
        response.writeHead(200).write("first");
        finish = () => response.end("last");
      };
      const { dispatcher, server } = await bench(t, version, racing(never, drip));
      const response = await fetch(server.url, { dispatcher });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();

      assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "first");
      finish?.();
      assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "last");
      assert.equal((await reader.read()).done, true);
    });

    test(`${client}: when each leg fails, the caller gets the last failure`, async (t) => {
      const { dispatcher, server } = await bench(t, version, racing(reset, after(20, reset)));

      const error = await errorOf(fetch(server.url, { dispatcher }));

      assert.ok(error instanceof TypeError);
      assert.equal(server.seen.length, 2);
    });
  }

  test(`${name}: a large refusal is held unread, and comes whole when it is promoted`, async (t) => {
    const large: Answer = (response) => void response.writeHead(403).end("x".repeat(3_000_000));
    const { dispatcher, server } = await bench(t, version, racing(large, after(60, reset)));

    const { statusCode, body } = await undici.request(server.url, { dispatcher });

    assert.equal(statusCode, 403);
    assert.equal((await body.text()).length, 3_000_000);
  });

  test(`${name}: an answer without a body can be held and promoted, too`, async (t) => {
    const { dispatcher, server } = await bench(t, version, racing((response) => void response.writeHead(403).end(), after(40, reset)));

    const head = await undici.request(server.url, { dispatcher, method: "HEAD" });
    assert.equal(head.statusCode, 403);
    await head.body.dump();
    const get = await undici.request(server.url, { dispatcher });
    assert.deepEqual([get.statusCode, await get.body.text()], [403, ""]);
  });

  test(`${name}: an answer that is cut before its first byte does not win`, async (t) => {
    const cut: Answer = (response) => {
      response.writeHead(200, { "content-length": 10 }).flushHeaders();
      setTimeout(() => response.destroy(), 20);
    };
    const { dispatcher, server } = await bench(t, version, racing(cut, after(80, succeed)));

    const { statusCode, body } = await undici.request(server.url, { dispatcher });

    assert.deepEqual([statusCode, await body.text()], [200, "good"]);
  });

  test(`${name}: with nothing better to come, a cut answer is delivered as far as it came`, async (t) => {
    const { dispatcher, server } = await bench(t, version, { exits: { local: ["127.0.0.2"] }, defaults: { classify: { body: "full", judge: () => undefined } }, queue: { maxAttempts: 1 } });

    const { statusCode, body } = await undici.request(`${server.url}/cut?bytes=10`, { dispatcher });

    assert.equal(statusCode, 200);
    let text = "";
    const error = await errorOf((async () => {
      for await (const chunk of body) text += String(chunk);
    })());
    assert.equal(text, "xxxxxxxxxx");
    assert.match(error.code ?? "", /^UND_ERR_/);
  });

  test(`${name}: an event stream is delivered with its head, however long it is silent`, async (t) => {
    const silent: Answer = (response) => response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    const { dispatcher, server } = await bench(t, version, racing(never, silent));

    const { statusCode, body } = await undici.request(server.url, { dispatcher });

    assert.equal(statusCode, 200);
    body.on("error", () => {}).destroy();
  });

  test(`${name}: a POST is sent by one leg, an upgrade as well`, async (t) => {
    const { dispatcher, server } = await bench(t, version, { ...TWO_LEGS });

    await (await undici.request(server.url, { dispatcher, method: "POST", body: "x" })).body.dump();
    const { socket } = await undici.upgrade(server.url, { dispatcher, protocol: "echo" });

    assert.equal(server.seen.length, 2);
    socket.destroy();
    await once(socket, "close");
  });

  test(`${name}: 1xx of a race are for nobody, and end nothing`, async (t) => {
    const hinting: Answer = (response) => {
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      setTimeout(() => succeed(response), 30);
    };
    const { dispatcher, server } = await bench(t, version, racing(hinting, hinting));
    const infos: number[] = [];

    const { statusCode, body } = await undici.request(server.url, { dispatcher, onInfo: ({ statusCode }) => infos.push(statusCode) });

    assert.deepEqual([statusCode, await body.text(), infos], [200, "good", []]);
  });

  test(`${name}: a refused GET is tried by another exit, and the refusal's connection is kept`, async (t) => {
    const answers: Record<string, Answer> = { "127.0.0.2": (response) => void response.writeHead(429, { "retry-after": "5" }).end("slow down"), "127.0.0.3": succeed };
    const { dispatcher, server } = await bench(t, version, { exits: { local: ["127.0.0.2", "127.0.0.3"] }, handler: (_request, response, seen) => answers[seen.address](response) });

    const { statusCode, body } = await undici.request(server.url, { dispatcher });

    assert.deepEqual([statusCode, await body.text()], [200, "good"]);
    assert.deepEqual(server.seen.map(({ address }) => address), ["127.0.0.2", "127.0.0.3"]);
    assert.equal(server.sockets, 2);
  });

  test(`${name}: what is left of a refusal goes when the request is over`, async (t) => {
    const endless: Answer = (response) => void response.writeHead(429).write("slow");
    const answers: Record<string, Answer> = { "127.0.0.2": endless, "127.0.0.3": succeed };
    const { dispatcher, server } = await bench(t, version, { exits: { local: ["127.0.0.2", "127.0.0.3"] }, handler: (_request, response, seen) => answers[seen.address](response) });

    const { body } = await undici.request(server.url, { dispatcher });
    await body.text();

    await until("the refusal's connection is closed", () => server.sockets === 1 && server.live === 0);
  });

  test(`${name}: a string POST that is refused with 429 is sent again, a stream is not`, async (t) => {
    const answers: Record<string, Answer> = { "127.0.0.2": (response) => void response.writeHead(429).end(), "127.0.0.3": succeed };
    const { dispatcher, server } = await bench(t, version, { exits: { local: ["127.0.0.2", "127.0.0.3"] }, handler: (request, response, seen) => void request.resume().once("end", () => answers[seen.address](response)) });

    const twice = await undici.request(server.url, { dispatcher, method: "POST", body: "x" });
    assert.equal(twice.statusCode, 200);
    await twice.body.dump();
    assert.equal(server.seen.length, 2);

    const statuses: number[] = [];
    for (let index = 0; index < 2; index++) {
      const response = await undici.fetch(server.url, { dispatcher, method: "POST", body: "x" });
      statuses.push(response.status);
      await response.text();
    }
    // One of the two left by the exit that is refused, unless that was resting: fetch makes a stream of every body.
    assert.equal(server.seen.length, 4);
    assert.ok(statuses.includes(200));
  });
}
