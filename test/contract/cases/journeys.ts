import assert from "node:assert/strict";
import { codesOf } from "../../support/contract-client.ts";
import { ADDRESSES, BOTH, EACH_WAY, errorOf, eventually, EVERYWHERE, FIRST } from "../../support/contract-room.ts";
import type { Group } from "../../support/contract-suite.ts";

export const redirects: Group = {
  title: "redirects",
  cases: [
    {
      title: "within a host are followed, each hop by an exit",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const { status, text } = await sender.send(`${server.url}/redirect?to=/redirect?to=/end`, { redirect: "follow" });

        assert.deepEqual([status, (JSON.parse(text) as { url: string }).url], [200, "/end"]);
        assert.ok(server.seen.every(({ address }) => ADDRESSES.includes(address)));
        await eventually(() => server.live === 0, "a loser goes on");
        assert.ok(server.seen.filter(({ path, aborted }) => path === "/redirect" && !aborted).length >= 2);
      },
    },
    {
      title: "to another host are followed by an exit, at that host's own limits",
      on: BOTH,
      async run(room) {
        const other = await room.server(undefined, { host: "127.0.0.9" });
        const server = await room.server();
        const limits = [{ name: "two", unit: "request", limit: 2, per: "1h" }] as const;
        const { sender, pool } = await room.sender({ exits: { local: [FIRST] }, queue: { timeout: "300ms" }, targets: { there: { hosts: "127.0.0.9", limits: [...limits], race: { mode: "off" } } } });
        const url = `${server.url}/redirect?to=${encodeURIComponent(`${other.url}/end`)}`;

        for (let i = 0; i < 2; i++) assert.equal((await sender.send(url, { redirect: "follow" })).status, 200);

        assert.deepEqual(other.seen.map(({ address, path }) => [address, path]), [[FIRST, "/end"], [FIRST, "/end"]]);
        assert.equal(pool.status().targets["there"].exits[FIRST].limits[0].used, 2);
        const error = await errorOf(sender.send(url, { redirect: "follow" }));
        assert.ok(codesOf(error).includes("MH_ERR_TIMEOUT"), codesOf(error).join());
        assert.equal(other.seen.length, 2, "the third would have been over the limit");
      },
    },
    {
      title: "to another host take no secrets along",
      on: EACH_WAY,
      async run(room) {
        const other = await room.server(undefined, { host: "127.0.0.9" });
        const server = await room.server();
        const { sender } = await room.sender();

        await sender.send(`${server.url}/redirect?to=${encodeURIComponent(other.url)}`, { redirect: "follow", headers: { authorization: "Bearer secret", cookie: "session=secret" } });

        assert.equal(server.seen[0].headers.authorization, "Bearer secret");
        assert.equal(other.seen.length, 1);
        assert.ok(!JSON.stringify(other.seen[0].rawHeaders).includes("secret"));
      },
    },
    {
      title: "by 307 keep method and body",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const { text } = await sender.send(`${server.url}/redirect?to=/echo&status=307`, { method: "POST", body: "order", redirect: "follow" });

        assert.equal(text, "order");
        assert.deepEqual(server.seen.map(({ method, body }) => [method, body]), [["POST", "order"], ["POST", "order"]]);
      },
    },
    {
      title: "by 303 turn a POST into a GET without a body",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        await sender.send(`${server.url}/redirect?to=/end&status=303`, { method: "POST", body: "order", redirect: "follow" });

        assert.deepEqual(server.seen.map(({ method, body }) => [method, body]), [["POST", "order"], ["GET", ""]]);
      },
    },
    {
      title: "are not followed where the caller says so",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const { status, header } = await sender.send(`${server.url}/redirect?to=/end`, { redirect: "manual" });

        assert.deepEqual([status, header("location")], [302, "/end"]);
        assert.ok(server.seen.every(({ path }) => path === "/redirect"));
      },
    },
    {
      title: "without end are given up",
      on: EACH_WAY,
      async run(room) {
        let hop = 0;
        const server = await room.server((_request, response) => response.writeHead(302, { location: `/hop/${++hop}` }).end());
        const { sender } = await room.sender();

        const outcome = await sender.send(`${server.url}/hop/0`, { redirect: "follow" }).then(({ status }) => status, (error: unknown) => error);

        // undici's interceptor hands the last redirect on; the others reject.
        assert.ok(outcome === 302 || room.client.isOwn(outcome), String(outcome));
        assert.ok(server.seen.length > 3 && server.seen.length < 50, String(server.seen.length));
      },
    },
  ],
};

export const closings: Group = {
  title: "a pool that closes",
  cases: [
    {
      title: "refuses what comes later, by the client's own error with ours in it",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();
        await sender.send(server.url, { method: "POST", body: "order" });

        await pool.close();
        const error = await errorOf(sender.send(server.url));

        assert.ok(room.client.isOwn(error), error.name);
        assert.ok(codesOf(error).includes("MH_ERR_CLOSED"), codesOf(error).join());
        assert.equal(server.seen.length, 1);
        await eventually(() => server.sockets === 0, "a connection is kept");
      },
    },
    {
      title: "ends what runs, and closes its sockets",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();

        const failing = errorOf(sender.send(`${server.url}/hang`));
        await eventually(() => server.live === room.variant.legs, "the server has it");
        await pool.close({ drain: 0 });
        const error = await failing;

        assert.ok(room.client.isOwn(error), error.name);
        assert.ok(codesOf(error).includes("MH_ERR_CLOSED"), codesOf(error).join());
        await eventually(() => server.sockets === 0 && server.live === 0, "a connection is kept");
      },
    },
    {
      title: "ends what waits, unsent",
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender({ exits: { local: [FIRST] }, perExitInFlight: 1 });
        const { stream } = await sender.open(`${server.url}/headers-then-hang`);
        const cut = new Promise((resolve) => stream.once("error", resolve));
        stream.resume();

        const waiting = errorOf(sender.send(server.url, { method: "POST", body: "order" }));
        await eventually(() => pool.status().tasks.pending === 1, "the request waits");
        await pool.close({ drain: 0 });

        assert.ok(codesOf(await waiting).includes("MH_ERR_CLOSED"));
        assert.ok((await cut) instanceof Error, "the body that was under way must not look whole");
        assert.equal(server.seen.length, 1);
      },
    },
    {
      title: "lets what is nearly done finish",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();

        const answer = sender.send(`${server.url}/delay/40`);
        await eventually(() => server.live >= 1, "the server has it");
        await pool.close({ drain: "10s" });

        assert.equal((await answer).status, 200);
      },
    },
  ],
};
