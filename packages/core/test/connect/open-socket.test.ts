import assert from "node:assert/strict";
import dns from "node:dns";
import net from "node:net";
import { once } from "node:events";
import { describe, test } from "node:test";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { connectFault, isUnsent, openSocket, setEndpoint } from "../../src/connect/index.ts";
import { CA_CERTIFICATE, RIGHT, WRONG_NAME } from "./certs.ts";
import { closedPort, DIRECT, localExit, proxyExit, run, runHttp, runScript, runSocks, runTunnel } from "./support.ts";

const ca = CA_CERTIFICATE;

describe("openSocket", () => {
  test("binds a local exit's address, as the server sees it", async (t) => {
    const server = await runHttp(t);

    for (const address of ["127.0.0.7", "127.3.2.1"]) {
      const socket = await openSocket(localExit(address), { host: "127.0.0.1", port: server.port });
      assert.equal((await getOver(socket)).ip, address);
    }
  });

  test("binds a local exit's address under TLS, verified by the server's address", async (t) => {
    const server = await runHttp(t, undefined, RIGHT);

    const socket = await openSocket(localExit("127.0.0.9"), { host: "127.0.0.1", port: server.port, tls: { ca } });

    assert.equal((socket as TLSSocket).authorized, true);
    assert.equal((await getOver(socket)).ip, "127.0.0.9");
  });

  test("leaves a direct exit unbound", async (t) => {
    const server = await runHttp(t);

    const socket = await openSocket(DIRECT, { host: "127.0.0.1", port: server.port });

    assert.equal((await getOver(socket)).ip, "127.0.0.1");
  });

  test("resolves names for a local exit to the family of its address", async (t) => {
    const server = await runHttp(t);
    const families: unknown[] = [];

    const socket = await openSocket(localExit("127.0.0.4"), {
      host: "both.test",
      port: server.port,
      // Answers at once, which no lookup of Node's does.
      lookup: (_name, options, callback) => {
        families.push(options.family);
        if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
        else callback(null, "127.0.0.1", 4);
      },
    });

    assert.deepEqual(families, [4]);
    assert.equal((await getOver(socket)).ip, "127.0.0.4");
  });

  test("binds IPv6 addresses", async (t) => {
    const server = net.createServer((socket) => socket.end(String(socket.remoteAddress)));
    let running;
    try {
      running = await run(t, server, "::1");
    } catch {
      return t.skip("no IPv6 on this machine");
    }

    const socket = await openSocket(localExit("::1"), { host: "[::1]", port: running.port });

    assert.equal((await once(socket, "data"))[0].toString(), "::1");
    socket.destroy();
    return undefined;
  });

  test("tunnels through SOCKS5, without and with credentials", async (t) => {
    const server = await runHttp(t);
    const open = await runSocks(t, { leaveBy: "127.0.0.21" });
    const guarded = await runSocks(t, { leaveBy: "127.0.0.22", username: "käthe", password: "p@ss:w/rd%" });

    const plain = await openSocket(proxyExit("socks5", open.port), { host: "127.0.0.1", port: server.port });
    const known = await openSocket(proxyExit("socks5", guarded.port, { username: "käthe", password: "p@ss:w/rd%" }), { host: "127.0.0.1", port: server.port });

    assert.equal((await getOver(plain)).ip, "127.0.0.21");
    assert.equal((await getOver(known)).ip, "127.0.0.22");
  });

  test("tunnels through an HTTP proxy, without and with credentials, interim answers or not", async (t) => {
    const server = await runHttp(t);
    const open = await runTunnel(t, { leaveBy: "127.0.0.23", prelude: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" });
    const guarded = await runTunnel(t, { leaveBy: "127.0.0.24", username: "u", password: "p:ä" });

    const plain = await openSocket(proxyExit("http", open.port), { host: "127.0.0.1", port: server.port });
    const known = await openSocket(proxyExit("http", guarded.port, { username: "u", password: "p:ä" }), { host: "127.0.0.1", port: server.port });

    assert.equal((await getOver(plain)).ip, "127.0.0.23");
    assert.equal((await getOver(known)).ip, "127.0.0.24");
  });

  test("lets the proxy resolve names, and verifies TLS against the name", async (t) => {
    const server = await runHttp(t, undefined, RIGHT);
    const names = { "right.test": "127.0.0.1" };
    const socks = await runSocks(t, { names });
    const tunnel = await runTunnel(t, { names });
    t.mock.method(dns, "lookup", () => assert.fail("a name was looked up here"));

    for (const exit of [proxyExit("socks5", socks.port), proxyExit("http", tunnel.port)]) {
      const socket = await openSocket(exit, { host: "right.test", port: server.port, servername: "right.test", tls: { ca } });
      assert.equal((socket as TLSSocket).authorized, true);
      assert.equal((await getOver(socket)).ip, "127.0.0.1");
    }
    assert.deepEqual(socks.asked, ["right.test"]);
    assert.deepEqual(tunnel.asked, [`right.test:${server.port}`]);
  });

  test("sends names to SOCKS5 in ASCII", async (t) => {
    const server = await runHttp(t);
    const socks = await runSocks(t, { names: { "xn--bcher-kva.test": "127.0.0.1" } });

    const socket = await openSocket(proxyExit("socks5", socks.port), { host: "bücher.test", port: server.port });

    assert.equal((await getOver(socket)).ip, "127.0.0.1");
    assert.deepEqual(socks.asked, ["xn--bcher-kva.test"]);
  });

  test("refuses a certificate of another name or an unknown issuer, through every kind of exit", async (t) => {
    const wrong = await runHttp(t, undefined, WRONG_NAME);
    const right = await runHttp(t, undefined, RIGHT);
    const socks = await runSocks(t);
    const tunnel = await runTunnel(t);
    const exits = [localExit("127.0.0.5"), DIRECT, proxyExit("socks5", socks.port), proxyExit("http", tunnel.port)];

    for (const exit of exits) {
      const fault = exit.kind === "socks5" || exit.kind === "http" ? "exit" : "target";
      const otherName = await failure(openSocket(exit, { host: "127.0.0.1", port: wrong.port, servername: "localhost", tls: { ca } }));
      assert.equal(otherName.code, "ERR_TLS_CERT_ALTNAME_INVALID", exit.id);
      const unknown = await failure(openSocket(exit, { host: "127.0.0.1", port: right.port, servername: "localhost" }));
      assert.match(String(unknown.code), /UNABLE_TO|SELF_SIGNED/, exit.id);
      for (const error of [otherName, unknown]) {
        assert.equal(error.phase, "tls");
        assert.equal(connectFault(error), fault);
        assert.equal(isUnsent(error), true);
      }
    }
  });

  test("keeps verifying names when the caller's options hold undefined", async (t) => {
    const wrong = await runHttp(t, undefined, WRONG_NAME);

    const error = await failure(openSocket(DIRECT, { host: "127.0.0.1", port: wrong.port, servername: "localhost", tls: { ca, checkServerIdentity: undefined, rejectUnauthorized: undefined } }));

    assert.equal(error.code, "ERR_TLS_CERT_ALTNAME_INVALID");
  });

  test("hands early bytes on: a server that speaks first is heard", async (t) => {
    const greeting = "220 ready\r\n";
    const socks = await runScript(t, (socket) =>
      socket.once("data", () => {
        socket.write(Buffer.from([5, 0]));
        socket.once("data", () => socket.write(Buffer.concat([Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from(greeting)])));
      }),
    );
    const tunnel = await runScript(t, (socket) => socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\n\r\n${greeting}`)));

    for (const exit of [proxyExit("socks5", socks.port), proxyExit("http", tunnel.port)]) {
      const socket = await openSocket(exit, { host: "mail.test", port: 25 });
      // Late on purpose: what came early must wait, not flow away.
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal((await once(socket, "data"))[0].toString(), greeting);
      socket.destroy();
    }
  });

  test("finds early bytes in TLS, too", async (t) => {
    // The first byte of a TLS alert comes with the reply, the others after the client's hello: together they refuse the handshake.
    const socks = await runScript(t, (socket) =>
      socket.once("data", () => {
        socket.write(Buffer.from([5, 0]));
        socket.once("data", () => {
          socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 21]));
          socket.once("data", () => socket.write(Buffer.from([3, 3, 0, 2, 2, 40])));
        });
      }),
    );

    const error = await failure(openSocket(proxyExit("socks5", socks.port), { host: "127.0.0.1", port: 443, tls: { ca } }));

    assert.equal(error.phase, "tls");
    assert.match(String(error.code), /ALERT_HANDSHAKE_FAILURE|EPROTO/);
  });

  test("says whose fault a failure is, and that nothing was sent", async (t) => {
    const closed = await closedPort();
    const socks = await runScript(t, (socket) => socket.once("data", () => {
      socket.write(Buffer.from([5, 0]));
      socket.once("data", () => socket.write(Buffer.from([5, 5])));
    }));
    const tunnel = await runScript(t, (socket) => socket.once("data", () => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n")));
    const guardedSocks = await runSocks(t, { username: "u", password: "p" });
    const guardedTunnel = await runTunnel(t, { username: "u", password: "p" });
    const unknown = (_name: string, _options: unknown, callback: (error: Error) => void): void => callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
    const cases = [
      { exit: localExit("192.0.2.1"), code: "EADDRNOTAVAIL", phase: "tcp", fault: "exit" },
      { exit: localExit("::1"), code: "EINVAL", phase: "tcp", fault: "exit" },
      { exit: localExit("127.0.0.1.5"), code: "ERR_INVALID_IP_ADDRESS", phase: "tcp", fault: "exit" },
      { exit: localExit("127.0.0.2"), code: "ECONNREFUSED", phase: "tcp", fault: "target" },
      { exit: DIRECT, code: "ECONNREFUSED", phase: "tcp", fault: "target" },
      { exit: DIRECT, host: "nowhere.test", lookup: unknown, code: "ENOTFOUND", phase: "tcp", fault: "target" },
      { exit: proxyExit("socks5", closed), code: "ECONNREFUSED", phase: "tcp", fault: "exit" },
      { exit: proxyExit("http", closed), code: "ECONNREFUSED", phase: "tcp", fault: "exit" },
      { exit: proxyExit("socks5", socks.port), code: "ERR_PROXY_REFUSED", phase: "handshake", fault: "exit", reply: 5 },
      { exit: proxyExit("http", tunnel.port), code: "ERR_PROXY_REFUSED", phase: "handshake", fault: "exit", status: 502 },
      { exit: proxyExit("socks5", guardedSocks.port), code: "ERR_PROXY_AUTH", phase: "handshake", fault: "exit" },
      { exit: proxyExit("socks5", guardedSocks.port, { username: "u", password: "secret-canary" }), code: "ERR_PROXY_AUTH", phase: "handshake", fault: "exit" },
      { exit: proxyExit("http", guardedTunnel.port, { username: "u", password: "secret-canary" }), code: "ERR_PROXY_AUTH", phase: "handshake", fault: "exit", status: 407 },
      { exit: { id: "socks5://lost:1", kind: "socks5" } as const, code: "ERR_NO_ENDPOINT", phase: "tcp", fault: "exit" },
    ];

    for (const { exit, host, lookup, code, phase, fault, reply, status } of cases) {
      const error = await failure(openSocket(exit, { host: host ?? "127.0.0.1", port: closed, lookup: lookup as never }));
      assert.deepEqual(
        { code: error.code, phase: error.phase, fault: connectFault(error), reply: error.reply, status: error.status, unsent: isUnsent(error) },
        { code, phase, fault, reply, status, unsent: true },
        exit.id,
      );
    }
  });

  test("never shows a password in an error", async (t) => {
    const { inspect } = await import("node:util");
    const password = "secret-canary";
    const socks = await runSocks(t, { username: "u", password: "another" });
    const tunnel = await runTunnel(t, { username: "u", password: "another" });
    const long = "x".repeat(300);
    const exits = [
      proxyExit("socks5", socks.port, { username: "u", password }),
      proxyExit("http", tunnel.port, { username: "u", password }),
      proxyExit("socks5", await closedPort(), { username: "u", password }),
      proxyExit("socks5", socks.port, { username: "u", password: password + long }),
    ];

    for (const exit of exits) {
      const error = await failure(openSocket(exit, { host: "127.0.0.1", port: 9 }));
      const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error) + String(error.stack);
      for (const form of [password, Buffer.from(password).toString("base64"), Buffer.from(`u:${password}`).toString("base64")]) assert.ok(!shown.includes(form), exit.id);
    }
  });

  test("refuses hosts and ports that no protocol can carry", async () => {
    const exit = proxyExit("http", 9);
    for (const to of [{ host: "a\r\nX: y", port: 80 }, { host: "a b", port: 80 }, { host: "", port: 80 }, { host: "a".repeat(256), port: 80 }, { host: "a", port: 0 }, { host: "a", port: 65_536 }, { host: "a", port: Number.NaN }]) {
      const error = await failure(openSocket(exit, to));
      assert.equal(error.code, "ERR_INVALID_ARG_VALUE", JSON.stringify(to));
      assert.equal(connectFault(error), "target");
    }
  });

  test("takes a proxy's endpoint as it was set last", async (t) => {
    const server = await runHttp(t);
    const socks = await runSocks(t, { leaveBy: "127.0.0.31" });
    const exit = proxyExit("socks5", await closedPort());

    setEndpoint(exit, { protocol: "socks5", host: "127.0.0.1", port: socks.port });

    const socket = await openSocket(exit, { host: "127.0.0.1", port: server.port });
    assert.equal((await getOver(socket)).ip, "127.0.0.31");
  });
});

interface Failure extends Error {
  code?: string;
  phase?: string;
  reply?: number;
  status?: number;
}

async function failure(promise: Promise<Socket>): Promise<Failure> {
  let socket: Socket;
  try {
    socket = await promise;
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  socket.destroy();
  return assert.fail("a socket was opened");
}

async function getOver(socket: Socket): Promise<{ ip: string }> {
  socket.write("GET / HTTP/1.0\r\n\r\n");
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
}
