import assert from "node:assert/strict";
import dns from "node:dns";
import net from "node:net";
import { once } from "node:events";
import { describe, test } from "node:test";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { connectFault, isUnsent, openSocket, setEndpoint } from "../../src/connect/index.ts";
import { CA_CERTIFICATE, RIGHT, WRONG_NAME } from "./certs.ts";
import { closedPort, DIRECT, failure, localExit, proxyExit, run, runHttp, runScript, runSocks, runTunnel } from "./support.ts";

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

  test("refuses addresses that the system binds and then does not leave by", async (t) => {
    const server = await runHttp(t);

    for (const address of ["0.0.0.0", "224.0.0.1"]) {
      const error = await failure(openSocket(localExit(address), { host: "127.0.0.1", port: server.port }));
      assert.equal(error.code, "EADDRNOTAVAIL", address);
      assert.equal(connectFault(error), "exit");
    }
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

    for (const address of ["::1", "0:0:0:0:0:0:0:1"]) {
      const socket = await openSocket(localExit(address), { host: "[::1]", port: running.port });
      assert.equal((await once(socket, "data"))[0].toString(), "::1");
      socket.destroy();
    }
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

  test("takes a proxy's endpoint as it was set last", async (t) => {
    const server = await runHttp(t);
    const socks = await runSocks(t, { leaveBy: "127.0.0.31" });
    const exit = proxyExit("socks5", await closedPort());

    setEndpoint(exit, { protocol: "socks5", host: "127.0.0.1", port: socks.port });

    const socket = await openSocket(exit, { host: "127.0.0.1", port: server.port });
    assert.equal((await getOver(socket)).ip, "127.0.0.31");
  });
});

async function getOver(socket: Socket): Promise<{ ip: string }> {
  socket.write("GET / HTTP/1.0\r\n\r\n");
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
}
