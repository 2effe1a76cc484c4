import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { connectFault, isUnsent, openSocket } from "../../src/connect/index.ts";
import { closedPort, DIRECT, failure, localExit, proxyExit, runScript, runSocks, runTunnel } from "./support.ts";

describe("the error of a connection", () => {
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
      { exit: { id: "socks5://lost:1#0a1b2c", kind: "socks5" } as const, code: "ERR_NO_ENDPOINT", phase: "tcp", fault: "exit" },
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

  test("that the connector did not make is judged by its code, and may have been sent", () => {
    const withCode = (code: string): Error => Object.assign(new Error(code), { code });
    assert.equal(connectFault(withCode("EMFILE")), "local");
    assert.equal(connectFault(withCode("EADDRINUSE")), "local");
    assert.equal(connectFault(Object.assign(withCode("EADDRNOTAVAIL"), { syscall: "connect" })), "local");
    assert.equal(connectFault(Object.assign(withCode("EADDRNOTAVAIL"), { syscall: "bind" })), "exit");
    assert.equal(connectFault(withCode("ECONNRESET")), "target");
    assert.equal(connectFault("no error"), "target");
    assert.equal(isUnsent(withCode("ECONNREFUSED")), false);
    assert.equal(isUnsent(undefined), false);
  });
});
