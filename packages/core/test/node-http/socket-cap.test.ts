import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import { describe, test } from "node:test";
import { CA_CERTIFICATE, RIGHT } from "../connect/certs.ts";
import { DIRECT, localExit, proxyExit, run, runHttp, runScript, until, whoami } from "../connect/support.ts";
import { exitAgents } from "../../src/node-http/index.ts";
import { answerTo, begin, eventsOf, get, hostWith, localExits, makeAgents, who } from "./support.ts";

const ca = CA_CERTIFICATE;

describe("the sockets of all exits together", () => {
  test("stay under their cap: the longest idle goes first, of whatever exit", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t, { maxSockets: 4 });
    const [a, b, c] = localExits(3);
    const url = `http://127.0.0.1:${server.port}/`;
    await Promise.all([get(agents.of(a), url), get(agents.of(a), url)]);
    await get(agents.of(b), url);
    await get(agents.of(b), url);
    await get(agents.of(c), url);
    assert.equal(agents.sockets, 4);
    await get(agents.of(a), url);
    assert.equal(server.accepted, 4, "all of them kept");

    // Two at once through c need one socket more; the one of a that has just been used is not the one to go.
    const answers = await Promise.all([get(agents.of(c), url), get(agents.of(c), url)]);

    assert.equal(answers.length, 2);
    assert.equal(agents.sockets, 4);
    await until(() => server.open.size === 4, "one was closed");
    const left = [...server.open].map((socket) => socket.remoteAddress).sort();
    assert.deepEqual(left, [a.address, b.address, c.address, c.address]);
  });

  test("never lose one in use to the cap; it goes when it becomes idle", async (t) => {
    const held: http.ServerResponse[] = [];
    const server = await runHttp(t, (request, response) => void (request.url === "/hold" ? held.push(response) : response.end(whoami(request))));
    const agents = makeAgents(t, { maxSockets: 2 });
    const exits = localExits(4);
    const url = `http://127.0.0.1:${server.port}`;

    const answers = exits.map((exit) => get(agents.of(exit), `${url}/hold`));
    await until(() => held.length === 4, "four in flight");
    assert.equal(agents.sockets, 4);
    for (const response of held) response.end("whole");

    for (const answer of await Promise.all(answers)) assert.equal(answer.body, "whole");
    assert.equal(agents.sockets, 2);
    await until(() => server.open.size === 2, "two were closed");
  });

  test("of an exit that is evicted while in use end in peace, and are not kept", async (t) => {
    const held: http.ServerResponse[] = [];
    const server = await runHttp(t, (request, response) => {
      if (request.url === "/hold") {
        response.write("first ");
        held.push(response);
      } else response.end(whoami(request));
    });
    // As many exits as sockets may keep their agents.
    const agents = makeAgents(t, { maxSockets: 2 });
    const [a, b, c] = localExits(3);
    const url = `http://127.0.0.1:${server.port}`;
    const pair = agents.of(a);
    const slow = get(pair, `${url}/hold`);
    await until(() => held.length === 1, "in flight");

    await get(agents.of(b), `${url}/`);
    await get(agents.of(c), `${url}/`);
    assert.notEqual(agents.of(a), pair, "evicted");

    held[0].end("second");
    assert.equal((await slow).body, "first second");
    await until(() => ![...server.open].some((socket) => socket.remoteAddress === a.address), "its socket closed");
    // Whoever holds the old agents still can use them.
    const again = await get(pair, `${url}/`);
    assert.equal(who(again).ip, a.address);
    assert.equal(again.headers.connection, "close");
  });

  test("are closed when the pool is, with whatever was connecting; then nothing is opened", async (t) => {
    const server = await runHttp(t);
    const silent = await runScript(t, () => {});
    const releases: (() => void | Promise<void>)[] = [];
    const host = hostWith({ onClose: (release) => {
      releases.push(release);
      return () => {};
    } });
    const agents = exitAgents(host);
    assert.equal(exitAgents(host), agents, "one for each pool");
    await get(agents.of(DIRECT), `http://127.0.0.1:${server.port}/`);
    const hanging = eventsOf(begin(agents.of(proxyExit("socks5", silent.port)), "http://target.test/"));
    await until(() => silent.open.size === 1, "connected");

    assert.equal(releases.length, 1);
    await releases[0]();

    assert.equal(((await hanging).error as { code: string }).code, "MH_ERR_CLOSED");
    assert.equal(agents.sockets, 0);
    await until(() => server.open.size + silent.open.size === 0, "every connection closed");
    const { error } = await eventsOf(begin(agents.of(DIRECT), `http://127.0.0.1:${server.port}/`));
    assert.equal((error as { code: string }).code, "MH_ERR_CLOSED");
    assert.equal(server.accepted, 1);
  });

  test("cost nothing for exits that were never used", async (t) => {
    let asked = 0;
    const agents = makeAgents(t, { agentOptions: () => {
      asked++;
      return undefined;
    } });
    for (const exit of localExits(100)) agents.view(exit);
    assert.equal(asked, 0, "no agent has been made");
  });

  test("carry upgrades, and close those with the pool, too", async (t) => {
    const server = http.createServer();
    server.on("upgrade", (request, socket) => {
      socket.on("error", () => {});
      // Half-open by the design of http servers: it is for the handler to answer FIN with FIN.
      socket.on("end", () => socket.end());
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${request.socket.remoteAddress}`);
    });
    const running = await run(t, server);
    const agents = makeAgents(t);
    const request = begin(agents.of(localExit("127.0.0.69")), `http://127.0.0.1:${running.port}/`, { headers: { connection: "upgrade", upgrade: "x" } });

    const said = await new Promise<string>((resolve, reject) => {
      request.on("error", reject);
      request.on("upgrade", (_response, socket, head) => {
        socket.on("error", () => {});
        if (head.length > 0) resolve(String(head));
        else socket.once("data", (chunk) => resolve(String(chunk)));
      });
    });

    assert.equal(said, "127.0.0.69");
    agents.close();
    await until(() => running.open.size === 0, "the connection closes");
  });

  test("are never passed on between http and https agents of one exit", async (t) => {
    const secure = await runHttp(t, undefined, RIGHT);
    const agents = makeAgents(t);
    const pair = agents.of(DIRECT);
    await get(pair, `https://127.0.0.1:${secure.port}/`, { ca });
    assert.ok(pair.https instanceof https.Agent);
    assert.ok(pair.http instanceof http.Agent);
    await assert.rejects(answerTo(http.get({ host: "127.0.0.1", port: secure.port, agent: pair.http })));
  });
});
