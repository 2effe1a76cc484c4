import assert from "node:assert/strict";
import http from "node:http";
import { describe, test } from "node:test";
import { CA_CERTIFICATE, RIGHT, WRONG_NAME } from "../connect/certs.ts";
import { closedPort, DIRECT, localExit, proxyExit, runHttp, runScript, runSocks, runTunnel, until, whoami } from "../connect/support.ts";
import { begin, eventsOf, get, localExits, makeAgents, who } from "./support.ts";

const ca = CA_CERTIFICATE;

describe("the agents of an exit", () => {
  test("leave by the exit's address, for http and https, and keep their sockets", async (t) => {
    const plain = await runHttp(t);
    const secure = await runHttp(t, undefined, RIGHT);
    const agents = makeAgents(t);
    const exit = localExit("127.0.0.61");

    for (const url of [`http://127.0.0.1:${plain.port}/`, `https://localhost:${secure.port}/`]) {
      const first = who(await get(agents.of(exit), url, { ca, family: 4 }));
      const second = who(await get(agents.of(exit), url, { ca, family: 4 }));
      assert.equal(first.ip, "127.0.0.61");
      assert.deepEqual(second, first, "the same socket");
    }
    assert.equal(plain.accepted + secure.accepted, 2);
  });

  test("leave a request's options as Node made them: one more would turn them into a dictionary", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t);
    const exit = localExit("127.0.0.61");
    const agent = agents.of(exit).http as unknown as { addRequest(request: http.ClientRequest, options: object): void };
    const { addRequest } = agent;
    const added: PropertyKey[] = [];
    agent.addRequest = function addWatched(request, options) {
      const before = new Set(Reflect.ownKeys(options));
      addRequest.call(this, request, options);
      added.push(...Reflect.ownKeys(options).filter((key) => !before.has(key)));
    };

    const { request } = await get(agents.of(exit), `http://127.0.0.1:${server.port}/`);

    assert.equal(request.socket?.localAddress, "127.0.0.61");
    assert.deepEqual(added.filter((key) => typeof key === "symbol"), []);
  });

  test("leave through SOCKS5 and HTTP proxies, which resolve the names", async (t) => {
    const names = { "right.test": "127.0.0.1" };
    const plain = await runHttp(t);
    const secure = await runHttp(t, undefined, RIGHT);
    const socks = await runSocks(t, { leaveBy: "127.0.0.62", names, username: "u", password: "p" });
    const tunnel = await runTunnel(t, { leaveBy: "127.0.0.63", names, username: "u", password: "p" });
    const agents = makeAgents(t);
    const credentials = { username: "u", password: "p" };

    for (const [exit, ip] of [[proxyExit("socks5", socks.port, credentials), "127.0.0.62"], [proxyExit("http", tunnel.port, credentials), "127.0.0.63"]] as const) {
      for (const url of [`http://right.test:${plain.port}/`, `https://right.test:${secure.port}/`]) {
        const first = who(await get(agents.of(exit), url, { ca }));
        assert.equal(first.ip, ip);
        assert.deepEqual(who(await get(agents.of(exit), url, { ca })), first, "the same tunnel");
      }
    }
    assert.deepEqual(socks.asked, ["right.test", "right.test"]);
    assert.equal(tunnel.asked.length, 2);
  });

  test("keep 250 exits apart: each of them has its own address the second time, too", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t);
    const exits = localExits(250);
    const url = `http://127.0.0.1:${server.port}/`;

    const first = await Promise.all(exits.map(async (exit) => who(await get(agents.of(exit), url))));
    const second = await Promise.all(exits.map(async (exit) => who(await get(agents.of(exit), url))));

    assert.deepEqual(first.map(({ ip }) => ip), exits.map(({ address }) => address));
    assert.deepEqual(second, first);
    assert.equal(server.accepted, 250);
    assert.equal(agents.sockets, 250);
  });

  test("refuse a wrong certificate, and do not share sockets between different ideas of a right one", async (t) => {
    const wrong = await runHttp(t, undefined, WRONG_NAME);
    const agents = makeAgents(t);
    const pair = agents.of(DIRECT);
    const url = `https://127.0.0.1:${wrong.port}/`;

    assert.equal((await get(pair, url, { rejectUnauthorized: false })).status, 200);
    await assert.rejects(get(pair, url, { ca }), { code: "ERR_TLS_CERT_ALTNAME_INVALID", phase: "tls" });
    let asked = 0;
    const pinned = (): undefined => void asked++;
    assert.equal((await get(pair, url, { ca, checkServerIdentity: pinned })).status, 200);
    await assert.rejects(get(pair, url, { ca }), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    assert.equal((await get(pair, url, { ca, checkServerIdentity: pinned })).status, 200);
    // Node 22 and later ask a function of the request's own each time, and keep no socket for it.
    assert.ok(asked >= 1);
    const other = new Error("not this one");
    await assert.rejects(get(pair, url, { ca, checkServerIdentity: () => other }), other);
  });

  test("resume TLS sessions of their own exit, and never of another", async (t) => {
    const resumed: [string | undefined, boolean][] = [];
    const server = await runHttp(t, (request, response) => {
      resumed.push([request.socket.remoteAddress, (request.socket as import("node:tls").TLSSocket).isSessionReused()]);
      response.setHeader("connection", "close");
      response.end("ok");
    }, RIGHT);
    const agents = makeAgents(t);
    const url = `https://127.0.0.1:${server.port}/`;

    const [a, b] = [localExit("127.0.0.64"), localExit("127.0.0.65")];
    for (const exit of [a, a, b, b]) await get(agents.of(exit), url, { ca });

    assert.deepEqual(resumed, [["127.0.0.64", false], ["127.0.0.64", true], ["127.0.0.65", false], ["127.0.0.65", true]]);
  });

  test("take the user's options for agents, except those that would lead another way", async (t) => {
    const server = await runHttp(t, undefined, RIGHT);
    const agents = makeAgents(t, {
      agentOptions: () => ({ ca, keepAlive: false, localAddress: "127.0.0.99", socketPath: "/nonexistent", proxyEnv: { HTTPS_PROXY: "http://127.0.0.1:9" }, maxSockets: 1 }),
    });
    const exit = localExit("127.0.0.66");
    const url = `https://127.0.0.1:${server.port}/`;

    const answers = await Promise.all([get(agents.of(exit), url), get(agents.of(exit), url)]);

    for (const answer of answers) {
      assert.equal(who(answer).ip, "127.0.0.66");
      assert.equal(answer.headers.connection, "close");
    }
  });

  test("refuse Unix sockets: they lead through no exit", async (t) => {
    const agents = makeAgents(t);
    const request = http.get({ socketPath: "/nonexistent", agent: agents.of(DIRECT).http });
    const { error } = await eventsOf(request);
    assert.match(String(error), /Unix socket/);
  });

  test("report a failed connection as Node does, with our fields, and remember no dead host", async (t) => {
    const agents = makeAgents(t);
    const pair = agents.of(localExit("127.0.0.67"));
    const { events, error } = await eventsOf(begin(pair, `http://127.0.0.1:${await closedPort()}/`));
    assert.deepEqual(events, ["error", "close"]);
    assert.equal((error as { code: string }).code, "ECONNREFUSED");
    assert.equal((error as { phase: string }).phase, "tcp");
    assert.deepEqual(Object.keys(pair.http.sockets), []);
    assert.equal(agents.sockets, 0);
  });

  test("emit a request's `timeout` while it is still connecting", async (t) => {
    const proxy = await runScript(t, () => {});
    const agents = makeAgents(t);
    const request = begin(agents.of(proxyExit("socks5", proxy.port)), "http://target.test/", { timeout: 20 });
    const ended = eventsOf(request);

    await new Promise((resolve) => request.once("timeout", resolve));
    request.destroy(new Error("my own timeout"));

    assert.match(String((await ended).error), /my own timeout/);
    await until(() => proxy.open.size === 0, "the connection closes");
  });

  test("heed how long the server says it keeps a connection", async (t) => {
    const server = await runHttp(t, (request, response) => {
      response.setHeader("keep-alive", request.url === "/short" ? "timeout=1" : "timeout=7");
      response.end(whoami(request));
    });
    const agents = makeAgents(t);
    const pair = agents.of(localExit("127.0.0.68"));

    // One second less the margin is no time at all.
    await get(pair, `http://127.0.0.1:${server.port}/short`);
    assert.deepEqual(Object.values(pair.http.freeSockets).flat(), []);
    await get(pair, `http://127.0.0.1:${server.port}/long`);
    const [kept] = Object.values(pair.http.freeSockets).flat();
    assert.equal(kept?.timeout, 6_000);
    // A request in flight is not measured by it.
    const answer = await get(pair, `http://127.0.0.1:${server.port}/short`);
    assert.equal(answer.request.reusedSocket, true);
    assert.equal(answer.request.socket?.timeout, 0);
  });

  test("keep idle sockets for thirty seconds, or as long as the user's `timeout` says, 0 being for ever", async (t) => {
    const server = await runHttp(t, (request, response) => {
      response.setHeader("keep-alive", "max=5");
      response.end(whoami(request));
    });
    for (const [timeout, expected] of [[undefined, 30_000], [2_000, 2_000], [0, 0]] as const) {
      const agents = makeAgents(t, { agentOptions: () => ({ timeout }) });
      const pair = agents.of(localExit("127.0.0.83"));
      await get(pair, `http://127.0.0.1:${server.port}/`);
      const [kept] = Object.values(pair.http.freeSockets).flat();
      assert.equal(kept?.timeout ?? "not kept", expected);
    }
  });
});
