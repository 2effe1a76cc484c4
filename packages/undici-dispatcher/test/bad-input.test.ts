import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, isMultihomeError } from "@multihome/core";
import { createExitDispatcher, ExitDispatcher } from "../src/index.ts";
import { assertSupported } from "../src/undici.ts";
import { bench, errorOf, nothingEscapes, versions } from "./support.ts";

for (const version of versions) {
  const { name, undici } = version;

  test(`${name}: a relative URL, another scheme and a Unix socket are undici's InvalidArgumentError, with ours as its cause`, async (t) => {
    const { dispatcher, server } = await bench(t, version);
    const cases: readonly [string, object, RegExp][] = [
      ["no origin", { path: "/", method: "GET" }, /absolute/],
      ["a relative one", { origin: "/relative", path: "/", method: "GET" }, /absolute/],
      ["another scheme", { origin: "ftp://127.0.0.1", path: "/", method: "GET" }, /http/],
      ["a Unix socket", { origin: server.url, path: "/", method: "GET", socketPath: "/tmp/x" }, /Unix socket/],
    ];
    for (const [title, options, sentence] of cases) {
      const error = await errorOf(dispatcher.request(options as never));
      assert.ok(error instanceof undici.errors.InvalidArgumentError, title);
      assert.match(error.message, sentence);
      assert.ok(isMultihomeError(error.cause), title);
      assert.equal(error.cause.code, "MH_ERR_CONFIG");
    }
    assert.equal(server.seen.length, 0);
  });

  test(`${name}: arguments of dispatch itself are treated as undici does`, async (t) => {
    nothingEscapes(t);
    const { dispatcher } = await bench(t, version);
    assert.throws(() => dispatcher.dispatch({ origin: "http://x", path: "/", method: "GET" }, null as never), undici.errors.InvalidArgumentError);
    assert.throws(() => dispatcher.dispatch({ origin: "/", path: "/", method: "GET" }, {}), undici.errors.InvalidArgumentError);
    const told = await new Promise<unknown>((resolve) => {
      assert.equal(dispatcher.dispatch(null as never, { onRequestStart() {}, onResponseError: (_controller, error) => resolve(error) }), true);
    });
    assert.ok(told instanceof undici.errors.InvalidArgumentError);
  });

  test(`${name}: hints that cannot be are the request's error`, async (t) => {
    const { dispatcher, server } = await bench(t, version);

    const error = await errorOf(undici.request(server.url, { dispatcher, multihome: { target: "nowhere" } }));

    assert.match(error.message, /nowhere/);
  });

  test(`${name}: an undici that is too old is refused by name when the dispatcher is made`, async (t) => {
    const pool = createExitPool({ exits: { local: ["127.0.0.2"] } });
    t.after(() => pool.close());
    class Agent {}
    const old = { ...undici, Agent, Dispatcher: undici.Dispatcher, errors: undici.errors };

    for (const refused of [() => createExitDispatcher(old as never, pool), () => assertSupported(undici, "7.29.1"), () => assertSupported(undici, "6.29.0")]) {
      assert.throws(refused, (error: Error) => {
        assert.ok(error instanceof undici.errors.NotSupportedError);
        assert.match(error.message, /not supported.*7\.30/);
        assert.ok(isMultihomeError(error.cause));
        return true;
      });
    }
    assert.throws(() => assertSupported(undici, "7.29.1"), /undici 7\.29\.1 is not supported/);
    assertSupported(undici, "7.30.0");
    assertSupported(undici, "8.0.0");
    assert.throws(() => createExitDispatcher({} as never, pool), /Expected the module undici/);
  });
}

test("ExitDispatcher is a Dispatcher of the installed undici", async (t) => {
  const [{ undici }] = versions;
  const pool = createExitPool({ exits: { local: ["127.0.0.2"] } });
  t.after(() => pool.close());
  const dispatcher = new ExitDispatcher(pool);

  assert.ok(dispatcher instanceof undici.Dispatcher);
  assert.ok(dispatcher instanceof ExitDispatcher);
  await dispatcher.close();
});
