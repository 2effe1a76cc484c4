import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { createExitPool } from "@multihome/core";
import type { ExitPool, ExitPoolOptions, Leg } from "@multihome/core";
import { exitAgents } from "@multihome/core/node-http";
import { startHttpServer, startSocksServer } from "@multihome/core/testing";
import type { HttpServer } from "@multihome/core/testing";
import { Attempts } from "../src/attempts.ts";
import { RequestCall } from "../src/request-call.ts";
import { RequestFacade } from "../src/request-facade.ts";
import { eventually } from "./support.ts";

const EVENTS = ["socket", "finish", "response", "information", "continue", "upgrade", "timeout", "abort", "error", "close"] as const;
const NO_WISHES = { hints: undefined, connectTimeoutMs: undefined, readTimeoutMs: undefined, body: undefined };

interface Room {
  readonly server: HttpServer;
  readonly pool: ExitPool;
  /** Ours, and Node's own, for the same thing. */
  readonly makers: Record<"facade" | "node", (path: string, options?: http.RequestOptions) => ClientRequest>;
}

/** With one attempt, so that it ends as Node's own does, and behind a facade all the same. */
class FacadeAttempts extends Attempts {
  override start(leg: Leg): void {
    Object.defineProperty(leg, "sole", { value: false });
    super.start(leg);
  }
}

async function room(t: TestContext, options: ExitPoolOptions = { exits: { local: ["127.0.0.2", "127.0.0.3"] }, queue: { maxAttempts: 1 } }): Promise<Room> {
  const server = await startHttpServer();
  const pool = createExitPool(options);
  await pool.ready();
  const agent = new http.Agent({ keepAlive: true });
  t.after(async () => {
    agent.destroy();
    await pool.close();
    await server.close();
  });
  return {
    server,
    pool,
    makers: {
      node: (path, more) => http.request(new URL(path, server.url), { agent, ...more }),
      facade: (path, more) => {
        const attempts = new FacadeAttempts({ pool, agents: exitAgents(pool.adapterHost) }, new RequestCall(new URL(path, server.url), { headers: {}, ...more }), NO_WISHES);
        attempts.begin();
        return new RequestFacade(attempts) as unknown as ClientRequest;
      },
    },
  };
}

/** What a request said, in that order. */
function watch(request: ClientRequest): string[] {
  const heard: string[] = [];
  for (const event of EVENTS) request.on(event, (argument: unknown) => heard.push(event === "error" ? `error ${(argument as NodeJS.ErrnoException).code}` : event));
  request.on("response", (response: IncomingMessage) => {
    response.on("error", () => undefined);
    response.on("end", () => heard.push("response end"));
    response.resume();
  });
  return heard;
}

/** Each: what is done to a request, whose events have to come in the order of Node's own. */
const STORIES: Record<string, (room: Room, request: ClientRequest) => Promise<void> | void> = {
  "an answer is read": (_, request) => void request.end(),
  "a body is sent": (_, request) => void request.end("body"),
  "it is destroyed before it has a connection": (_, request) => void request.destroy(),
  "it is destroyed with an error before it has a connection": (_, request) => void request.destroy(Object.assign(new Error("why"), { code: "EWHY" })),
  "it is aborted while the server is silent": async ({ server }, request) => {
    request.end();
    await eventually(() => server.live > 0, "it was not sent");
    request.abort();
  },
  "it is destroyed twice, first without an error": (_, request) => {
    request.destroy();
    request.destroy();
  },
};
const PATHS: Record<string, string> = { "it is aborted while the server is silent": "/hang" };

describe("the facade of a request", () => {
  for (const [what, story] of Object.entries(STORIES)) {
    it(`emits what Node's own emits, in its order, when ${what}`, async (t) => {
      const heard: Record<string, string[]> = {};
      for (const maker of ["node", "facade"] as const) {
        const place = await room(t);
        const request = place.makers[maker](PATHS[what] ?? "/path", what === "a body is sent" ? { method: "POST" } : {});
        heard[maker] = watch(request);
        const closed = closing(request);
        await story(place, request);
        await closed;
        assert.equal(request.destroyed, true);
        assert.equal(request.closed, true);
      }
      assert.deepEqual(heard.facade, heard.node);
    });
  }

  it("has the shape of Node's own", async (t) => {
    const { makers } = await room(t);
    const [ours, nodes] = [makers.facade("/path?q=1", { method: "POST", headers: { "X-One": "1" } }), makers.node("/path?q=1", { method: "POST", headers: { "X-One": "1" } })];
    for (const key of ["method", "path", "host", "protocol", "writable", "writableEnded", "writableFinished", "destroyed", "aborted", "reusedSocket", "socketPath"] as const) {
      assert.equal((ours as unknown as Record<string, unknown>)[key], (nodes as unknown as Record<string, unknown>)[key], key);
    }
    assert.equal(ours.getHeader("x-one"), "1");
    assert.deepEqual(ours.getHeaderNames(), ["x-one"]);
    assert.deepEqual(ours.getRawHeaderNames(), ["X-One"]);
    assert.ok(ours.hasHeader("X-ONE"));
    ours.setHeader("x-two", "2").removeHeader("x-one");
    assert.deepEqual({ ...ours.getHeaders() }, { "x-two": "2" });
    for (const request of [ours, nodes]) {
      const heard = watch(request);
      request.end();
      await once(request, "close");
      assert.ok(heard.includes("response"));
      assert.equal(request.writableEnded && request.writableFinished, true);
      assert.notEqual(request.socket, null);
      assert.throws(() => request.setHeader("x-late", "1"), { code: "ERR_HTTP_HEADERS_SENT" });
    }
  });

  it("sends headers that are set before it has a connection", async (t) => {
    const { makers, server } = await room(t);
    const request = makers.facade("/", {});
    request.setHeader("x-set", "later");
    request.end();
    await consume(request);
    assert.equal(server.seen[0].headers["x-set"], "later");
  });

  it("acknowledges a write when it has left, holds its writer back, and says when it may go on", async (t) => {
    const { makers, server } = await room(t);
    const request = makers.facade("/echo", { method: "POST" });
    const acknowledged: number[] = [];
    assert.equal(request.write("a", () => acknowledged.push(1)), true);
    assert.equal(request.write(Buffer.alloc(40_000), () => acknowledged.push(2)), false);
    assert.equal(request.writableNeedDrain, true);
    assert.deepEqual(acknowledged, []);
    await once(request, "drain");
    assert.deepEqual(acknowledged, [1, 2]);
    assert.equal(request.writableLength, 0);
    let finished = 0;
    request.end("z", () => finished++);
    assert.equal((await consume(request)).length, 40_002);
    assert.equal(finished, 1);
    assert.equal(server.seen[0].bodyLength, 40_002);
  });

  it("refuses writes after its end, and after it was destroyed", async (t) => {
    const { makers } = await room(t);
    for (const maker of ["node", "facade"] as const) {
      const ended = makers[maker]("/", { method: "POST" });
      const failed = once(ended, "error");
      ended.end();
      const refusal = new Promise<unknown>((resolve) => ended.write("late", (error) => resolve(error)));
      assert.equal(((await refusal) as NodeJS.ErrnoException).code, "ERR_STREAM_WRITE_AFTER_END");
      assert.equal(((await failed)[0] as NodeJS.ErrnoException).code, "ERR_STREAM_WRITE_AFTER_END");
      ended.on("error", () => undefined).destroy();

      const destroyed = makers[maker]("/", { method: "POST" });
      destroyed.on("error", () => undefined).destroy();
      assert.equal(((await new Promise<unknown>((resolve) => destroyed.write("late", (error) => resolve(error)))) as NodeJS.ErrnoException).code, "ERR_STREAM_DESTROYED");
    }
  });

  it("tells an error that follows a destroy without one, if nobody has been told yet", async (t) => {
    const { makers } = await room(t);
    const request = makers.facade("/hang");
    const heard = watch(request);
    const closed = closing(request);
    request.destroy();
    request.destroy(Object.assign(new Error("why"), { code: "EWHY" }));
    request.destroy(Object.assign(new Error("again"), { code: "EAGAIN" }));
    await closed;
    assert.deepEqual(heard, ["error EWHY", "close"]);
  });

  it("calls back neither `end` nor `write` when it is destroyed, until whoever holds it lets go a second time", async (t) => {
    const socks = await startSocksServer({ fault: "hang" });
    t.after(() => socks.close());
    const { makers } = await room(t, { exits: { proxies: [socks.url] } });
    const request = makers.facade("/", { method: "POST" });
    request.on("error", () => undefined);
    const called: unknown[] = [];
    request.write("x", (error) => called.push(error));
    request.end(() => called.push("end"));
    const closed = closing(request);
    request.destroy(new Error("late"));
    await closed;
    assert.deepEqual(called, []);
    request.destroy();
    assert.equal((called[0] as Error).message, "late");
    assert.equal(called.length, 1);
  });

  it("is silent only when every leg is, and counts an informational answer as a sign of life", async (t) => {
    const { makers } = await room(t, { exits: { local: ["127.0.0.2", "127.0.0.3"] }, defaults: { race: { mode: "race", width: 2 } } });
    const request = makers.facade("/hang");
    request.on("error", () => undefined);
    let timeouts = 0;
    request.setTimeout(60, () => timeouts++);
    request.end();
    await once(request, "timeout");
    assert.equal(timeouts, 1);
    assert.equal(request.destroyed, false);
    const closed = closing(request);
    request.destroy();
    await closed;
  });

  it("is piped into like any stream", async (t) => {
    const { makers } = await room(t);
    const { Readable } = await import("node:stream");
    const request = makers.facade("/echo", { method: "PUT" });
    Readable.from(Array.from({ length: 8 }, () => Buffer.alloc(30_000, 97))).pipe(request);
    assert.equal((await consume(request)).length, 240_000);
  });
});

/** Not by `once` of node:events, which an error before it would reject. */
function closing(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => request.once("close", () => resolve()));
}

async function consume(request: ClientRequest): Promise<Buffer> {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return Buffer.concat((await response.toArray()) as Buffer[]);
}
