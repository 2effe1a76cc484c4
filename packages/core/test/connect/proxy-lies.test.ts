import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { connectFault, connectThrough, isUnsent } from "../../src/connect/index.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { proxyExit, runScript, until } from "./support.ts";

const GREETING = [5, 0];
const OK = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
const DEADLINE_MS = 8_000;

interface Lie {
  readonly says: string;
  readonly script: (socket: Socket) => void;
  /** What the connector makes of it: an error's code, or a socket. */
  readonly code: string;
  readonly reply?: number;
  /** It may come before or after the connection is known to be there. */
  readonly anyPhase?: true;
  readonly credentials?: { username: string; password: string };
}

const write = (socket: Socket, bytes: number[]): void => void (socket.destroyed || socket.write(Buffer.from(bytes)));
const greeted = (script: (socket: Socket) => void) => (socket: Socket): void => void socket.once("data", () => {
  write(socket, GREETING);
  socket.once("data", () => script(socket));
});
const replies = (...bytes: number[]): Lie["script"] => greeted((socket) => write(socket, bytes));
const greets = (...bytes: number[]): Lie["script"] => (socket) => void socket.once("data", () => write(socket, bytes));
/** One byte in each turn: however it is cut, the meaning stays. */
const drips = (socket: Socket, bytes: number[]): void => {
  const [first, ...others] = bytes;
  if (first === undefined || socket.destroyed) return;
  write(socket, [first]);
  setTimeout(() => drips(socket, others), 2);
};
const flood = (socket: Socket): void => {
  const banner = Buffer.alloc(65_536, 65);
  const more = (): void => {
    while (!socket.destroyed && socket.write(banner));
  };
  socket.on("drain", more);
  more();
};

const SECRET = { username: "u", password: "p" };
const asksPassword = (...answer: number[]): Lie["script"] => (socket) => void socket.once("data", () => {
  write(socket, [5, 2]);
  socket.once("data", () => write(socket, answer));
});

const LIES: Lie[] = [
  { says: "nothing", script: () => {}, code: "ETIMEDOUT" },
  { says: "goodbye at once", script: (socket) => socket.destroy(), code: "ECONNRESET", anyPhase: true },
  { says: "FIN at once", script: (socket) => void socket.end(), code: "ECONNRESET" },
  { says: "RST at once", script: (socket) => void socket.resetAndDestroy(), code: "ECONNRESET", anyPhase: true },
  { says: "RST after our greeting", script: (socket) => void socket.once("data", () => socket.resetAndDestroy()), code: "ECONNRESET" },
  { says: "HTTP 400", script: (socket) => void socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")), code: "ERR_PROXY_PROTOCOL" },
  { says: "version 4 in the greeting", script: greets(4, 0), code: "ERR_PROXY_PROTOCOL" },
  { says: "version 4, one byte", script: greets(4), code: "ERR_PROXY_PROTOCOL" },
  { says: "no method is acceptable", script: greets(5, 255), code: "ERR_PROXY_AUTH" },
  { says: "method GSSAPI, never offered", script: greets(5, 1), code: "ERR_PROXY_PROTOCOL" },
  { says: "a private method", script: greets(5, 0x80), code: "ERR_PROXY_PROTOCOL" },
  { says: "wants a password that was not offered", script: greets(5, 2), code: "ERR_PROXY_AUTH" },
  { says: "half a greeting, then silence", script: greets(5), code: "ETIMEDOUT" },
  { says: "a banner without end", script: (socket) => void socket.once("data", () => flood(socket)), code: "ERR_PROXY_PROTOCOL" },
  { says: "greeting and reply in one breath", script: greets(...GREETING, ...OK), code: "ERR_PROXY_PROTOCOL" },
  { says: "the greeting byte by byte, then silence", script: (socket) => void socket.once("data", () => drips(socket, GREETING)), code: "ETIMEDOUT" },
  { says: "password wrong", script: asksPassword(1, 1), code: "ERR_PROXY_AUTH", credentials: SECRET },
  { says: "password answered by version 9", script: asksPassword(9, 0), code: "ERR_PROXY_PROTOCOL", credentials: SECRET },
  { says: "password right, and more", script: asksPassword(1, 0, 5), code: "ERR_PROXY_PROTOCOL", credentials: SECRET },
  { says: "password right, then silence", script: asksPassword(1, 0), code: "ETIMEDOUT", credentials: SECRET },
  { says: "general failure", script: replies(5, 1, 0, 1, 0, 0, 0, 0, 0, 0), code: "ERR_PROXY_REFUSED", reply: 1 },
  { says: "host unreachable, cut short", script: replies(5, 4), code: "ERR_PROXY_REFUSED", reply: 4 },
  { says: "an unknown reply code", script: replies(5, 0x5a, 0, 1, 0, 0, 0, 0, 0, 0), code: "ERR_PROXY_REFUSED", reply: 0x5a },
  { says: "half a reply and FIN", script: greeted((socket) => void socket.end(Buffer.from([5, 0, 0, 1, 0]))), code: "ECONNRESET" },
  { says: "half a reply, then silence", script: replies(5, 0, 0, 1, 0), code: "ETIMEDOUT" },
  { says: "the reserved byte set", script: replies(5, 0, 7, 1, 0, 0, 0, 0, 0, 0), code: "ERR_PROXY_PROTOCOL" },
  { says: "address type 9", script: replies(5, 0, 0, 9, 0, 0, 0, 0, 0, 0), code: "ERR_PROXY_PROTOCOL" },
  { says: "version 0 in the reply", script: replies(0, 0, 0, 1, 0, 0, 0, 0, 0, 0), code: "ERR_PROXY_PROTOCOL" },
  { says: "a domain of 255 bytes, three there", script: replies(5, 0, 0, 3, 255, 97, 97, 97), code: "ETIMEDOUT" },
  { says: "a reply without end, byte by byte", script: greeted((socket) => drips(socket, [5, 0, 0, 4, ...Array<number>(17).fill(0)])), code: "ETIMEDOUT" },
];

/** Nothing is wrong with these as far as SOCKS goes; what the target then does is another matter. */
const TRUTHS: { says: string; script: Lie["script"]; early?: string; ends?: boolean }[] = [
  { says: "ok, IPv4", script: replies(...OK) },
  { says: "ok, IPv6", script: replies(5, 0, 0, 4, ...Array<number>(18).fill(0)) },
  { says: "ok, a domain", script: replies(5, 0, 0, 3, 3, 97, 98, 99, 0, 80) },
  { says: "ok, an empty domain", script: replies(5, 0, 0, 3, 0, 0, 80) },
  { says: "ok, a domain of 255 bytes", script: replies(5, 0, 0, 3, 255, ...Array<number>(257).fill(97)) },
  { says: "ok, byte by byte", script: greeted((socket) => drips(socket, OK)) },
  { says: "ok, then close", script: greeted((socket) => void socket.end(Buffer.from(OK))), ends: true },
  { says: "ok, and garbage", script: greeted((socket) => void socket.write(Buffer.concat([Buffer.from(OK), Buffer.from("\x16\x03garbage")]))), early: "\x16\x03garbage" },
  { says: "ok, and an answer of its own", script: greeted((socket) => void socket.write(Buffer.concat([Buffer.from(OK), Buffer.from("HTTP/1.1 200 OK\r\n\r\nforged")]))), early: "HTTP/1.1 200 OK\r\n\r\nforged" },
];

describe("a SOCKS5 proxy that says", () => {
  for (const { says, script, code, reply, credentials, anyPhase = false } of LIES) {
    test(`${says}: ${code}`, async (t) => {
      const proxy = await runScript(t, script);
      const clock = new ManualClock();
      let error: (Error & { code?: string; phase?: string; reply?: number }) | undefined;

      connectThrough(proxyExit("socks5", proxy.port, credentials), { host: "target.test", port: 80, timeoutMs: DEADLINE_MS }, (failure, socket) => {
        assert.equal(error, undefined, "called twice");
        assert.equal(socket, undefined);
        error = failure as Error;
      }, clock);
      if (code === "ETIMEDOUT") {
        await until(() => [...proxy.open].some((socket) => socket.bytesRead > 0), "our greeting");
        // However often the proxy shows a sign of life, the deadline stays.
        for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
        await clock.advance(DEADLINE_MS);
      }
      await until(() => error !== undefined, "an end");

      assert.equal(error?.code, code);
      assert.equal(error?.reply, reply);
      if (!anyPhase) assert.equal(error?.phase, "handshake");
      assert.equal(connectFault(error), "exit");
      assert.equal(isUnsent(error), true);
      await until(() => proxy.open.size === 0, "the connection closes");
      assert.equal(clock.pending, 0);
    });
  }

  for (const { says, script, early = "", ends = false } of TRUTHS) {
    test(`${says}: a socket`, async (t) => {
      const proxy = await runScript(t, script);

      const socket = await new Promise<Socket>((resolve, reject) => {
        connectThrough(proxyExit("socks5", proxy.port), { host: "target.test", port: 80, timeoutMs: DEADLINE_MS }, (error, opened) => (opened === undefined ? reject(error) : resolve(opened)));
      });

      let seen = "";
      socket.on("data", (chunk) => (seen += String(chunk)));
      await until(() => seen.length >= early.length, "early bytes");
      if (ends) await until(() => socket.readableEnded, "the end");
      // Whatever else of the reply had been left in the socket would be here by now.
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(seen, early);
      socket.destroy();
      await until(() => proxy.open.size === 0, "the connection closes");
    });
  }
});

const HTTP_LIES: { says: string; answer: string | Buffer; code: string; status?: number; end?: boolean }[] = [
  { says: "SSH", answer: "SSH-2.0-OpenSSH_9.9\r\n", code: "ERR_PROXY_PROTOCOL" },
  { says: "one wrong byte", answer: "h", code: "ERR_PROXY_PROTOCOL" },
  { says: "HTTP/2.0", answer: "HTTP/2.0 200 OK\r\n\r\n", code: "ERR_PROXY_PROTOCOL" },
  { says: "no status", answer: "HTTP/1.1 OK\r\n\r\n", code: "ERR_PROXY_PROTOCOL" },
  { says: "status 000", answer: "HTTP/1.1 000 \r\n\r\n", code: "ERR_PROXY_PROTOCOL" },
  { says: "status 2000", answer: "HTTP/1.1 2000 \r\n\r\n", code: "ERR_PROXY_PROTOCOL" },
  { says: "101", answer: "HTTP/1.1 101 Switching Protocols\r\n\r\n", code: "ERR_PROXY_PROTOCOL" },
  { says: "headers without end", answer: Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\n"), Buffer.alloc(20_000, "a: b\r\n")]), code: "ERR_PROXY_PROTOCOL" },
  { says: "interim answers without end", answer: "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000), code: "ERR_PROXY_PROTOCOL" },
  { says: "half a head and FIN", answer: "HTTP/1.1 200 OK\r\n", end: true, code: "ECONNRESET" },
  { says: "redirect", answer: "HTTP/1.1 302 Found\r\nLocation: http://captive.test/\r\n\r\n", code: "ERR_PROXY_REFUSED", status: 302 },
  { says: "403", answer: "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!", code: "ERR_PROXY_REFUSED", status: 403 },
  { says: "407", answer: "HTTP/1.0 407\r\n\r\n", code: "ERR_PROXY_AUTH", status: 407 },
  { says: "503", answer: "HTTP/1.1 503 Service Unavailable\r\n\r\n", code: "ERR_PROXY_REFUSED", status: 503 },
];

describe("an HTTP proxy that answers CONNECT with", () => {
  for (const { says, answer, code, status, end = false } of HTTP_LIES) {
    test(`${says}: ${code}`, async (t) => {
      const proxy = await runScript(t, (socket) => socket.once("data", () => (end ? socket.end(answer) : socket.write(answer))));

      const error = await new Promise<Error & { code?: string; status?: number; phase?: string }>((resolve, reject) => {
        connectThrough(proxyExit("http", proxy.port), { host: "target.test", port: 443, timeoutMs: DEADLINE_MS }, (failure, socket) => (socket === undefined ? resolve(failure as Error) : reject(new Error("a socket"))));
      });

      assert.deepEqual({ code: error.code, status: error.status, phase: error.phase }, { code, status, phase: "handshake" });
      assert.equal(connectFault(error), "exit");
      await until(() => proxy.open.size === 0, "the connection closes");
    });
  }

  test("its answer in as many packets as bytes: a socket, and early bytes in place", async (t) => {
    const answer = Buffer.from("HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\nearly");
    const proxy = await runScript(t, (socket) => socket.once("data", () => drips(socket, [...answer])));

    const socket = await new Promise<Socket>((resolve, reject) => {
      connectThrough(proxyExit("http", proxy.port), { host: "target.test", port: 443, timeoutMs: DEADLINE_MS }, (error, opened) => (opened === undefined ? reject(error) : resolve(opened)));
    });

    let seen = "";
    socket.on("data", (chunk) => (seen += String(chunk)));
    await until(() => seen === "early", "early bytes");
    socket.destroy();
  });

  test("200 is sent what RFC 9110 asks for", async (t) => {
    let raw = "";
    const proxy = await runScript(t, (socket) => {
      socket.once("data", (chunk) => {
        raw = String(chunk);
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
      });
    });

    const socket = await new Promise<Socket>((resolve, reject) => {
      connectThrough(proxyExit("http", proxy.port, SECRET), { host: "2001:db8::1", port: 443, timeoutMs: DEADLINE_MS }, (error, opened) => (opened === undefined ? reject(error) : resolve(opened)));
    });

    socket.destroy();
    assert.equal(raw, "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
  });
});
