import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createExitPool, type ExitPoolOptions } from "@multihome/core";
import type { Dispatcher } from "undici";
import { createExitDispatcher, type InnerDispatcher } from "../src/index.ts";
import type { Controller, Handler, Headers } from "../src/undici.ts";
import { nothingEscapes, versions, type Version } from "./support.ts";

/** An exchange that the test plays: what undici would report, and what it was told. */
class Scripted implements InnerDispatcher {
  readonly legs: Leg[] = [];
  dispatch(options: never, handler: never): boolean {
    this.legs.push(new Leg(options, handler));
    return true;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  destroy(): Promise<void> {
    return Promise.resolve();
  }
}

class Leg implements Controller {
  readonly options: Record<string, unknown>;
  readonly handler: Required<Handler>;
  readonly log: string[] = [];
  aborted = false;
  reason: unknown = null;
  paused = false;
  rawHeaders: Buffer[] = [];
  rawTrailers: Buffer[] = [];
  constructor(options: Record<string, unknown>, handler: Required<Handler>) {
    this.options = options;
    this.handler = handler;
  }
  abort(reason: unknown): void {
    this.log.push("abort");
    this.aborted = true;
    this.reason = reason;
    this.handler.onResponseError(this, reason);
  }
  pause(): void {
    this.paused = true;
    this.log.push("pause");
  }
  resume(): void {
    this.paused = false;
    this.log.push("resume");
  }
  start(): this {
    this.handler.onRequestStart(this, null);
    return this;
  }
  head(status: number, headers: Headers = {}): this {
    this.rawHeaders = Object.entries(headers).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(String(value))]);
    this.handler.onResponseStart(this, status, headers, "Text");
    return this;
  }
  data(text: string): this {
    this.handler.onResponseData(this, Buffer.from(text));
    return this;
  }
  end(trailers: Headers = {}): this {
    this.handler.onResponseEnd(this, trailers);
    return this;
  }
  fail(error: unknown): this {
    this.handler.onResponseError(this, error);
    return this;
  }
}

/** What the caller's handler was told, in order. */
class Told implements Dispatcher.DispatchHandler {
  readonly log: string[] = [];
  readonly on: Record<string, (() => void) | undefined> = {};
  controller: Dispatcher.DispatchController | undefined;
  error: unknown;
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.#note("start");
  }
  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#note(`head ${status}`);
  }
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#note(`data ${chunk.toString()}`);
  }
  onResponseEnd(): void {
    this.#note("end");
  }
  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.error = error;
    this.#note(`error ${String((error as { code?: unknown }).code ?? error.message)}`);
  }
  #note(what: string): void {
    this.log.push(what);
    this.on[what]?.();
  }
}

const OPTIONS = { origin: "http://a.test", path: "/", method: "GET" } as const;
const FIRST: ExitPoolOptions = { defaults: { classify: { body: "first", judge: () => undefined } } };
const FULL: ExitPoolOptions = { defaults: { classify: { body: "full", judge: () => undefined } } };

async function script(t: TestContext, { undici }: Version, options: ExitPoolOptions = {}): Promise<{ inner: Scripted; told: Told; go: (more?: object) => Leg[]; pool: ReturnType<typeof createExitPool>; dispatcher: Dispatcher }> {
  const pool = createExitPool({ exits: { local: ["127.0.0.2", "127.0.0.3"] }, queue: { maxAttempts: 1 }, ...options });
  await pool.ready();
  t.after(async () => {
    assert.equal(pool.status().inflight, 0);
    await pool.close();
  });
  const inner = new Scripted();
  const dispatcher = createExitDispatcher(undici, pool, { dispatcherFor: inner });
  const told = new Told();
  return {
    inner,
    told,
    pool,
    dispatcher,
    go: (more) => {
      assert.equal(dispatcher.dispatch({ ...OPTIONS, ...more }, told), true);
      return inner.legs;
    },
  };
}

for (const version of versions) {
  const { name } = version;

  test(`${name}: what is ours and the outer API's is not handed to the dispatcher beneath`, async (t) => {
    const { go, dispatcher } = await script(t, version);

    const [leg] = go({ multihome: { kind: "x" }, dispatcher, blocking: false });

    assert.ok(!("multihome" in leg.options) && !("dispatcher" in leg.options));
    assert.equal(leg.options.blocking, false);
    leg.start().head(200).end();
  });

  test(`${name}: a pause before there is an answer holds for the answer`, async (t) => {
    const { go, told } = await script(t, version);
    const [leg] = go();
    told.controller?.pause();

    leg.start().head(200);

    assert.ok(leg.paused && told.controller?.paused);
    told.controller?.resume();
    assert.ok(!leg.paused);
    leg.data("x").end();
    assert.deepEqual(told.log, ["start", "head 200", "data x", "end"]);
  });

  test(`${name}: pause and resume reach the winner at any time`, async (t) => {
    const { go, told } = await script(t, version);
    const [leg] = go();
    leg.start().head(200).data("a");

    told.controller?.pause();
    assert.ok(leg.paused);
    told.controller?.resume();
    assert.ok(!leg.paused);
    leg.data("b").end();
    assert.deepEqual(told.log, ["start", "head 200", "data a", "data b", "end"]);
  });

  test(`${name}: a head that waits for its first byte comes with it`, async (t) => {
    const { go, told } = await script(t, version, FIRST);
    const [leg] = go();

    leg.start().head(200);
    assert.deepEqual(told.log, ["start"]);
    leg.data("a");
    assert.deepEqual(told.log, ["start", "head 200", "data a"]);
    leg.data("b").end();
    assert.deepEqual(told.log, ["start", "head 200", "data a", "data b", "end"]);
  });

  test(`${name}: what was kept back is handed on only as fast as it is taken`, async (t) => {
    const { go, told } = await script(t, version, FULL);
    told.on["head 200"] = () => told.controller?.pause();
    told.on["data a"] = () => told.controller?.pause();
    const [leg] = go();

    leg.start().head(200).data("a").data("b").data("c").end();
    assert.deepEqual(told.log, ["start", "head 200"]);
    told.controller?.resume();
    assert.deepEqual(told.log, ["start", "head 200", "data a"]);
    told.controller?.resume();
    assert.deepEqual(told.log, ["start", "head 200", "data a", "data b", "data c", "end"]);
  });

  test(`${name}: an end that the caller paused over comes when he reads on`, async (t) => {
    const { go, told } = await script(t, version, FULL);
    told.on["data b"] = () => told.controller?.pause();
    const [leg] = go();

    leg.start().head(200).data("a").data("b").end();
    assert.deepEqual(told.log, ["start", "head 200", "data a", "data b"]);
    told.controller?.resume();
    assert.deepEqual(told.log.at(-1), "end");
  });

  test(`${name}: a caller who pauses and resumes inside the head is not told out of turn`, async (t) => {
    const { go, told } = await script(t, version, FULL);
    told.on["head 200"] = () => {
      told.controller?.pause();
      told.controller?.resume();
      told.log.push("head done");
    };
    const [leg] = go();

    leg.start().head(200).data("a").end();

    assert.deepEqual(told.log, ["start", "head 200", "head done", "data a", "end"]);
  });

  test(`${name}: an abort in answer to the head ends the request there`, async (t) => {
    const { go, told } = await script(t, version, FULL);
    told.on["head 200"] = () => told.controller?.abort(new Error("enough"));
    const [leg] = go();

    leg.start().head(200).data("a").end();

    assert.deepEqual(told.log, ["start", "head 200", "error enough"]);
    assert.equal(told.controller?.aborted, true);
  });

  test(`${name}: a handler that throws aborts its request with what it threw`, async (t) => {
    nothingEscapes(t);
    for (const at of ["start", "head 200", "data a", "end"]) {
      const { go, told, pool } = await script(t, version);
      told.on[at] = () => {
        throw new Error(`thrown at ${at}`);
      };
      const legs = go();
      if (at !== "start") {
        const [leg] = legs;
        leg.start().head(200);
        if (!leg.aborted) leg.data("a");
        if (!leg.aborted) leg.end();
      }
      assert.equal(told.log.at(-1), `error thrown at ${at}`);
      assert.equal(pool.status().inflight, 0);
    }
  });

  test(`${name}: the raw headers and trailers are the winner's`, async (t) => {
    const { go, told } = await script(t, version);
    const [leg] = go();
    leg.start().head(200, { "X-One": "1" });
    assert.deepEqual(told.controller?.rawHeaders, leg.rawHeaders);
    leg.rawTrailers = [Buffer.from("a"), Buffer.from("b")];
    leg.end({ a: "b" });
    assert.deepEqual(told.controller?.rawTrailers, leg.rawTrailers);
  });

  test(`${name}: a dispatcher beneath that throws is a request that failed`, async (t) => {
    const { go, told, inner } = await script(t, version);
    inner.dispatch = () => {
      throw new Error("broken");
    };

    go();

    assert.deepEqual(told.log, ["start", "error broken"]);
  });

  test(`${name}: an answer that was held is promoted with what has already come of it`, async (t) => {
    const { go, told, inner } = await script(t, version, { defaults: { race: { mode: "race", width: 2 } } });
    go();
    const [one, two] = inner.legs.map((leg) => leg.start());

    one.head(403).data("a");
    assert.ok(one.paused);
    one.data("b").end();
    assert.deepEqual(told.log, ["start"]);
    two.fail(new Error("gone"));
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual(told.log, ["start", "head 403", "data a", "data b", "end"]);
  });

  test(`${name}: a held answer that is cut is no answer any more`, async (t) => {
    const { go, told, inner } = await script(t, version, { defaults: { race: { mode: "race", width: 2 } } });
    go();
    const [one, two] = inner.legs.map((leg) => leg.start());

    one.head(403).data("a").fail(Object.assign(new Error("cut"), { code: "CUT" }));
    two.fail(Object.assign(new Error("gone"), { code: "GONE" }));
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual(told.log, ["start", "error GONE"]);
  });

  test(`${name}: the leg that lost is aborted, and what it says after that is for nobody`, async (t) => {
    const { go, told, inner } = await script(t, version, { defaults: { race: { mode: "race", width: 2 } } });
    go();
    const [one, two] = inner.legs.map((leg) => leg.start());

    two.head(200).data("won");
    assert.deepEqual(one.log, ["abort"]);
    one.data("late");
    two.end();
    assert.deepEqual(told.log, ["start", "head 200", "data won", "end"]);
  });

  test(`${name}: a leg that undici starts after it has lost is not sent`, async (t) => {
    const { go, told, inner } = await script(t, version, { defaults: { race: { mode: "race", width: 2 } } });
    go();
    const [one, two] = inner.legs;

    two.start().head(200).data("won").end();

    assert.throws(() => one.start());
    assert.deepEqual(told.log, ["start", "head 200", "data won", "end"]);
  });

  test(`${name}: both dialects of handlers are told the same`, async (t) => {
    const { go, inner, dispatcher } = await script(t, version);
    const log: unknown[] = [];
    let resume: (() => void) | undefined;
    dispatcher.dispatch(OPTIONS, {
      onConnect: () => log.push("connect"),
      onHeaders: (status, raw, resumeBody) => {
        log.push(["headers", status, raw.map(String)]);
        resume = resumeBody;
        return false;
      },
      onData: (chunk) => {
        log.push(["data", chunk.toString()]);
        return true;
      },
      onComplete: (raw) => log.push(["complete", (raw ?? []).map(String)]),
      onError: (error) => log.push(["error", error.message]),
      onBodySent: () => log.push("body sent"),
    });
    const [leg] = inner.legs;
    void go;

    leg.start();
    leg.handler.onBodySent(Buffer.from("x"));
    leg.head(200, { "X-One": "1" });
    assert.ok(leg.paused);
    resume?.();
    assert.ok(!leg.paused);
    leg.rawTrailers = [Buffer.from("t"), Buffer.from("1")];
    leg.data("a").end();

    assert.deepEqual(log, ["connect", "body sent", ["headers", 200, ["X-One", "1"]], ["data", "a"], ["complete", ["t", "1"]]]);
  });

  test(`${name}: fetch's habit of answering 1xx with false pauses nothing`, async (t) => {
    const { inner, dispatcher } = await script(t, version);
    const statuses: number[] = [];
    dispatcher.dispatch(OPTIONS, {
      onConnect: () => {},
      onHeaders: (status) => {
        statuses.push(status);
        return status >= 200;
      },
      onData: () => true,
      onComplete: () => {},
      onError: () => {},
    });
    const [leg] = inner.legs;

    leg.start().head(103).head(200);

    assert.ok(!leg.paused);
    leg.end();
    assert.deepEqual(statuses, [103, 200]);
  });

  test(`${name}: requests that are served in answer to a parser's report wait until the parser is left`, async (t) => {
    const { inner, told, pool, dispatcher } = await script(t, version, { exits: { local: ["127.0.0.2"] }, perExitInFlight: 1 });
    dispatcher.dispatch(OPTIONS, told);
    const second = new Told();
    dispatcher.dispatch(OPTIONS, second);
    const [leg] = inner.legs;

    leg.start().head(200).end();
    // The lease came back and went on to the second request in the same call: nothing may have been sent in it.
    assert.equal(inner.legs.length, 1);
    assert.equal(pool.status().inflight, 1);
    await Promise.resolve();
    assert.equal(inner.legs.length, 2);
    inner.legs[1].start().head(200).end();
    assert.deepEqual(second.log, ["start", "head 200", "end"]);
  });
}
