import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import net from "node:net";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { TestContext } from "node:test";
import { connectFault, connectThrough, isUnsent, openSocket } from "../../src/connect/index.ts";
import type { Destination } from "../../src/connect/index.ts";
import type { Exit } from "../../src/model/exit.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { CA_CERTIFICATE } from "./certs.ts";
import { DIRECT, localExit, proxyExit, runHttp, runScript, runSocks, until } from "./support.ts";
import type { Running } from "./support.ts";

interface Stage {
  readonly name: string;
  readonly phase: string;
  readonly exit: Exit;
  readonly to: Omit<Destination, "timeoutMs">;
  /** Where the connection hangs; absent while nothing has been accepted yet. */
  readonly server?: Running;
}

/** One connection for each place where it can hang, with everything before that place done. */
async function stages(t: TestContext): Promise<Stage[]> {
  const silent = await runScript(t, () => {});
  const greetsOnly = await runScript(t, (socket) => socket.once("data", () => socket.write(Buffer.from([5, 0]))));
  const drips = await runScript(t, (socket) => socket.once("data", () => socket.write(Buffer.from([5]))));
  const socks = await runSocks(t);
  const tls = { ca: CA_CERTIFICATE };
  const to = { host: "127.0.0.1", port: 80 };
  return [
    { name: "a lookup that never answers", phase: "tcp", exit: localExit("127.0.0.2"), to: { ...to, host: "slow.test", lookup: () => {} } },
    { name: "SOCKS5, no greeting", phase: "handshake", exit: proxyExit("socks5", silent.port), to, server: silent },
    { name: "SOCKS5, half a greeting", phase: "handshake", exit: proxyExit("socks5", drips.port), to, server: drips },
    { name: "SOCKS5, no reply", phase: "handshake", exit: proxyExit("socks5", greetsOnly.port), to, server: greetsOnly },
    { name: "HTTP proxy, no answer", phase: "handshake", exit: proxyExit("http", silent.port), to, server: silent },
    { name: "HTTPS proxy, no TLS", phase: "handshake", exit: proxyExit("https", silent.port), to, server: silent },
    { name: "TLS, bound", phase: "tls", exit: localExit("127.0.0.3"), to: { ...to, port: silent.port, tls }, server: silent },
    { name: "TLS, direct", phase: "tls", exit: DIRECT, to: { ...to, port: silent.port, tls }, server: silent },
    { name: "TLS, through SOCKS5", phase: "tls", exit: proxyExit("socks5", socks.port), to: { ...to, port: silent.port, tls }, server: socks },
  ];
}

describe("a connection that hangs", () => {
  const escaped: unknown[] = [];
  const escape = (error: unknown): unknown => escaped.push(error);
  beforeEach(() => {
    escaped.length = 0;
    process.on("uncaughtException", escape);
    process.on("unhandledRejection", escape);
  });
  afterEach(() => {
    process.off("uncaughtException", escape);
    process.off("unhandledRejection", escape);
    assert.deepEqual(escaped, []);
  });

  test("ends at its deadline in every phase, and leaves no socket", async (t) => {
    for (const { name, phase, exit, to, server } of await stages(t)) {
      const clock = new ManualClock();
      const calls: unknown[][] = [];
      connectThrough(exit, { ...to, timeoutMs: 8_000 }, (...call) => calls.push(call), clock);
      if (server !== undefined) await until(() => server.open.size === 1, name);
      await reached(phase, to, server);

      await clock.advance(7_999);
      assert.equal(calls.length, 0, name);
      await clock.advance(1);

      assert.equal(calls.length, 1, name);
      const error = calls[0][0] as Error & { code: string; phase: string; reason: string };
      assert.deepEqual({ code: error.code, phase: error.phase, reason: error.reason }, { code: "ETIMEDOUT", phase, reason: "timeout" }, name);
      assert.equal(isUnsent(error), true);
      assert.equal(connectFault(error), exit.kind === "socks5" || exit.kind === "http" ? "exit" : "target", name);
      if (server !== undefined) await until(() => server.open.size === 0, `${name} closes`);
      assert.equal(clock.pending, 0, name);
    }
  });

  test("ends at once when it is aborted in any phase, with the caller's reason unwrapped", async (t) => {
    const reason = new Error("the caller's own");
    for (const { name, phase, exit, to, server } of await stages(t)) {
      const clock = new ManualClock();
      const calls: unknown[][] = [];
      const abort = connectThrough(exit, { ...to, timeoutMs: 8_000 }, (...call) => calls.push(call), clock);
      if (server !== undefined) await until(() => server.open.size === 1, name);
      await reached(phase, to, server);

      abort(reason);
      abort(new Error("too late"));

      assert.deepEqual(calls, [[reason, undefined]], name);
      assert.equal(clock.pending, 0, name);
      if (server !== undefined) await until(() => server.open.size === 0, `${name} closes`);
      // It may be the reason of other requests, too, and those may have been sent.
      assert.equal(isUnsent(reason), false);
    }
  });

  test("ends with the signal's reason, and lets go of the signal", async (t) => {
    for (const { name, exit, to, server } of await stages(t)) {
      const controller = new AbortController();
      const promise = openSocket(exit, { ...to, port: Number(to.port), signal: controller.signal });
      if (server !== undefined) await until(() => server.open.size === 1, name);

      controller.abort("no error at all");

      await assert.rejects(promise, (error) => error === "no error at all", name);
      if (server !== undefined) await until(() => server.open.size === 0, `${name} closes`);
      assert.equal(getEventListeners(controller.signal, "abort").length, 0);
    }
  });

  test("is never begun when its signal has been aborted already", async (t) => {
    const server = await runScript(t, () => {});
    const reason = new Error("before");

    await assert.rejects(openSocket(DIRECT, { host: "127.0.0.1", port: server.port, signal: AbortSignal.abort(reason) }), reason);

    assert.equal(server.accepted, 0);
  });

  test("is told about nothing in the turn in which it was asked for", async () => {
    let returned = false;
    await new Promise<void>((resolve) => {
      connectThrough({ id: "x", kind: "local", address: "nonsense" }, { host: "127.0.0.1", port: 1, timeoutMs: 1_000 }, () => {
        assert.equal(returned, true);
        resolve();
      });
      returned = true;
    });
  });

  test("can be aborted before it has begun to fail", async () => {
    const reason = new Error("first");
    const calls: unknown[] = [];
    const abort = connectThrough({ id: "x", kind: "local", address: "nonsense" }, { host: "127.0.0.1", port: 1, timeoutMs: 1_000 }, (error) => calls.push(error));
    abort(reason);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(calls, [reason]);
  });

  test("treats a deadline beyond the longest timer as a long one", async (t) => {
    const server = await runHttp(t);
    const socket = await openSocket(DIRECT, { host: "127.0.0.1", port: server.port, timeoutMs: Number.POSITIVE_INFINITY });
    socket.destroy();
  });

  test("adds one listener to a signal, however many connections wait for it", async (t) => {
    const server = await runScript(t, () => {});
    const controller = new AbortController();
    const reason = new Error("all of them");
    const all = Array.from({ length: 20 }, () => openSocket(proxyExit("socks5", server.port), { host: "target.test", port: 80, signal: controller.signal }));
    await until(() => server.open.size === 20, "all connected");
    assert.equal(getEventListeners(controller.signal, "abort").length, 1);

    controller.abort(reason);

    for (const result of await Promise.allSettled(all)) assert.deepEqual(result, { status: "rejected", reason });
    await until(() => server.open.size === 0, "all closed");
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });

  test("leaves neither sockets, listeners nor timers after 500 aborts", async (t) => {
    const clock = new ManualClock();
    const all = await stages(t);
    const { signal } = new AbortController();
    let called = 0;
    const round = (count: number): void => {
      const aborts = Array.from({ length: count }, (_, i) => connectThrough(all[i % all.length].exit, { ...all[i % all.length].to, signal, timeoutMs: 8_000 }, () => called++, clock));
      // At once, in the next turn, and a little later: before TCP, during it, and in the handshake.
      for (const [i, abort] of aborts.entries()) {
        if (i % 3 === 0) abort();
        else if (i % 3 === 1) setImmediate(abort);
        else setTimeout(abort, 10);
      }
    };

    for (let i = 0; i < 5; i++) {
      round(100);
      await until(() => called === (i + 1) * 100, "every callback");
    }

    await until(() => all.every(({ server }) => (server?.open.size ?? 0) === 0), "every connection closed");
    assert.equal(called, 500);
    assert.equal(clock.pending, 0);
    assert.equal(getEventListeners(signal, "abort").length, 0);
    await until(() => !process.getActiveResourcesInfo().includes("TCPSocketWrap"), "every handle closed");
  });

  test("is not heard of again when its time would have been up", async (t) => {
    const proxy = await runScript(t, () => {});
    const socks = await runSocks(t);
    const server = await runHttp(t);
    const opened = await openSocket(proxyExit("socks5", socks.port), { host: "127.0.0.1", port: server.port, timeoutMs: 30 });
    const abort = connectThrough(proxyExit("socks5", proxy.port), { host: "target.test", port: 80, timeoutMs: 30 }, () => {}, new ManualClock());
    await until(() => [...proxy.open].some((socket) => socket.bytesRead > 0), "the handshake");
    abort();

    // Whatever timers a handshake has set in passing have fired by then; `escaped` is looked at below.
    await new Promise((resolve) => setTimeout(resolve, 100));

    assert.equal(opened.destroyed, false);
    opened.destroy();
  });

  test("hands on a socket without any listener of ours", async (t) => {
    const server = await runHttp(t);
    const socks = await runSocks(t);
    const bare = net.connect(server.port, "127.0.0.1");
    await new Promise((resolve) => bare.once("connect", resolve));
    const expected = listeners(bare);
    bare.destroy();

    for (const exit of [localExit("127.0.0.8"), proxyExit("socks5", socks.port)]) {
      const socket = await openSocket(exit, { host: "127.0.0.1", port: server.port });
      assert.deepEqual(listeners(socket), expected, exit.id);
      socket.destroy();
    }
  });
});

/** Waits until a stage hangs where it shall: for those beyond the handshake, the hello of TLS has to be there. */
async function reached(phase: string, to: Stage["to"], server: Running | undefined): Promise<void> {
  if (server === undefined) return;
  const expected = phase === "tls" && to.tls !== undefined ? 200 : 2;
  await until(() => [...server.open].some((socket) => socket.bytesRead >= expected), `${expected} bytes`);
}

function listeners(socket: Socket): Record<string, number> {
  return Object.fromEntries(["error", "close", "connect", "data", "readable", "timeout", "end"].map((name) => [name, socket.listenerCount(name)]));
}
