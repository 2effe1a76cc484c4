import assert from "node:assert/strict";
import { test } from "node:test";
import { createExitPool, type ExitPool } from "@multihome/core";
import * as undici7 from "undici";
import type * as undici8 from "undici8";
import { createExitDispatcher, ExitDispatcher } from "../src/index.ts";

/** Compiled, never called: what a user may write with either version. */
export function whatMayBeWritten(pool: ExitPool, eight: typeof undici8): void {
  const modern: undici8.Dispatcher = createExitDispatcher(eight, pool, { dispatcherFor: (_exit, options) => new eight.Agent({ ...options, connections: 4 }) });
  eight.setGlobalDispatcher(modern);
  const mocked: undici7.Dispatcher = createExitDispatcher(undici7, pool, { dispatcherFor: new undici7.MockAgent() });
  const own = new ExitDispatcher(pool, { dispatcherFor: (_exit, options) => new undici7.Agent({ ...options, connections: 4 }).compose(undici7.interceptors.retry()) });
  undici7.setGlobalDispatcher(own);
  void undici7.request("http://a.test", { dispatcher: mocked, multihome: { kind: "x", race: false } });
  void own.request({ origin: "http://a.test", path: "/", method: "GET", multihome: { target: "x" } });
  void own.connect({ origin: "http://a.test", path: "b.test:1", multihome: { priority: 1 } });
  void own.upgrade({ path: "/", multihome: { weight: 2 } });
  const states: boolean[] = [own.closed, own.destroyed];
  void states;
  // @ts-expect-error a hint that does not exist
  void undici7.request("http://a.test", { dispatcher: own, multihome: { speed: "high" } });
}

test("the class tells whether it was closed", async (t) => {
  const pool = createExitPool({ exits: { local: ["127.0.0.2"] } });
  t.after(() => pool.close());
  const dispatcher = new ExitDispatcher(pool);
  assert.deepEqual([dispatcher.closed, dispatcher.destroyed], [false, false]);
  await dispatcher.close();
  assert.deepEqual([dispatcher.closed, dispatcher.destroyed], [true, true]);
});
