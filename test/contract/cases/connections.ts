import assert from "node:assert/strict";
import { closedPort, createTestCertificate } from "@multihome/core/testing";
import { codesOf } from "../../support/contract-client.ts";
import { ADDRESSES, BOTH, EACH_WAY, errorOf, eventually, EVERYWHERE, FIRST, NAME, PROXIES, SECOND } from "../../support/contract-room.ts";
import type { Case, Group } from "../../support/contract-suite.ts";

/** A client takes a connection back in the turn after the answer, not before. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

interface WrongCertificate {
  readonly title: string;
  readonly hosts: string[];
  readonly expired?: boolean;
  readonly trusted: boolean;
}

function refused({ title, hosts, expired = false, trusted }: WrongCertificate): Case {
  return {
    title,
    on: EVERYWHERE,
    async run(room) {
      const certificate = createTestCertificate({ hosts, expired });
      const server = await room.server(undefined, { tls: certificate });
      const { sender } = await room.sender({ exits: trusted ? { agentOptions: () => ({ ca: certificate.ca }) } : {}, queue: { maxAttempts: 2 } });

      const error = await errorOf(sender.send(server.url));

      assert.ok(room.client.isOwn(error), error.name);
      assert.ok(codesOf(error).some((code) => /CERT|SELF_SIGNED|LEAF_SIGNATURE/.test(code)), codesOf(error).join());
      assert.equal(server.seen.length, 0, "not a byte of the request was sent");
    },
  };
}

export const keepAlive: Group = {
  title: "connections",
  cases: [
    {
      title: "are kept, each by its exit",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        for (let i = 0; i < 8; i++) {
          await sender.send(server.url);
          await settled();
        }

        // Proxies are chosen by how they do, so one of them may have had all.
        assert.ok(server.accepted <= 2, `${server.accepted} connections`);
        for (const address of new Set(server.seen.map((seen) => seen.address))) assert.equal(new Set(server.seen.filter((seen) => seen.address === address).map(({ connection }) => connection)).size, 1, address);
      },
    },
    {
      title: "are not kept where the server closes them",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        for (let i = 0; i < 4; i++) {
          await sender.send(`${server.url}/close`);
          await settled();
        }

        assert.equal(server.accepted, 4);
      },
    },
    {
      title: "that the server has closed meanwhile are made anew, and a POST is sent once",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();
        for (let i = 0; i < 2; i++) await sender.send(server.url);
        await settled();

        server.dropConnections();
        await eventually(() => server.sockets === 0, "they are closed");
        await new Promise((resolve) => setTimeout(resolve, 30));
        const answers = [await sender.send(`${server.url}/echo`, { method: "POST", body: "a" }), await sender.send(`${server.url}/echo`, { method: "POST", body: "b" })];

        assert.deepEqual(answers.map(({ text }) => text), ["a", "b"]);
        assert.deepEqual(server.seen.slice(2).map(({ body }) => body), ["a", "b"]);
      },
    },
    {
      title: "to two servers stay apart",
      async run(room) {
        const one = await room.server();
        const two = await room.server(undefined, { host: "127.0.0.9" });
        const { sender } = await room.sender();

        for (let i = 0; i < 4; i++) for (const server of [one, two]) assert.equal((JSON.parse((await sender.send(server.url)).text) as { headers: { host: string } }).headers.host, `${server.host}:${server.port}`);

        assert.deepEqual([one.seen.length, two.seen.length], [4, 4]);
      },
    },
    {
      title: "of fifty requests at once all leave by the pool's exits",
      on: EVERYWHERE,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => sender.send(`${server.url}/n/${i}`)));

        answers.forEach(({ text }, i) => assert.equal((JSON.parse(text) as { url: string }).url, `/n/${i}`));
        assert.ok(server.seen.every(({ address }) => ADDRESSES.includes(address)));
        // Of proxies, one that has answered may be given all the rest.
        if (room.variant.way === "local") assert.equal(new Set(server.seen.map(({ address }) => address)).size, 2);
      },
    },
  ],
};

export const tls: Group = {
  title: "TLS",
  cases: [
    {
      title: "is verified by the authority that the exit's options name",
      on: EVERYWHERE,
      async run(room) {
        const certificate = createTestCertificate();
        const server = await room.server(undefined, { tls: certificate });
        const { sender } = await room.sender({ exits: { agentOptions: () => ({ ca: certificate.ca }) } });

        for (const method of ["GET", "POST"]) {
          const { status } = await sender.send(server.url, { method, ...(method === "POST" ? { body: "x" } : {}) });
          assert.equal(status, 200);
        }

        assert.ok(server.seen.every(({ address }) => ADDRESSES.includes(address)));
      },
    },
    {
      title: "is verified against the name, which only the proxy resolves",
      on: PROXIES,
      async run(room) {
        const certificate = createTestCertificate({ hosts: [NAME] });
        const server = await room.server(undefined, { tls: certificate });
        const { sender } = await room.sender({ exits: { agentOptions: () => ({ ca: certificate.ca }) } });

        const { status } = await sender.send(`https://${NAME}:${server.port}/`);
        const wrong = await errorOf(sender.send(`https://other.test:${server.port}/`));

        assert.equal(status, 200);
        assert.ok(codesOf(wrong).includes("ERR_TLS_CERT_ALTNAME_INVALID"), codesOf(wrong).join());
        assert.equal(server.seen.length, 1);
        for (const proxy of room.proxies) assert.ok(proxy.books().destinations.every(({ named }) => named));
      },
    },
    refused({ title: "is refused for another name", hosts: ["elsewhere.test"], trusted: true }),
    refused({ title: "is refused for an authority that nobody trusts", hosts: ["127.0.0.1"], trusted: false }),
    refused({ title: "is refused when it has expired", hosts: ["127.0.0.1"], expired: true, trusted: true }),
    {
      title: "that is no TLS is an error",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        assert.ok(room.client.isOwn(await errorOf(sender.send(server.url.replace("http:", "https:")))));

        assert.equal(server.seen.length, 0);
      },
    },
  ],
};

export const exits: Group = {
  title: "exits",
  cases: [
    {
      title: "turn by turn are what the server sees",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender();

        for (let i = 0; i < 6; i++) await sender.send(server.url);

        const counts = ADDRESSES.map((address) => server.seen.filter((seen) => seen.address === address).length);
        assert.equal(counts[0] + counts[1], 6);
        if (room.variant.way === "local") assert.deepEqual(counts, [3, 3]);
      },
    },
    {
      title: "that are leased are those that the server sees",
      on: EACH_WAY,
      async run(room) {
        const server = await room.server();
        const { sender, pool } = await room.sender();
        const lease = await pool.acquire({ method: "GET", url: server.url });

        const answers = [await sender.send(server.url, { hints: { lease } }), await sender.send(server.url, { hints: { lease } }), await sender.send(server.url, { hints: { lease } })];
        lease.release();

        const seen = new Set(answers.map(({ text }) => (JSON.parse(text) as { address: string }).address));
        assert.equal(seen.size, 1);
        if (room.variant.way === "local") assert.deepEqual([...seen], [lease.localAddress]);
      },
    },
    {
      title: "that cannot be bound are left out",
      on: BOTH,
      async run(room) {
        const server = await room.server();
        // Reserved for documentation (RFC 5737): no machine has it.
        const { sender } = await room.sender({ exits: { local: ["192.0.2.77", FIRST] } });

        for (let i = 0; i < 3; i++) await sender.send(server.url);

        assert.ok(server.seen.every(({ address }) => address === FIRST));
      },
    },
    {
      title: "of which none is left are the client's own error, with ours in it",
      async run(room) {
        const server = await room.server();
        const { sender } = await room.sender({ exits: { local: ["192.0.2.77"] } });

        const error = await errorOf(sender.send(server.url));

        assert.ok(room.client.isOwn(error), error.name);
        assert.ok(codesOf(error).includes("MH_ERR_NO_EXIT"), codesOf(error).join());
        assert.equal(server.seen.length, 0);
      },
    },
    ...(["refuse", "reset", "hang", "hang-connect", "bad-auth"] as const).map((fault): Case => ({
      title: `that fail (${fault}) are passed over for those that work, also by a POST`,
      on: PROXIES,
      async run(room) {
        const server = await room.server();
        const bad = await room.proxy({ fault });
        const good = await room.proxy({ egress: SECOND });
        const { sender } = await room.sender({ exits: { proxies: [bad.url, good.url] }, connectTimeout: 150 });

        for (const body of ["one", "two", "three"]) assert.equal((await sender.send(`${server.url}/echo`, { method: "POST", body })).text, body);
        await sender.send(server.url);

        assert.deepEqual(server.seen.map(({ address, body }) => [address, body]), [[SECOND, "one"], [SECOND, "two"], [SECOND, "three"], [SECOND, ""]]);
        await eventually(() => bad.books().open === 0, "a connection to the bad proxy stays");
      },
    })),
    {
      title: "that all are dead are an error, and nothing goes by another way",
      on: PROXIES,
      async run(room) {
        const server = await room.server();
        const scheme = room.variant.way === "http" ? "http" : "socks5";
        const { sender } = await room.sender({ exits: { proxies: [`${scheme}://127.0.0.1:${await closedPort()}`, `${scheme}://127.0.0.1:${await closedPort()}`] } });

        assert.ok(room.client.isOwn(await errorOf(sender.send(server.url))));

        assert.equal(server.accepted, 0);
      },
    },
    {
      title: "cannot help where the target refuses connections",
      on: BOTH,
      async run(room) {
        const { sender } = await room.sender();

        const error = await errorOf(sender.send(`http://127.0.0.1:${await closedPort()}/`));

        assert.ok(room.client.isOwn(error), error.name);
        assert.ok(codesOf(error).includes("ECONNREFUSED"), codesOf(error).join());
      },
    },
  ],
};
