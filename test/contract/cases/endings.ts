import assert from "node:assert/strict";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { listen } from "@multihome/core/testing";
import { errorOf, eventually, BOTH, EVERYWHERE, EACH_WAY, FIRST, PROXIES } from "../../support/contract-room.ts";
import type { Fault } from "../../support/contract-room.ts";
import type { Case, Group } from "../../support/contract-suite.ts";

function abortInHandshake(fault: Fault): Case {
  return {
    title: `while a proxy is in its ${fault} closes the proxy's socket`,
    on: PROXIES,
    async run(room) {
      const server = await room.server();
      const proxy = await room.proxy({ fault });
      const { sender, pool } = await room.sender({ exits: { proxies: [proxy.url] } });
      const controller = new AbortController();

      const failing = errorOf(sender.send(server.url, { signal: controller.signal }));
      await eventually(() => (fault === "hang" ? proxy.books().accepted : proxy.books().destinations.length) === 1, "the proxy is asked");
      controller.abort();

      assert.ok(room.client.isAbort(await failing));
      await eventually(() => proxy.books().open === 0 && pool.status().inflight === 0, "the socket stays open");
      assert.equal(server.seen.length, 0);
    },
  };
}

export const aborts: Group = {
  title: "an abort",
  cases: [
    {
      title: "before the request keeps it from being sent",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        assert.ok(room.client.isAbort(await errorOf(sender.send(server.url, { signal: AbortSignal.abort() }))));

        assert.equal(server.accepted, 0);
      },
    },
    {
      title: "in the same turn as the request is heard",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();
        const controller = new AbortController();

        const failing = errorOf(sender.send(server.url, { signal: controller.signal }));
        controller.abort();

        assert.ok(room.client.isAbort(await failing));
        await eventually(() => pool.status().inflight === 0 && server.live === 0, "something goes on");
      },
    },
    {
      title: "while the request waits for an exit takes it out of the queue",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender({ exits: { local: [FIRST] }, perExitInFlight: 1 });
        const { stream } = await sender.open(`${server.url}/headers-then-hang`, { method: "POST", body: "order" });
        stream.on("error", () => undefined);
        const controller = new AbortController();

        const failing = errorOf(sender.send(server.url, { signal: controller.signal }));
        await eventually(() => pool.status().tasks.pending === 1, "the request waits");
        controller.abort();

        assert.ok(room.client.isAbort(await failing));
        assert.equal(pool.status().tasks.pending, 0);
        stream.destroy();
        await eventually(() => server.live === 0, "the first request goes on");
        assert.equal(server.seen.length, 1);
      },
    },
    abortInHandshake("hang"),
    abortInHandshake("hang-connect"),
    {
      title: "during the TLS handshake closes the connection",
      on: EACH_WAY,
      async run(room) {
        const silent = await listen(createServer((socket) => socket.resume()));
        const { sender, pool } = await room.sender();
        const controller = new AbortController();

        const failing = errorOf(sender.send(`https://127.0.0.1:${silent.port}/`, { signal: controller.signal }));
        await eventually(() => silent.accepted === 1, "nobody connected");
        controller.abort();

        try {
          assert.ok(room.client.isAbort(await failing));
          await eventually(() => silent.sockets.size === 0 && pool.status().inflight === 0, "the connection stays open");
        } finally {
          await silent.close();
        }
      },
    },
    {
      title: "before the head ends the request at the server",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();
        const controller = new AbortController();

        const failing = errorOf(sender.send(`${server.url}/hang`, { signal: controller.signal }));
        await eventually(() => server.live === room.variant.legs, "the server has it");
        controller.abort();

        assert.ok(room.client.isAbort(await failing));
        await eventually(() => server.live === 0 && pool.status().inflight === 0, "it goes on");
        assert.ok(server.seen.every(({ aborted }) => aborted));
      },
    },
    {
      title: "in the middle of the body ends it with an error",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();
        const controller = new AbortController();

        const { stream } = await sender.open(`${server.url}/endless-drip?ms=2`, { signal: controller.signal });
        const ended = new Promise<Error | undefined>((resolve) => {
          stream.once("error", resolve);
          stream.once("end", () => resolve(undefined));
        });
        await new Promise((resolve) => stream.once("data", resolve));
        controller.abort();

        assert.ok((await ended) instanceof Error, "a body that was aborted must not look whole");
        await eventually(() => server.live === 0 && pool.status().inflight === 0, "it goes on");
      },
    },
    {
      title: "while the body is being collected rejects",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();
        const controller = new AbortController();

        const failing = errorOf(sender.send(`${server.url}/body-then-hang?bytes=10`, { signal: controller.signal }));
        await eventually(() => server.live >= 1, "the server has it");
        await new Promise((resolve) => setTimeout(resolve, 20));
        controller.abort();

        assert.ok(room.client.isAbort(await failing));
        await eventually(() => server.live === 0, "it goes on");
      },
    },
    {
      title: "in the middle of an upload ends it, and the body with it",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();
        const controller = new AbortController();
        const body = new Readable({
          read() {
            setTimeout(() => this.push("x".repeat(1_000)), 1);
          },
        });
        body.on("error", () => undefined);

        const failing = errorOf(sender.send(`${server.url}/hang`, { method: "POST", body, signal: controller.signal }));
        await eventually(() => server.seen[0]?.bodyLength > 0, "the upload has begun");
        controller.abort();

        assert.ok(room.client.isAbort(await failing));
        await eventually(() => server.live === 0 && pool.status().inflight === 0, "it goes on");
        body.destroy();
        assert.deepEqual([server.seen.length, server.seen[0].complete], [1, false]);
      },
    },
    {
      title: "after the answer changes nothing",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();
        const controller = new AbortController();

        const { status } = await sender.send(server.url, { signal: controller.signal });
        controller.abort();
        const again = await sender.send(server.url);

        assert.deepEqual([status, again.status], [200, 200]);
      },
    },
    {
      title: "of one request leaves those beside it alone",
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();
        const controller = new AbortController();

        const aborted = errorOf(sender.send(`${server.url}/hang`, { signal: controller.signal }));
        const others = Array.from({ length: 6 }, () => sender.send(`${server.url}/delay/40`));
        await eventually(() => server.live === 7, "all are there");
        controller.abort();

        assert.ok(room.client.isAbort(await aborted));
        assert.deepEqual((await Promise.all(others)).map(({ status }) => status), Array.from({ length: 6 }, () => 200));
      },
    },
  ],
};

export const timeouts: Group = {
  title: "the client's own timeout",
  cases: [
    {
      title: "ends a request that no head answers, and blames no exit",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();

        assert.ok(room.client.isTimeout(await errorOf(sender.send(`${server.url}/hang`, { timeoutMs: 150 }))));

        await eventually(() => server.live === 0 && pool.status().inflight === 0, "it goes on");
        // On a machine that is busy enough it may pass before a byte has left.
        assert.ok(server.seen.length <= room.variant.legs, "it is no reason to try again");
        assert.equal(pool.status().exits.cooldown, 0);
      },
    },
    {
      title: "ends a body that stops",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        await errorOf(sender.send(`${server.url}/body-then-hang?bytes=10`, { timeoutMs: 120 }));

        await eventually(() => server.live === 0, "it goes on");
      },
    },
    {
      title: "does not end what is in time",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        assert.equal((await sender.send(`${server.url}/delay/20`, { timeoutMs: 8_000 })).status, 200);
      },
    },
  ],
};
