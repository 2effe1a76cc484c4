import assert from "node:assert/strict";
import type http from "node:http";
import type { ServerResponse } from "node:http";
import https from "node:https";
import { describe, test } from "node:test";
import axios from "axios";
import { CA_CERTIFICATE, RIGHT } from "../connect/certs.ts";
import { closedPort, localExit, proxyExit, runHttp, runScript, until, whoami } from "../connect/support.ts";
import type { GateOptions } from "../../src/node-http/index.ts";
import { begin, eventsOf, get, makeAgents, who } from "./support.ts";

const ca = CA_CERTIFICATE;

describe("the agents of a leg", () => {
  test("send by the exit's own agents, whose sockets outlive the leg", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t);
    const exit = localExit("127.0.0.71");
    const url = `http://127.0.0.1:${server.port}/`;

    const first = who(await get(agents.view(exit), url));
    const second = who(await get(agents.view(exit), url));

    assert.equal(first.ip, "127.0.0.71");
    assert.deepEqual(second, first);
  });

  test("know their requests, and whether any of them was given a connection", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t);
    const leg = agents.view(localExit("127.0.0.72"));

    const failed = begin(leg, `http://127.0.0.1:${await closedPort()}/`);
    await eventsOf(failed);
    assert.equal(leg.sent, false);
    const { request } = await get(leg, `http://127.0.0.1:${server.port}/`);

    assert.deepEqual(leg.requests, [failed, request]);
    assert.equal(leg.sent, true);
  });

  test("carry the TLS options of the user's own agent, and key kept sockets by them", async (t) => {
    const server = await runHttp(t, undefined, RIGHT);
    const agents = makeAgents(t);
    const exit = localExit("127.0.0.73");
    const url = `https://127.0.0.1:${server.port}/`;
    const { options: tls } = new https.Agent({ ca, servername: "right.test", localAddress: "127.0.0.99" });

    const first = who(await get(agents.view(exit, { tls }), url));
    const second = who(await get(agents.view(exit, { tls: { ...tls } }), url));

    assert.equal(first.ip, "127.0.0.73");
    assert.deepEqual(second, first);
    // Without the authority, the kept socket must not be had.
    await assert.rejects(get(agents.view(exit), url), { phase: "tls" });
    // The request's own word goes first.
    await assert.rejects(get(agents.view(exit, { tls }), url, { servername: "other.test" }), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  test("give their connections the leg's own deadline", async (t) => {
    const proxy = await runScript(t, () => {});
    const agents = makeAgents(t);
    const leg = agents.view(proxyExit("socks5", proxy.port), { connectTimeoutMs: 30 });

    const { error } = await eventsOf(begin(leg, "http://target.test/"));

    assert.equal((error as { code: string }).code, "ETIMEDOUT");
    assert.match(String(error), /30 ms/);
    await until(() => proxy.open.size === 0, "the connection closes");
  });

  test("abort what is connecting at once with the caller's error, and refuse what comes later", async (t) => {
    const proxy = await runScript(t, () => {});
    const agents = makeAgents(t);
    const leg = agents.view(proxyExit("socks5", proxy.port));
    const ended = [eventsOf(begin(leg, "http://target.test/")), eventsOf(begin(leg, "https://target.test/"))];
    await until(() => proxy.open.size === 2, "connected");
    const reason = new Error("lost the race");

    leg.abort(reason);
    ended.push(eventsOf(begin(leg, "http://target.test/")));

    for (const { events, error } of await Promise.all(ended)) {
      assert.deepEqual(events, ["error", "close"]);
      assert.equal(error, reason);
    }
    assert.equal(proxy.accepted, 2);
    assert.equal(leg.sent, false);
    await until(() => proxy.open.size === 0, "the connections close");
  });

  test("abort with anything, which Node's requests then wrap", async (t) => {
    const proxy = await runScript(t, () => {});
    const agents = makeAgents(t);
    const leg = agents.view(proxyExit("socks5", proxy.port));
    const ended = eventsOf(begin(leg, "http://target.test/"));
    leg.abort("a word");
    const { error } = await ended;
    assert.equal((error as Error).name, "AbortError");
    assert.equal((error as Error).cause, "a word");
  });

  test("leave requests that have a connection to their client", async (t) => {
    const held: ServerResponse[] = [];
    const server = await runHttp(t, (_request, response) => void held.push(response));
    const agents = makeAgents(t);
    const leg = agents.view(localExit("127.0.0.74"));
    const answer = get(leg, `http://127.0.0.1:${server.port}/`);
    await until(() => held.length === 1, "in flight");

    leg.abort(new Error("too late"));
    held[0].end("whole");

    assert.equal((await answer).body, "whole");
  });

  test("cannot be used to close the exit's sockets", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t);
    const leg = agents.view(localExit("127.0.0.75"));
    await get(leg, `http://127.0.0.1:${server.port}/`);
    leg.http.destroy();
    await get(leg, `http://127.0.0.1:${server.port}/`);
    assert.equal(server.accepted, 1);
  });
});

describe("a gate", () => {
  test("is asked with what it takes to know the target, and sends when it says so", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t);
    const leg = agents.view(localExit("127.0.0.76"));
    const asked: GateOptions[] = [];
    let open: (() => void) | undefined;
    leg.gate = (options, proceed) => {
      asked.push(options);
      open = proceed;
    };

    const answer = get(leg, `http://127.0.0.1:${server.port}/a?b=c`, { method: "DELETE" });
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(server.accepted, 0);
    open?.();
    open?.();

    assert.equal(who(await answer).ip, "127.0.0.76");
    assert.deepEqual(asked, [{ protocol: "http:", host: "127.0.0.1", port: server.port, method: "DELETE", path: "/a?b=c" }]);
    assert.equal(server.accepted, 1);
  });

  test("that refuses or throws ends the request with its error, unsent", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t);
    const refusal = new Error("no room");
    for (const gate of [(_: GateOptions, proceed: (error: unknown) => void) => proceed(refusal), () => { throw refusal; }, (_: GateOptions, proceed: (error: unknown) => void) => void setImmediate(proceed, refusal)]) {
      const leg = agents.view(localExit("127.0.0.77"));
      leg.gate = gate;
      const { events, error } = await eventsOf(begin(leg, `http://127.0.0.1:${server.port}/`));
      assert.deepEqual(events, ["error", "close"]);
      assert.equal(error, refusal);
      assert.equal(leg.sent, false);
    }
    assert.equal(server.accepted, 0);
  });

  test("does not outlive its request: destroyed or aborted there, it ends at once", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t);
    for (const how of ["destroy", "abort", "signal"] as const) {
      const leg = agents.view(localExit("127.0.0.78"));
      let open: (() => void) | undefined;
      leg.gate = (_, proceed) => (open = proceed);
      const controller = new AbortController();
      const request = begin(leg, `http://127.0.0.1:${server.port}/`, { signal: controller.signal });
      const ended = eventsOf(request);
      const mine = new Error("mine");

      if (how === "destroy") request.destroy(mine);
      else if (how === "abort") leg.abort(mine);
      else controller.abort(mine);

      const { events, error } = await ended;
      assert.deepEqual(events, ["error", "close"], how);
      assert.equal(how === "signal" ? (error as Error).cause : error, mine);
      open?.();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(server.accepted, 0);
  });
});

describe("clients with the agents of a leg", () => {
  const redirecting = (target: () => string) => (request: http.IncomingMessage, response: ServerResponse): void => {
    if (request.url === "/hop") response.writeHead(302, { location: target() }).end();
    else response.end(whoami(request));
  };

  test("axios: both schemes, and every hop of a redirect through the same exit and its gate", async (t) => {
    const secure = await runHttp(t, undefined, RIGHT);
    const plain = await runHttp(t, redirecting(() => `https://localhost:${secure.port}/there`));
    const agents = makeAgents(t);
    const leg = agents.view(localExit("127.0.0.79"), { tls: { ca } });
    const asked: string[] = [];
    leg.gate = ({ protocol, host, port, path }, proceed) => {
      asked.push(`${protocol}//${host}:${port}${path}`);
      setImmediate(proceed);
    };

    const { data } = await axios.get(`http://127.0.0.1:${plain.port}/hop`, { httpAgent: leg.http, httpsAgent: leg.https, proxy: false });

    assert.equal(data.ip, "127.0.0.79");
    assert.deepEqual(asked, [`http://127.0.0.1:${plain.port}/hop`, `https://localhost:${secure.port}/there`]);
    assert.equal(leg.requests.length, 2);
  });

  test("axios: an abort in the handshake and at the second hop's gate closes everything", async (t) => {
    const proxy = await runScript(t, () => {});
    const plain = await runHttp(t, redirecting(() => "http://elsewhere.test/"));
    const agents = makeAgents(t);
    const reason = new Error("enough");

    const hung = agents.view(proxyExit("socks5", proxy.port));
    const first = axios.get("http://target.test/", { httpAgent: hung.http, proxy: false });
    await until(() => proxy.open.size === 1, "connected");
    hung.abort(reason);
    await assert.rejects(first, (error: { cause?: unknown; message: string }) => error.cause === reason || error.message === "enough");

    const gated = agents.view(localExit("127.0.0.80"));
    let waiting = false;
    gated.gate = ({ host }, proceed) => (host === "elsewhere.test" ? (waiting = true) : proceed());
    const second = axios.get(`http://127.0.0.1:${plain.port}/hop`, { httpAgent: gated.http, proxy: false });
    await until(() => waiting, "the second hop");
    gated.abort(reason);
    await assert.rejects(second, (error: { cause?: unknown; message: string }) => error.cause === reason || error.message === "enough");
    await until(() => proxy.open.size === 0, "the connections close");
  });

  for (const version of ["got", "got15", "got16"]) {
    test(`${version}: both schemes, redirects, and an end during the handshake`, async (t) => {
      const { default: got } = (await import(version)) as typeof import("got");
      const secure = await runHttp(t, undefined, RIGHT);
      const plain = await runHttp(t, redirecting(() => `https://localhost:${secure.port}/there`));
      const proxy = await runScript(t, () => {});
      const agents = makeAgents(t);
      const leg = agents.view(localExit("127.0.0.81"), { tls: { ca } });

      const data = await got(`http://127.0.0.1:${plain.port}/hop`, { agent: { http: leg.http, https: leg.https } }).json<{ ip: string }>();
      assert.equal(data.ip, "127.0.0.81");
      assert.equal(leg.requests.length, 2);

      const hung = agents.view(proxyExit("socks5", proxy.port));
      await assert.rejects(got("http://target.test/", { agent: { http: hung.http }, timeout: { request: 200 }, retry: { limit: 0 } }), { code: "ETIMEDOUT" });
      await until(() => proxy.accepted === 1 && proxy.open.size === 0, "the connection closes");
    });
  }

  test("are not led astray by proxies in the environment", async (t) => {
    const server = await runHttp(t);
    const agents = makeAgents(t);
    const leg = agents.view(localExit("127.0.0.82"));
    const names = ["HTTP_PROXY", "http_proxy", "NODE_USE_ENV_PROXY"] as const;
    const before = names.map((name) => process.env[name]);
    t.after(() => names.forEach((name, i) => (before[i] === undefined ? delete process.env[name] : (process.env[name] = before[i]))));
    for (const name of names) process.env[name] = name === "NODE_USE_ENV_PROXY" ? "1" : "http://127.0.0.1:9";

    assert.equal(who(await get(leg, `http://127.0.0.1:${server.port}/`)).ip, "127.0.0.82");
    assert.equal((await axios.get(`http://127.0.0.1:${server.port}/`, { httpAgent: leg.http, proxy: false })).data.ip, "127.0.0.82");
  });
});
